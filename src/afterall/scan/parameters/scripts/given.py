"""Hold what a batch script is given from outside: variables, words, and the files that it looks into."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

Lines = Sequence[str]
Reader = Callable[[str], Lines | None]
"""Returns the lines of a file by its name in the script, None where it cannot be told."""


def lines_in(data: bytes) -> Lines:
    """Return a text file's lines as a shell has them, whatever other signs end lines elsewhere."""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[:-1] if not lines[-1] else lines


def no_file(_: str) -> Lines | None:
    """Read no file at all."""
    return None


class Given(Struct, frozen=True, kw_only=True):
    """What is known of a script's surroundings; by default nothing."""

    values: Mapping[str, str] = {}
    """Variables that it has."""
    arguments: tuple[str, ...] | None = None
    """The words behind its name on the submit line; None where that line is not known."""
    unset: frozenset[str] = frozenset()
    """Variables that it surely has not, unless it sets them itself."""
    is_whole: bool = False
    """True where it has no other variables than `values`: `--export=NONE`."""
    read: Reader = no_file
