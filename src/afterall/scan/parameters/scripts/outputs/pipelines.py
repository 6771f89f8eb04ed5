"""Follow a pipeline of small commands to what it prints.

Invariant: a command that is not in the table has no known output. Nothing is run.
"""

from collections.abc import Callable, Sequence

from afterall.scan.parameters.scripts.given import Lines, Reader
from afterall.scan.parameters.scripts.outputs import line_commands, text_commands


def output_of(stages: Sequence[Sequence[str]], read: Reader) -> str | None:
    """Return what a pipeline prints; `stages` are the words of its commands."""
    lines: Lines | None = None
    for stage in stages:
        lines = _run(list(stage), lines, read)
        if lines is None:
            return None
    return None if lines is None else "\n".join(lines)


def _run(words: list[str], lines: Lines | None, read: Reader) -> Lines | None:
    if "<" in words[:-1]:
        at = words.index("<")
        lines = read(words[at + 1])
        del words[at : at + 2]
    elif words and words[0].startswith("<") and len(words) == 1 and len(words[0]) > 1:
        return read(words[0][1:])
    known = _PROGRAMS.get(words[0].rpartition("/")[2]) if words else None
    return known(words[1:], lines, read) if known is not None else None


_PROGRAMS: dict[str, Callable[[list[str], Lines | None, Reader], Lines | None]] = {
    "cat": line_commands.cat,
    "echo": text_commands.echo,
    "sed": line_commands.sed,
    "head": line_commands.head,
    "tail": line_commands.tail,
    "awk": line_commands.awk,
    "gawk": line_commands.awk,
    "mawk": line_commands.awk,
    "cut": line_commands.cut,
    "basename": text_commands.basename,
    "dirname": text_commands.dirname,
    "seq": text_commands.seq,
    "tr": text_commands.tr,
    "wc": line_commands.wc,
    "printf": text_commands.printf,
    "jq": line_commands.jq,
    "python": text_commands.python,
    "python3": text_commands.python,
    "expr": text_commands.expr,
    "xargs": text_commands.xargs,
}
