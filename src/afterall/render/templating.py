"""Fill the report's templates, those of a lab in place of ours where it has its own.

Invariant: whatever a template prints with `{{ … }}` is escaped unless it is Markdown of ours; templates run
in a sandbox, see no file and no process, and a mistake in a lab's template names its file and line.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FunctionLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from afterall.errors import BadSettings
from afterall.render.escaping import Markdown, code, fence, link, text
from afterall.render.words.measures import day, duration, size
from afterall.render.words.numbers import MISSING, number

SECTIONS = (
    "title",
    "overview",
    "checkpoints",
    "results",
    "findings",
    "storage",
    "issues",
    "next_steps",
    "notes",
    "appendix",
)
TEMPLATE_NAMES = ("report.md.j2", *(f"{section}.md.j2" for section in SECTIONS), "blocks.md.j2")
"""What a lab may replace; ours stay reachable as "default/NAME"."""


def fill(context: Mapping[str, Any], templates: Mapping[str, str], place: str) -> str:
    """Return report.md.j2 filled in; `templates` are a lab's own by name, from the directory `place`.

    Raises BadSettings, with file and line, for a template that is unknown, does not parse or does not render.
    """
    for name in templates:
        if name not in TEMPLATE_NAMES:
            known = ", ".join(TEMPLATE_NAMES)
            raise BadSettings(f"{place}/{name}", f"is no template of the report; there are {known}")
    try:
        return _environment(tuple(sorted(templates.items()))).get_template("report.md.j2").render(context)
    except TemplateSyntaxError as error:
        raise BadSettings(
            f"{place}/{error.name}", error.message or "does not parse", line=error.lineno
        ) from error
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        name, line = _where(error, templates)
        if not name:
            raise
        raise BadSettings(f"{place}/{name}", str(error) or type(error).__name__, line=line) from error


@lru_cache(maxsize=2)
def _environment(own: tuple[tuple[str, str], ...]) -> Environment:
    templates = dict(own)
    ours = PackageLoader("afterall.render", "templates")
    theirs = FunctionLoader(lambda name: (templates[name], name, None) if name in templates else None)
    loaders: list[BaseLoader] = [theirs, ours, PrefixLoader({"default": ours})]
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        finalize=_finalize,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters = {
        **environment.filters,
        "code": lambda value: code(str(value)),
        "date": day,
        "duration": duration,
        "fence": lambda value: fence(str(value)),
        "link": lambda path, label=None: link(str(label or path), str(path)),
        "markdown": Markdown,
        "number": number,
        "size": size,
    }
    return environment


def _finalize(value: Any) -> Any:
    """Escape what a template is about to print."""
    if value is None:
        return MISSING
    if isinstance(value, Markdown | StrictUndefined):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(_finalize(item) for item in value)
    return text(str(value), 2000)


def _where(error: BaseException, templates: Mapping[str, str]) -> tuple[str, int | None]:
    """Return the lab's template and line in which an error arose, "" where ours did it."""
    name, line = "", None
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename in templates:
            name, line = at.tb_frame.f_code.co_filename, at.tb_lineno
        at = at.tb_next
    return name, line
