"""Build sets for the tests: as entries that never touch a disk, and as trees below a temporary directory."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from afterall.discover.layout.whole import Material, lay_out
from afterall.discover.names.files import is_script
from afterall.discover.walk import Walk
from afterall.model import Attempt, Entry, EntryKind, JobId, Observation, SetLayout, SlurmSource, SlurmState
from afterall.settings import SetSettings

FIXTURES = Path(__file__).parent / "fixtures"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
OWNER = 1001
HOME = "/scratch/lab/sweep"
NO_SETTINGS = SetSettings()


def entry(path: str, kind: EntryKind = EntryKind.FILE, *, size: int = 100, mtime_s: float = NOON_S) -> Entry:
    """Return an entry whose inode is made from its path."""
    return Entry(path, kind, size, size, int(mtime_s) * 10**9, 0o644, hash(path) & 0xFFFF, 1, 1)


def entries(*paths: str, mtimes_s: Mapping[str, float] | None = None) -> tuple[Entry, ...]:
    """Return files at `paths`, directories where one ends with "/", and all directories above them."""
    found: dict[str, Entry] = {}
    for path in paths:
        name = path.rstrip("/")
        kind = EntryKind.DIRECTORY if path.endswith("/") else EntryKind.FILE
        found[name] = entry(name, kind, mtime_s=(mtimes_s or {}).get(name, NOON_S))
        while "/" in name:
            name = name.rpartition("/")[0]
            found.setdefault(name, entry(name, EntryKind.DIRECTORY))
    return tuple(found[path] for path in sorted(found))


def laid_out(
    listed: Iterable[Entry],
    settings: SetSettings = NO_SETTINGS,
    *,
    path: str = HOME,
    scripts: Iterable[str] = (),
    recorded: Mapping[str, tuple[JobId, ...]] | None = None,
) -> SetLayout:
    """Return the layout of a set made of entries; batch scripts are those named so and `scripts`."""
    listed = tuple(listed)
    walked = Walk(path=path, owner_uid=OWNER, entries=listed, unreadable=(), truncated=False)
    named = {one.path for one in listed if one.kind is EntryKind.FILE and is_script(one.name)}
    material = Material(walked=walked, scripts=frozenset(named.union(scripts)), recorded=recorded or {})
    return lay_out(material, settings)


def layout_of(*paths: str, settings: SetSettings = NO_SETTINGS, **more: str) -> SetLayout:
    """Return the layout of a set that consists of `paths`."""
    return laid_out(entries(*paths), settings, **more)  # type: ignore[arg-type]


def names(layout: SetLayout) -> list[str]:
    """Return the experiments' names in their order."""
    return [one.name for one in layout.experiments]


def job(job_id: str, work_dir: str = HOME, **fields: object) -> Attempt:
    """Return sacct's record of a completed job that ran from 11:50 to noon."""
    values: dict[str, object] = {
        "job_id": JobId(job_id),
        "source": SlurmSource.SACCT,
        "display_id": job_id,
        "cluster": "lab",
        "user": "researcher",
        "uid": OWNER,
        "slurm_state": SlurmState.COMPLETED,
        "submit": at(-660),
        "start": at(-600),
        "end": at(0),
        "work_dir": work_dir,
        "name": "train",
        "submit_line": "sbatch train.sbatch",
    }
    return Attempt(**(values | fields))  # type: ignore[arg-type]


def at(seconds: float) -> datetime:
    """Return the moment so many seconds after noon."""
    return datetime.fromtimestamp(NOON_S + seconds, UTC)


def seen(*attempts: Attempt) -> Observation:
    """Return an observation of these jobs."""
    return Observation(attempts=attempts)


def grow(root: Path, tree: Mapping[str, str | bytes | None]) -> Path:
    """Make files (text or bytes) and directories (None) below `root`, and those above them; return `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for path, content in tree.items():
        target = root / path
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def grow_listing(root: Path, listing: str) -> Path:
    """Make the tree of a listing fixture below `root`: kinds, sizes (sparse), times and links, no content."""
    root.mkdir(parents=True, exist_ok=True)
    lines = (FIXTURES / listing).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    for kind, size, _, path, *target in rows:
        if kind == "d":
            (root / path).mkdir(parents=True, exist_ok=True)
        elif kind == "l":
            (root / path).symlink_to(target[0])
        else:
            (root / path).touch()
            os.truncate(root / path, int(size))
    for kind, _, mtime_s, path, *_ in reversed(rows):
        if kind != "l":
            os.utime(root / path, (int(mtime_s), int(mtime_s)))
    return root


def era_c() -> list[str]:
    """Return a cruijff_kit set of 2026: two runs, one of them evaluated, and a base model's evaluation."""
    return [
        "experiment_summary.yaml", "words.json", "logs/design-experiment.log", "logs/run-torchtune.log",
        "logs/run-torchtune.state.json", "r1/setup_finetune.yaml", "r1/finetune.yaml", "r1/finetune.slurm",
        "r1/eval/cap_epoch0/eval.yaml", "r1/eval/cap_epoch0/cell.slurm", "r1/eval/cap_epoch0/logs/x.eval",
        "r1/artifacts/slurm-77.out", "r1/artifacts/torchtune_config.yaml",
        "r1/artifacts/epoch_0/model.safetensors",
        "r1/artifacts/epoch_0/slurm-80.out", "r1/artifacts/epoch_0/slurm-77.out", "r2/finetune.slurm",
        "r2/finetune.yaml",
        "base/eval/cap/cell.slurm", "base/eval/cap/logs/y.eval", "base/artifacts/slurm-90.out",
        "exploration/report.md", "exploration/model.pt",
    ]  # fmt: skip
