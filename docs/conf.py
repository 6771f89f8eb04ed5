"""Build the documentation with Sphinx: sphinx-build -W -b html docs docs/_build."""

project = "afterall"
author = "The afterall authors"
copyright = "2026, the afterall authors"  # noqa: A001 (Sphinx's name)
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "afterall"
