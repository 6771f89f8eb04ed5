"""Every relative link leads to a file, and every anchor to a heading."""

from pathlib import Path

import pytest

from docs.docs_pages import DOCS, ROOT, anchors, links, pages

LINKS = [
    pytest.param(path, target, id=f"{path.relative_to(ROOT)} -> {target}")
    for path in pages()
    for target in links(path.read_text("utf-8"))
    if "://" not in target and not target.startswith("mailto:")
]


@pytest.mark.parametrize(("path", "target"), LINKS)
def test_a_link_resolves(path: Path, target: str) -> None:
    """The file that a link names is there, and has the heading that it names."""
    name, _, anchor = target.partition("#")
    leads_to = (path.parent / name).resolve() if name else path
    assert leads_to.is_file()
    if anchor:
        assert anchor in anchors(leads_to.read_text("utf-8"))


def test_links_are_found() -> None:
    """The search sees the documentation's own cross-references."""
    assert len(LINKS) > 20


def test_every_page_is_in_a_table_of_contents() -> None:
    """A page that no toctree names would not be found by a reader; decisions are taken in by a pattern."""
    listed = (DOCS / "index.md").read_text("utf-8").split()
    for path in DOCS.rglob("*.md"):
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        assert name in ("index", *listed) or name.startswith("decisions/0"), name
