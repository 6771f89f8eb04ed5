"""Tell what verification found: each kind of finding once, with whom it concerns, what it means, what to do.

Invariant: findings of one code and severity stand together, gravest first; none is left out without being
counted; every string of a user's is made printable, and commands stand on lines of their own.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from afterall.cli.printable import plain
from afterall.model import Checkpoint, Finding, FindingCode, Severity
from afterall.render.composing import plural
from afterall.render.remedies import Remedies
from afterall.render.sentences import message, plainly
from afterall.render.words.findings import WORDINGS

MOST_LINES = 8
"""Findings and commands of a kind that are told one by one."""


class Block(Struct, frozen=True, kw_only=True):
    """One kind of finding; empty parts are left out."""

    severity: Severity
    title: str
    code: FindingCode
    where: str
    """How many findings in how many checkpoints; empty where it is one."""
    lines: tuple[str, ...]
    cause: str
    impact: str
    action: str
    commands: tuple[str, ...]


class _Told(Struct, frozen=True):
    """A finding and whose it is."""

    finding: Finding
    checkpoint: Checkpoint


def finding_blocks(checkpoints: Sequence[Checkpoint], *, is_verbose: bool) -> list[Block]:
    """Return the findings of all checkpoints by kind, gravest first."""
    groups: dict[tuple[object, ...], list[_Told]] = {}
    for checkpoint in checkpoints:
        for finding in checkpoint.findings:
            key = (finding.gravity, finding.code, *_explained(finding))
            groups.setdefault(key, []).append(_Told(finding, checkpoint))
    remedies = Remedies(checkpoints)
    places = {code: place for place, code in enumerate(dict.fromkeys(key[1] for key in groups))}
    ordered = sorted(groups.values(), key=lambda alike: _order(alike[0].finding, places))
    return [_block(alike, remedies, None if is_verbose else MOST_LINES) for alike in ordered]


def _block(alike: Sequence[_Told], remedies: Remedies, most: int | None) -> Block:
    first = alike[0].finding
    cause, impact, action = _explained(first)
    lines = dict.fromkeys(plain(message(each.finding)) for each in alike)
    told = (remedies.command(each.finding, each.checkpoint) for each in alike)
    commands = dict.fromkeys(line for command in told for line in command.split("\n") if line)
    return Block(
        severity=first.gravity,
        title=WORDINGS[first.code].title,
        code=first.code,
        where=_where(alike),
        lines=_some(list(lines), most, "… and {} more, told by --verbose and --json."),
        cause=cause,
        impact=impact,
        action=action,
        commands=_some(list(commands), most, "# … and {} more, told by --verbose and --json"),
    )


def _order(finding: Finding, places: Mapping[object, int]) -> tuple[int, int]:
    """Gravest first, then all of a code together, in the order in which codes came up."""
    return -finding.gravity, places[finding.code]


def _explained(finding: Finding) -> tuple[str, str, str]:
    wording = WORDINGS[finding.code]
    forms = (wording.cause, wording.impact, wording.resolution)
    cause, impact, action = (plain(plainly(form, finding)) for form in forms)
    return cause, impact, action


def _where(alike: Sequence[_Told]) -> str:
    if len(alike) == 1:
        return ""
    owners = len({each.checkpoint.path for each in alike})
    return f"{plural(len(alike), 'finding')} in {plural(owners, 'checkpoint')}"


def _some(lines: Sequence[str], most: int | None, rest: str) -> tuple[str, ...]:
    if most is None or len(lines) <= most:
        return tuple(lines)
    return (*lines[: most - 1], rest.format(len(lines) - most + 1))
