"""Lay runs down in a directory and describe them as discovery does, for tests of scanning."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from afterall.model import (
    Attempt,
    Entry,
    EntryKind,
    ExperimentLayout,
    JobId,
    LogFile,
    MatchedExperiment,
    SlurmSource,
    SlurmState,
)

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(name: str) -> bytes:
    """Return the bytes of a fixture."""
    return (FIXTURES / name).read_bytes()


def entry(path: str, size_bytes: int = 1, mtime_s: int = 1_795_417_400) -> Entry:
    """Return a file as a walk sees it."""
    return Entry(path, EntryKind.FILE, size_bytes, size_bytes, mtime_s * 10**9, 0o100644, 1, 1, 1)


def lay_down(set_dir: Path, files: Mapping[str, bytes], mtime_s: int = 1_795_417_400) -> tuple[Entry, ...]:
    """Write the files below `set_dir` and return all entries, directories too, sorted by path."""
    for path, data in files.items():
        target = set_dir / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        os.utime(target, (mtime_s, mtime_s))
    return tuple(_entry_of(path, set_dir) for path in sorted(set_dir.rglob("*"), key=lambda p: p.as_posix()))


def experiment(
    name: str,
    entries: Iterable[Entry],
    logs: Iterable[LogFile] = (),
    attempts: Iterable[Attempt] = (),
) -> MatchedExperiment:
    """Return an experiment that owns all entries below the directory of its name."""
    owned = tuple(e for e in entries if e.path.startswith(f"{name}/"))
    paths = [e.path for e in owned if e.kind is EntryKind.FILE]
    layout = ExperimentLayout(
        name=name,
        path=name,
        roots=(name,),
        entries=owned,
        logs=tuple(logs),
        scripts=tuple(p for p in paths if p.endswith((".sbatch", ".slurm", ".sh"))),
        configs=tuple(p for p in paths if p.endswith((".yaml", ".json"))),
        evaluation_logs=tuple(p for p in paths if p.endswith(".eval")),
    )
    return MatchedExperiment(layout=layout, logs=tuple(logs), attempts=tuple(attempts))


def attempt(job_id: str, state: SlurmState, start_s: int | None = 1_795_417_355, **more: str) -> Attempt:
    """Return one leg of a job as accounting tells it."""
    start = None if start_s is None else datetime.fromtimestamp(start_s, UTC)
    known = {"display_id": job_id, **more}
    return Attempt(
        job_id=JobId(job_id),
        source=SlurmSource.SACCT,
        slurm_state=state,
        start=start,
        display_id=known["display_id"],
        submit_line=known.get("submit_line", ""),
    )


def log(path: str, job_id: str | None = None, task_id: str | None = None) -> LogFile:
    """Return a training log as discovery describes it."""
    return LogFile(path, None if job_id is None else JobId(job_id), task_id)


def _entry_of(path: Path, set_dir: Path) -> Entry:
    found = path.lstat()
    kind = EntryKind.DIRECTORY if path.is_dir() else EntryKind.FILE
    return Entry(
        path.relative_to(set_dir).as_posix(),
        kind,
        found.st_size,
        found.st_blocks * 512,
        found.st_mtime_ns,
        found.st_mode,
        found.st_ino,
        found.st_dev,
        found.st_nlink,
    )
