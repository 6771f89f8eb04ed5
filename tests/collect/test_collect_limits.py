"""The process that writes a report needs little, and when it meets a limit the old report is still there."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Outcome, Task
from afterall.collect.messages import Failed, Limits, Person, Report, Reported, Request, Trouble
from afterall.model import Observation
from afterall.settings import SiteSettings
from collect.collect_installation import USER
from collect.collect_sets import is_whole, lay_run, lay_set, leftovers

_SITE = SiteSettings()
DEFAULTS = Limits(
    cpu_s=round(_SITE.report_timeout_s),
    memory_bytes=_SITE.report_memory_mib * 2**20,
    file_bytes=_SITE.report_file_mib * 2**20,
    open_files=_SITE.report_open_files,
)


def _write(python: str, set_dir: Path, limits: Limits) -> Outcome:
    errand = Report(set_dir=str(set_dir), observation=Observation())
    crew = Crew(1, [python, "-I", "-m", "afterall.collect.as_user"], Clock())
    crew.send(
        Task("only", Request(person=Person(USER, USER, ""), min_uid=1000, limits=limits, errand=errand), 60)
    )
    ((_, outcome),) = crew.wait()
    return outcome


def test_an_eighth_of_the_default_memory_is_enough(everyones_python: str, commons: Path) -> None:
    """With figures and all, in an address space of 512 MiB, 20 s of processor time and 64 open files."""
    sweep_dir = lay_set(commons / "sweep", "11", "12")
    tight = Limits(cpu_s=20, memory_bytes=DEFAULTS.memory_bytes // 8, file_bytes=2**20, open_files=64)
    answer = _write(everyones_python, sweep_dir, tight)
    assert isinstance(answer, Reported), answer
    assert list((sweep_dir / "RESULTS_files").glob("*.svg"))


@pytest.mark.parametrize(
    ("limit", "trouble", "words"),
    [
        ({"file_bytes": 4096}, Trouble.REFUSED, "file too large"),
        ({"memory_bytes": 100 * 2**20}, None, ""),
        ({"open_files": 8}, None, ""),
    ],
    ids=["file size", "memory", "open files"],
)
def test_a_limit_that_is_met_leaves_the_old_report(
    everyones_python: str, commons: Path, limit: dict[str, int], trouble: Trouble | None, words: str
) -> None:
    """The worker is told, nothing is half written, and with more room it succeeds."""
    sweep_dir = lay_set(commons / "sweep", "11")
    assert isinstance(_write(everyones_python, sweep_dir, DEFAULTS), Reported)
    old = (sweep_dir / "RESULTS.md").read_bytes()
    lay_run(sweep_dir, "12")
    answer = _write(everyones_python, sweep_dir, replace(DEFAULTS, **limit))
    assert isinstance(answer, Failed), answer
    assert trouble in (None, answer.trouble)
    assert words in answer.detail
    assert (sweep_dir / "RESULTS.md").read_bytes() == old
    assert leftovers(sweep_dir) == []
    assert isinstance(_write(everyones_python, sweep_dir, DEFAULTS), Reported)
    assert is_whole(sweep_dir)


def test_a_large_set_is_read_by_helpers_who_are_the_user(everyones_python: str, commons: Path) -> None:
    """Within the same limits each; none of them outlives the report."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("on one core nobody helps")
    sweep_dir = lay_set(commons / "sweep", "11", "12")
    for log in sweep_dir.glob("*/*.out"):
        log.write_bytes(b"a line of a log that tells nothing\n" * (1 << 19) + log.read_bytes())
    seen: set[int] = set()
    with _watching(seen):
        answer = _write(everyones_python, sweep_dir, DEFAULTS)
    assert isinstance(answer, Reported), answer
    assert seen == {USER}
    assert not list(_helpers())


@contextmanager
def _watching(seen: set[int]) -> Iterator[None]:
    """Note whose helpers run meanwhile."""

    def watch() -> None:
        while not is_over.is_set():
            seen.update(_helpers())
            time.sleep(0.02)

    is_over = Event()
    thread = Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _helpers() -> Iterator[int]:
    """Yield the user of each of this user's helpers that runs on this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            argv = (process / "cmdline").read_bytes().split(b"\0")
            if b"afterall.scan.crew.helping" in argv and (uid := process.stat().st_uid) == USER:
                yield uid
        except OSError:  # it has ended
            continue
