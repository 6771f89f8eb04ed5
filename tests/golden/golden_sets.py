"""Unpack the sets of the golden cases, and write their reports so that two machines can compare them.

Each case is a folder: `set.tar.xz`, `sacct.txt` (what accounting said of its jobs), the expected RESULTS.md.
Of the real sets only the payloads of weights and optimizer states were cut: each byte of them was replaced by
a short repeating pattern, so that they compress; headers, sizes, modes, times and all other files are as the
trainers left them, but for the base model's place, which some machine might have.
"""

import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from afterall.model.notes import parse_old_report
from afterall.pipeline import Observer, files_only, recorded, report

GOLDEN = Path(__file__).parent
CASES = ("torchtune", "huggingface")
PLACE = "/scratch/golden"
"""What stands in an expected report for the directory that the set was unpacked in."""


def unpack(case: str, into: Path) -> Path:
    """Return the case's set, unpacked below `into` with its modes and times."""
    with tarfile.open(GOLDEN / case / "set.tar.xz") as archive:
        if hasattr(tarfile, "tar_filter"):  # Python 3.11.4
            archive.extraction_filter = staticmethod(tarfile.tar_filter)
        archive.extractall(into)
    set_dir = next(path for path in into.iterdir() if path.is_dir())
    for config in set_dir.rglob("adapter_config.json"):
        _move_base(config)
    return set_dir


def _move_base(config: Path) -> None:
    """Write an absolute base model's path as one that no machine has; the file keeps its size and time."""
    status = config.stat()
    config.write_bytes(config.read_bytes().replace(b'"/scratch/', b'"/absent0/'))
    os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns))


def accounting(case: str) -> Observer:
    """Return who says what accounting said of the case's jobs."""
    return recorded(GOLDEN / case / "sacct.txt")


def write_report(set_dir: Path, observer: Observer = files_only) -> str:
    """Write the set's report and return it as it lies there."""
    report(set_dir, observer)
    text = (set_dir / "RESULTS.md").read_text("utf-8")
    old = parse_old_report(text)
    assert not old.edited, "the report's own seal does not fit it"
    return text


def comparable(text: str, set_dir: Path) -> str:
    """Return a report without what differs between machines: the set's place, its blocks, the seal."""
    text = text.replace(str(set_dir.parent), PLACE)
    text = re.sub(r"[0-9.]+ [kMG]?B allocated on disk", "… allocated on disk", text)
    return re.sub(r"<!-- afterall:sha256:[0-9a-f]{64} -->", "<!-- afterall:sha256:… -->", text)


def expected(case: str) -> Path:
    """Return where the case's approved report stands."""
    return GOLDEN / case / "RESULTS.md"


def relative_links(text: str) -> Iterator[str]:
    """Yield the targets of a report's links that are neither anchors nor addresses."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("#", "http:", "https:")):
            yield target
