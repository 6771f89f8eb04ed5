"""Take RESULTS.md apart: its sections, their bullets, tables and sentences, and the numbers in these.

Invariant: a printed number equals a fact when the fact, rounded to the printed decimals, is that number.
"""

import re
from collections.abc import Iterator
from html import unescape

from msgspec import Struct

from claims.claims_reading import Json, Told

_NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?"
_UNITS = {
    "%": 0.01,
    "bytes": 1.0,
    "byte": 1.0,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "KiB": 1024.0,
    "MiB": 1024.0**2,
    "GiB": 1024.0**3,
    "second": 1.0,
    "seconds": 1.0,
    "s": 1.0,
    "minute": 60.0,
    "minutes": 60.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "days": 86400.0,
}
_TOKEN = re.compile(
    rf"(?<![\w.:/-])(?:(?P<clock>\d+(?::\d\d)+)|(?P<number>{_NUMBER})"
    rf"(?:[ ](?P<unit>%|[kMG]?B|[KMG]iB|bytes?|seconds?|s|minutes?|hours?|days)(?![\w/]))?)(?![\w:/]|\.\d)"
)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


class Token(Struct, frozen=True):
    """A printed number with its unit."""

    text: str
    value: float
    places: float
    """What the last printed digit counts."""
    unit: str = ""

    def is_of(self, fact: float) -> bool:
        """Tell whether a fact, in the unit's base, prints as this number."""
        scaled = fact / _UNITS.get(self.unit, 1.0)
        return abs(abs(scaled) - self.value) <= 0.5000001 * self.places


def tokens(text: str) -> Iterator[Token]:
    """Yield the numbers of a sentence; those in code and in links' targets are none."""
    for found in _TOKEN.finditer(_LINK.sub(r"\1", _CODE.sub("", text))):
        if found["clock"]:
            parts = [int(part) for part in found["clock"].split(":")]
            seconds = sum(part * 60**place for place, part in enumerate(reversed(parts)))
            yield Token(found[0], float(seconds), 1.0)
        else:
            yield token(found["number"], found["unit"] or "")


def token(number: str, unit: str = "") -> Token:
    """Return a printed number."""
    mantissa, _, exponent = number.replace(",", "").partition("e")
    places = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return Token(f"{number} {unit}".strip(), float(number.replace(",", "")), places, unit)


def prints(number: str, fact: float, unit: str = "") -> bool:
    """Tell whether a fact prints as this number."""
    return token(number, unit).is_of(fact)


def section(report: str, heading: str) -> str:
    """Return a section's text, its subsections included, without code blocks and comments."""
    text = re.sub(r"^```.*?^```", "", report, flags=re.DOTALL | re.MULTILINE)
    parts = re.split(r"^## ", text, flags=re.MULTILINE)
    found = [part for part in parts if part.partition("\n")[0] == heading]
    return found[0].partition("\n")[2] if found else ""


def subsections(text: str) -> dict[str, str]:
    """Return a section's parts by their headings, "" for what comes first.

    Without their numbers, and without what changed with a parameter.
    """
    head, *parts = re.split(r"^### ", text, flags=re.MULTILINE)
    named = (part.partition("\n") for part in parts)
    apart = re.compile(r"^\d+\. | \(.+ changed with it\)$")
    return {"": head, **{apart.sub("", name): body for name, _, body in named}}


_IN_LINE = re.compile(
    r"(?P<who>.+?) was (?P<word>\w+) than (?P<whom>.+?) (?P<times>in \d+ of \d+ comparisons): (?P<pairs>.+)"
)
_PAIR = re.compile(r"(?P<where>.+?) (?P<how>[\d.,]+(?:×| %) \w+) (?P<numbers>\(.+\))")


def labelled(text: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a subsection's bullets, each with its bullet's bold label, without its colon.

    A line that speaks for several comparisons is given as what it says of all, and a sentence of each.
    """
    label = ""
    for line in text.splitlines():
        if found := re.fullmatch(r"- \*\*(.+?):\*\* ?(.*)", line):
            label = found[1].strip("`")
            yield from ((label, sentence) for sentence in _each(found[2]))
        elif line.startswith("  - "):
            yield from ((label, sentence) for sentence in _each(line[4:]))
        elif line.startswith("- "):
            yield "", line[2:]


def _each(sentence: str) -> Iterator[str]:
    """Yield a sentence, or those that a line of several comparisons stands for."""
    found = _IN_LINE.fullmatch(sentence)
    if found is None:
        yield from [sentence] if sentence else []
        return
    who, whom = found["who"], found["whom"]
    yield f"{who} was {found['word']} {found['times']}."
    for part in found["pairs"].split("; "):
        pair = _PAIR.fullmatch(part)
        assert pair is not None, part
        yield f"{pair['where']}: {who} was {pair['how']} than {whom} {pair['numbers']}"


def tables(text: str) -> list[list[dict[str, str]]]:
    """Return a text's tables, each as rows by their columns' headings."""
    found: list[list[dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, flags=re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in row.strip("| ").split("|")] for row in block.splitlines()]
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def prose(text: str) -> Iterator[str]:
    """Yield a section's sentences, bullets and the words on its folds: no headings, tables or images."""
    for line in text.splitlines():
        if found := re.fullmatch(r"<summary>(.*)</summary>", line):
            yield unescape(found[1])
        elif line.strip() and not line.startswith(("|", "#", "![", "<")):
            yield line


def without_names(line: str, told: Told) -> str:
    """Return a line without the names of runs, models and the set, whose digits are no numbers."""
    names = [run["name"] for run in told.runs]
    models = [str(run["parameters"].get("model", "")) for run in told.runs]
    for name in sorted({*names, *models, told.results["set"]["name"]} - {""}, key=len, reverse=True):
        line = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "…", line)
    return line


def numbers_in(facts: object) -> Iterator[float]:
    """Yield every number in JSON, those within texts too."""
    if isinstance(facts, bool) or facts is None:
        return
    if isinstance(facts, int | float):
        yield float(facts)
    elif isinstance(facts, str):
        yield from (
            each.value * factor for each in tokens(facts) for factor in {1.0, _UNITS.get(each.unit, 1.0)}
        )
    elif isinstance(facts, dict):
        for value in facts.values():
            yield from numbers_in(value)
    elif isinstance(facts, list):
        for value in facts:
            yield from numbers_in(value)


def finished(told: Told, metric: str) -> dict[str, float]:
    """Return a metric, or what the job took, of runs that reached their end, by run; finite ones alone."""
    values = {}
    for run in told.runs:
        jobs = {"elapsed_s": {"value": run["attempts"][-1]["elapsed_s"]}} if run["attempts"] else {}
        measured: Json | None = {**jobs, **run["metrics"]}.get(metric)
        if is_finished(run) and measured is not None and isinstance(measured["value"], int | float):
            values[run["name"]] = float(measured["value"])
    return values


def is_finished(run: Json) -> bool:
    """Tell whether training reached its end by the files, or by Slurm's word where these do not tell."""
    completed: bool | None = run["training_completed"]
    return run["state"] == "completed" if completed is None else completed
