"""Compose sentences from forms of ours and values of theirs.

Invariant: a form is a literal of this package; every value put into it is escaped, so a sentence is Markdown
by construction and nobody has to remember to escape.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from string import Formatter
from typing import LiteralString

from afterall.model import Scalar
from afterall.render.escaping import Markdown, code, line, text
from afterall.render.words.formats import format_name
from afterall.render.words.measures import clock, day, duration, memory, moment, size
from afterall.render.words.metrics import METRICS, metric_name, score_name
from afterall.render.words.numbers import count, number, percent
from afterall.render.words.parameter_names import OURS, ParameterNames
from afterall.render.words.parameters import worded
from afterall.render.words.problems import problem


def md(form: LiteralString, /, *values: object, **named: object) -> Markdown:
    """Return `form` filled in, as Markdown: `{x}` escapes, `{x:code}`, `{x:size}`, `{x:duration}` say how."""
    return Markdown(_filled(form, _as_markdown, values, named))


def md_calling(names: ParameterNames, form: LiteralString, /, **named: object) -> Markdown:
    """Return `form` filled in as `md` does, with parameters by these names."""
    return Markdown(_filled(form, partial(_as_markdown, names=names), (), named))


def plain(form: LiteralString, /, **named: object) -> str:
    """Return `form` filled in as one line of plain text, for RESULTS.json and terminals."""
    return _filled(form, _as_line, (), named)


def first_that_fits(forms: Sequence[LiteralString], values: Mapping[str, Scalar]) -> LiteralString:
    """Return the first form whose every name has a value; the last one needs none."""
    for form in forms[:-1]:
        if all(values.get(name) not in (None, "") for name in names_in(form)):
            return form
    return forms[-1]


def names_in(form: str) -> set[str]:
    """Return the names that a form needs."""
    return {name for _, name, _ in _parts(form) if name}


def joined(parts: Iterable[Markdown], between: LiteralString = ", ") -> Markdown:
    """Return parts in a row."""
    return Markdown(between.join(parts))


def capital(told: Markdown) -> Markdown:
    """Return a sentence with a capital first letter."""
    return Markdown(told[:1].upper() + told[1:])


def listing(parts: Sequence[Markdown], most: int = 8, last: LiteralString = "and") -> Markdown:
    """Return parts as a sentence lists them: "a, b, and c"; beyond `most` the rest is counted."""
    return Markdown(plain_listing(parts, most, last))


def plain_listing(parts: Sequence[str], most: int = 8, last: LiteralString = "and") -> str:
    """Return plain parts as `listing` does Markdown."""
    if len(parts) > most:
        parts = [*parts[: most - 1], f"{len(parts) - most + 1} more"]
    if len(parts) < 3:
        return f" {last} ".join(parts)
    return f"{', '.join(parts[:-1])}, {last} {parts[-1]}"


def all_experiments(total: int) -> str:
    """Return how a sentence speaks of all of several experiments: "both experiments", "all 4 experiments"."""
    return "both experiments" if total == 2 else f"all {count(total)} experiments"


def plural(amount: int, one: LiteralString, many: LiteralString = "") -> str:
    """Return a count with its noun: "1 experiment", "4 experiments"."""
    return f"{count(amount)} {one if amount == 1 else many or one + 's'}"


def _said(value: object, spec: str, names: ParameterNames) -> str:
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
            return names.phrase(value)
        case "score", str():
            return score_name(value)
        case "metric", str():
            return metric_name(value).phrase
        case ("parameters", str()):
            return _enumerated([names.phrase(name.strip()) for name in value.split(",")])
        case "values", str():
            return plain_listing([_reworded(part) for part in value.split(", ")], 12)
        case _, bool():
            return worded(value)
        case _, int() | float() if spec.startswith("n "):  # a count with its noun: "{files:n file}"
            amount = count(value) if isinstance(value, int) else number(value)
            return f"{amount} {spec[2:]}{'' if value == 1 else 's'}"
        case _, int():
            return count(value)
        case _, float():
            return number(value)
        case _:
            return str(value)


def _enumerated(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _reworded(value: str) -> str:
    """Return a parameter's value that was told as text, as `worded` writes it."""
    for read in (int, float):
        try:
            return worded(read(value))
        except ValueError:
            continue
    return value


def _filled(
    form: str, written: Callable[[object, str], str], values: Iterable[object], named: Mapping[str, object]
) -> str:
    """Return a form with each field as `written` writes a value by a format spec."""
    unnamed = iter(values)
    told: list[str] = []
    for literal, name, spec in _parts(form):
        told.append(literal)
        if name is not None:
            told.append(written(named[name] if name else next(unnamed), spec))
    return "".join(told)


@cache
def _parts(form: str) -> tuple[tuple[str, str | None, str], ...]:
    """Return a form's texts, each with the name and spec of the field after it; forms are ours, and few."""
    return tuple((literal, name, spec or "") for literal, name, spec, _ in Formatter().parse(form))


def _as_markdown(value: object, spec: str, names: ParameterNames = OURS) -> str:
    if isinstance(value, Markdown):
        return value
    if spec == "code":
        return code(str(value))
    if spec == "score" or (spec == "metric" and isinstance(value, str) and value not in METRICS):
        return code(score_name(str(value)))
    return text(_said(value, spec, names), 400)


def _as_line(value: object, spec: str) -> str:
    return line(_said(value, spec, OURS))
