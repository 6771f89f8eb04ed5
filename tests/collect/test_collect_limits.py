"""The process that writes a report needs little, and when it meets a limit the old report is still there."""

from pathlib import Path

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
