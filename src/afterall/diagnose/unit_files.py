"""Read a unit as systemd does: its file, then its drop-ins in order, where an empty assignment clears.

Source: systemd.unit(5), systemd.syntax(7). Invariant: parsing is total over its text.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

PLACES = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
"""Where a file lies; a file of the same name in an earlier one takes the place of a later one's."""
_CONTINUED = re.compile(r"\\\n(?:[#;].*\n)*")


class Unit(Struct, frozen=True):
    """What is set in one unit, by "Section.Key": every value in order since the last empty assignment."""

    name: str
    settings: Mapping[str, tuple[str, ...]]

    def values(self, key: str) -> tuple[str, ...]:
        """Return all that a setting holds that may be given several times."""
        return self.settings.get(key, ())

    def words(self, key: str) -> list[str]:
        """Return the words of a setting that holds several."""
        return " ".join(self.values(key)).split()

    def value(self, key: str) -> str:
        """Return a setting of which the last one counts, "" where it is not set."""
        return self.values(key)[-1] if self.values(key) else ""


def parse_unit(name: str, texts: Iterable[str]) -> Unit:
    """Return the unit that some texts make together; what `systemctl cat` prints is one text."""
    settings: dict[str, tuple[str, ...]] = {}
    for text in texts:
        section = ""
        for line in _CONTINUED.sub(" ", text).split("\n"):
            key, sign, value = line.strip().partition("=")
            if key.startswith("[") and key.endswith("]"):
                section = key[1:-1]
            elif sign and not key.startswith(("#", ";")):
                key = f"{section}.{key.strip()}"
                settings[key] = (*settings.get(key, ()), value.strip()) if value.strip() else ()
    return Unit(name, settings)


def unit_files(name: str, root: Path = Path("/")) -> list[Path]:
    """Return the unit's file and its drop-ins in the order in which they count; none without a file."""
    file = next((root / place / name for place in PLACES if os.path.lexists(root / place / name)), None)
    return [] if file is None else [file, *_drop_ins(name, root)]


def read_unit(name: str, root: Path = Path("/")) -> Unit:
    """Return the unit that its files make; raise OSError where one cannot be read.

    A mask is a link to /dev/null, which reads as nothing.
    """
    return parse_unit(name, (path.read_text("utf-8", "replace") for path in unit_files(name, root)))


def _drop_ins(name: str, root: Path) -> list[Path]:
    """Return the drop-ins: in the order of their file names, each from the first directory that has it."""
    found: dict[str, Path] = {}
    for directory in _drop_in_names(name):
        for place in PLACES:
            for path in sorted((root / place / directory).glob("*.conf")):
                found.setdefault(path.name, path)
    return [found[file] for file in sorted(found)]


def _drop_in_names(name: str) -> Iterator[str]:
    """Yield the directories of a unit's drop-ins, its own first: "a-b.path.d", "a-.path.d", "path.d"."""
    yield f"{name}.d"
    stem, _, kind = name.rpartition(".")
    while "-" in stem.rstrip("-"):
        stem = stem.rstrip("-").rpartition("-")[0] + "-"
        yield f"{stem}.{kind}.d"
    yield f"{kind}.d"
