"""Compose sentences from forms of ours and values of theirs.

Invariant: a form is a literal of this package; every value put into it is escaped, so a sentence is Markdown
by construction and nobody has to remember to escape.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from string import Formatter
from typing import Any, LiteralString

from afterall.model import Scalar
from afterall.render.escaping import Markdown, code, line, text
from afterall.render.words.formats import format_name
from afterall.render.words.measures import clock, day, duration, memory, moment, size
from afterall.render.words.metrics import metric_name
from afterall.render.words.numbers import count, number, percent
from afterall.render.words.parameters import phrase, worded
from afterall.render.words.problems import problem


def md(form: LiteralString, /, *values: object, **named: object) -> Markdown:
    """Return `form` filled in, as Markdown: `{x}` escapes, `{x:code}`, `{x:size}`, `{x:duration}` say how."""
    return Markdown(_MARKDOWN.vformat(form, values, named))


def plain(form: LiteralString, /, **named: object) -> str:
    """Return `form` filled in as one line of plain text, for RESULTS.json and terminals."""
    return _PLAIN.vformat(form, (), named)


def first_that_fits(forms: Sequence[LiteralString], values: Mapping[str, Scalar]) -> LiteralString:
    """Return the first form whose every name has a value; the last one needs none."""
    for form in forms[:-1]:
        if all(values.get(name) not in (None, "") for name in names_in(form)):
            return form
    return forms[-1]


def names_in(form: str) -> set[str]:
    """Return the names that a form needs."""
    return {name for _, name, _, _ in Formatter().parse(form) if name}


def joined(parts: Iterable[Markdown], between: LiteralString = ", ") -> Markdown:
    """Return parts in a row."""
    return Markdown(between.join(parts))


def capital(told: Markdown) -> Markdown:
    """Return a sentence with a capital first letter."""
    return Markdown(told[:1].upper() + told[1:])


def listing(parts: Sequence[Markdown], most: int = 8, last: LiteralString = "and") -> Markdown:
    """Return parts as a sentence lists them: "a, b, and c"; beyond `most` the rest is counted."""
    if len(parts) > most:
        parts = [*parts[: most - 1], Markdown(f"{len(parts) - most + 1} more")]
    if len(parts) < 3:
        return Markdown(f" {last} ".join(parts))
    return Markdown(f"{', '.join(parts[:-1])}, {last} {parts[-1]}")


def all_experiments(total: int) -> str:
    """Return how a sentence speaks of all of several experiments: "both experiments", "all 4 experiments"."""
    return "both experiments" if total == 2 else f"all {count(total)} experiments"


def plural(amount: int, one: LiteralString, many: LiteralString = "") -> str:
    """Return a count with its noun: "1 experiment", "4 experiments"."""
    return f"{count(amount)} {one if amount == 1 else many or one + 's'}"


def _said(value: object, spec: str) -> str:
    """Return a value in plain words, as the format spec asks; a value of another kind is shown as it is."""
    match spec, value:
        case "size", bool() | int():
            return size(value)
        case "memory", bool() | int():
            return memory(value)
        case "duration", bool() | int() | float():
            return duration(value)
        case "clock", bool() | int() | float():
            return clock(value)
        case "percent", bool() | int() | float():
            return percent(value)
        case "if", _:  # the form only asks whether there is a value
            return ""
        case "value", str() | int() | float():
            return worded(value)
        case "day", datetime():
            return day(value)
        case _, datetime():
            return moment(value)
        case "problem", str():
            return problem(value)
        case "format", str():
            return format_name(value)
        case "words", str():
            return value.replace("_", " ")
        case "parameter", str():
            return phrase(value)
        case "metric", str():
            return metric_name(value).phrase
        case ("parameters", str()):
            return _enumerated([phrase(name.strip()) for name in value.split(",")])
        case _, bool():
            return worded(value)
        case _, int() if spec.startswith("n "):  # a count with its noun: "{files:n file}"
            return f"{count(value)} {spec[2:]}{'' if value == 1 else 's'}"
        case _, int():
            return count(value)
        case _, float():
            return number(value)
        case _:
            return str(value)


def _enumerated(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


class _MarkdownFormatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        if isinstance(value, Markdown):
            return value
        if format_spec == "code":
            return code(str(value))
        return text(_said(value, format_spec), 400)


class _PlainFormatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        return line(_said(value, format_spec))


_MARKDOWN, _PLAIN = _MarkdownFormatter(), _PlainFormatter()
