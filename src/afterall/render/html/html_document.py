"""Write RESULTS.html: the report's own Markdown as a page, its table of runs and its curves made alive.

Invariant: one file that asks for nothing: style, scripts, figures and data stand in it, and its content
security policy lets a browser run and load nothing else. Without scripts it shows the same in plain tables
and figures. The same report gives the same bytes.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from afterall.render.escaping import line
from afterall.render.html.columns import columns, rows
from afterall.render.html.curves import curves
from afterall.render.html.embedding import embedded, policy, read_part, script_json
from afterall.render.html.prose import Prose
from afterall.render.page import Page
from afterall.render.sections import results

_STYLES = ("page.css", "chart.css")
_EARLY = ("theme.js",)
"""What has to run before anything is painted."""
_SCRIPTS = ("table.js", "scale.js", "chart.js", "curves.js")


def render_html(page: Page, markdown: str, figures: Mapping[str, bytes]) -> bytes:
    """Return the page of a report; `markdown` is its RESULTS.md, `figures` its SVGs by their links' targets.

    The table of runs takes the place of the Markdown's; where a lab's templates have none, it stands at the
    end of the title block.
    """
    prose = Prose(figures)
    before, after = (prose.blocks(part) for part in _around_table(page, markdown))
    styles, early, scripts = map(_parts, (_STYLES, _EARLY, _SCRIPTS))
    shown, drawn = columns(page, prose), curves(page)
    document = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=line(page.report.set.name),
            policy=policy(styles, (*early, *scripts)),
            styles=[embedded(text) for text in styles],
            early=[embedded(text) for text in early],
            scripts=[embedded(text) for text in scripts],
            sections=prose.headings,
            before=before,
            after=after,
            columns=shown,
            rows=[] if "results" in page.settings.omit else rows(page, shown),
            data=drawn,
            json=script_json(drawn),
        )
    )
    return f"{document}\n".encode("utf-8", "replace")


def _around_table(page: Page, markdown: str) -> tuple[str, str]:
    """Return what stands before and after the table of runs, which here has all columns and all runs."""
    view = results.view(page)
    before, found, after = markdown.partition(view.table) if view.table else (markdown, "", "")
    if not found:
        head, heading, rest = markdown.partition("\n## ")
        return head, heading + rest
    for part in filter(None, (view.second_table, view.every)):
        after = after.replace(part, "", 1)
    return before.rstrip().removesuffix(view.caption), after


def _parts(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(read_part, names))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("afterall.render.html", "page"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
