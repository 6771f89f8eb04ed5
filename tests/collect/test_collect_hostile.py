"""A report on a set in which somebody planted links, FIFOs and names: nothing outside is read or changed.

Who may write in a set beside its owner, as the members of his group, may put anything there; the report is
written by a process that may do all that the owner may.
"""

import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Outcome, Task
from afterall.collect.messages import Failed, Limits, Person, Report, Reported, Request, Trouble
from afterall.model import Attempt, JobId, Observation, SlurmSource, SlurmState
from afterall.model.notes import NOTES_BEGIN, NOTES_END
from collect.collect_installation import USER

HIM = Person(USER, USER, "")
LIMITS = Limits(cpu_s=60, memory_bytes=2**32, file_bytes=2**29, open_files=1024)
MARK = "xyzzy-of-the-diary"
DIARY = f"{{'loss': '0.125', 'epoch': '1'}}\n# {MARK}\n{MARK}: 1\n"
LONG_AGO_NS = 10**18
NASTY = (
    "a|b",
    "`x` <script>alert(1)</script>",
    "line\nbreak",
    "\x1b[31mred\x1b]0;title\x07",
    "$(touch pwned);touch pwned;`touch pwned`",
    "![i](http://evil.example/x.png)",
    "\u202egnp.exe",
    "--help",
)


@pytest.fixture
def sweep_dir(commons: Path) -> Path:
    """Lay out a set of two runs with losses, and beside it what its owner keeps for himself."""
    for job_id in ("11", "12"):
        run = commons / "home/sweep" / f"rank{job_id}"
        run.mkdir(parents=True)
        (run / "train.sbatch").write_text("#!/bin/sh\n#SBATCH --job-name=train\npython train.py\n")
        (run / f"slurm-{job_id}.out").write_text("".join(_bars(int(job_id))))
    (commons / "home/sweep/afterall.toml").write_text("")
    (commons / "home/private").mkdir()
    (commons / "home/private/diary").write_text(DIARY)
    for path in sorted((commons / "home").rglob("*")):
        os.chown(path, USER, USER)
    return commons / "home/sweep"


def _bars(job_id: int) -> list[str]:
    return [f"{{'loss': '{30 / (step + job_id):.4f}', 'epoch': '{step / 20}'}}\n" for step in range(1, 21)]


def _write(
    python: str, set_dir: Path, observation: Observation | None = None, limits: Limits = LIMITS
) -> Outcome:
    """Have the process that the worker starts write the set's report."""
    errand = Report(set_dir=str(set_dir), observation=observation or Observation())
    request = Request(person=HIM, min_uid=1000, limits=limits, errand=errand)
    crew = Crew(1, [python, "-I", "-m", "afterall.collect.as_user"], Clock())
    crew.send(Task("only", request, 60))
    ((_, outcome),) = crew.wait()
    return outcome


def _plant(plant: Callable[[Path, Path], None], set_dir: Path) -> Path:
    """Plant something that leads to the diary, which has not been read since; return the diary."""
    diary = set_dir.parent / "private/diary"
    plant(set_dir, diary)
    for path in (set_dir, *set_dir.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    os.chown(diary, USER, USER)
    for path in (diary.parent, diary):
        os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS + 1))
    return diary


def _link(name: str, target: str = "") -> Callable[[Path, Path], None]:
    """Put a symbolic link to the diary, or to `target` beside it, in the place of `name`."""

    def plant(set_dir: Path, diary: Path) -> None:
        path = set_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(diary.parent / target if target else diary)

    return plant


def _hard_link(name: str) -> Callable[[Path, Path], None]:
    def plant(set_dir: Path, diary: Path) -> None:
        path = set_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(diary, path)

    return plant


def _fifo(name: str) -> Callable[[Path, Path], None]:
    def plant(set_dir: Path, _: Path) -> None:
        path = set_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return plant


WRITTEN = (
    "RESULTS.md",
    "RESULTS.json",
    "RESULTS.md.orig",
    "RESULTS_files/curves.csv",
    "RESULTS_files/experiments.csv",
    "RESULTS_files/final_metric.svg",
    ".afterall/report.lock",
    ".afterall/report.holder",
    ".afterall/checkpoints",
)
"""What a report writes."""
READ = ("rank11/slurm-11.out", "rank11/trainer_state.json", "rank11/config.yaml", "README.md")
"""What a report reads."""
DIRECTORIES = ("RESULTS_files", ".afterall", ".afterall/matplotlib", "rank13", "rank11/checkpoint-10")
OURS = {NOTES_BEGIN, NOTES_END}


def _published(set_dir: Path) -> str:
    """Return all that was published, one after the other."""
    files = [set_dir / "RESULTS.md", set_dir / "RESULTS.json", *(set_dir / "RESULTS_files").glob("*")]
    assert [path.name for path in files if not stat.S_ISREG(path.lstat().st_mode)] == []
    return "".join(path.read_text("utf-8", "replace") for path in files)


def _check_untouched(diary: Path, before: os.stat_result) -> None:
    """Check that the diary was neither read nor changed, and that nothing new lies beside it."""
    now = diary.stat()
    assert (now.st_mtime_ns, now.st_mode, now.st_uid) == (before.st_mtime_ns, before.st_mode, before.st_uid)
    assert now.st_atime_ns == before.st_atime_ns, "it was read"
    assert sorted(os.listdir(diary.parent)) == ["diary"]
    assert diary.parent.stat().st_mtime_ns == LONG_AGO_NS + 1
    assert diary.read_text() == DIARY


@pytest.mark.parametrize("name", [*WRITTEN, *READ])
def test_a_link_to_a_file_is_not_followed(everyones_python: str, sweep_dir: Path, name: str) -> None:
    """It makes way where something is to be written, and is no file of the set's where one is read."""
    diary = _plant(_link(name), sweep_dir)
    before = diary.stat()
    assert isinstance(_write(everyones_python, sweep_dir), Reported)
    assert MARK not in _published(sweep_dir)
    _check_untouched(diary, before)


@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_link_to_a_directory_is_not_followed(everyones_python: str, sweep_dir: Path, name: str) -> None:
    """Nothing is written through it, and what lies behind it is no part of the set."""
    diary = _plant(_link(name, "."), sweep_dir)
    before = diary.stat()
    assert isinstance(_write(everyones_python, sweep_dir), Reported)
    assert MARK not in _published(sweep_dir)
    _check_untouched(diary, before)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "RESULTS.md.orig"])
def test_a_hard_link_is_replaced_and_its_other_name_left_alone(
    everyones_python: str, sweep_dir: Path, name: str
) -> None:
    """The report never writes into a file that is there, not even into its lock."""
    diary = _plant(_hard_link(name), sweep_dir)
    before = diary.stat()
    assert isinstance(_write(everyones_python, sweep_dir), Reported)
    now = diary.stat()
    assert (now.st_mtime_ns, now.st_mode) == (before.st_mtime_ns, before.st_mode)
    assert diary.read_text() == DIARY


@pytest.mark.parametrize("name", [*WRITTEN, *READ, "rank11/logs/a.log", ".afterall/matplotlib/matplotlibrc"])
def test_a_fifo_is_not_waited_for(everyones_python: str, sweep_dir: Path, name: str) -> None:
    """It is replaced where something is to be written, and passed over where something would be read."""
    _plant(_fifo(name), sweep_dir)
    assert isinstance(_write(everyones_python, sweep_dir), Reported)


def test_what_cannot_make_way_is_told(everyones_python: str, sweep_dir: Path) -> None:
    """A FIFO in a directory's place, or a directory in the report's, is refused by name."""
    for name, plant in (("RESULTS_files", _fifo("RESULTS_files")), ("afterall.toml", _fifo("afterall.toml"))):
        _plant(plant, sweep_dir)
        answer = _write(everyones_python, sweep_dir)
        assert isinstance(answer, Failed)
        assert name in answer.detail, answer
        (sweep_dir / name).unlink()
    (sweep_dir / "RESULTS.md/kept").mkdir(parents=True)
    os.chown(sweep_dir / "RESULTS.md", USER, USER)
    answer = _write(everyones_python, sweep_dir)
    assert isinstance(answer, Failed)
    assert (answer.trouble, "RESULTS.md: is a directory" in answer.detail) == (Trouble.REFUSED, True), answer


def test_a_set_through_a_link_to_anothers_files_is_closed(everyones_python: str, commons: Path) -> None:
    """Whoever links a log or a whole set to root's files learns no more than he may read himself."""
    secret = commons / "shadow"
    secret.write_text(f"root:{MARK}:1::::::\n")
    secret.chmod(0o600)
    sweep_dir = commons / "linked"
    for job_id in ("11", "12"):
        (sweep_dir / f"rank{job_id}").mkdir(parents=True)
        (sweep_dir / f"rank{job_id}/slurm-{job_id}.out").symlink_to(secret)
        (sweep_dir / f"rank{job_id}/train.sbatch").write_text("#!/bin/sh\n#SBATCH --job-name=x\n")
    (sweep_dir / "rank12/train.log").write_text("".join(_bars(12)))
    (sweep_dir / "afterall.toml").symlink_to(secret)
    for path in (sweep_dir, *sweep_dir.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    answer = _write(everyones_python, sweep_dir)
    assert isinstance(answer, Failed)
    assert MARK not in answer.detail
    (sweep_dir / "afterall.toml").unlink()
    assert isinstance(_write(everyones_python, sweep_dir), Reported)
    assert MARK not in _published(sweep_dir)


def _hostile_job(words: str, number: int) -> Attempt:
    end = datetime(2026, 11, 23, 12, number, tzinfo=UTC)
    return Attempt(
        job_id=JobId(str(11 + number % 2)),
        source=SlurmSource.SACCT,
        slurm_state=SlurmState.FAILED,
        state_text="FAILED",
        exit_code=1,
        submit=end,
        start=end,
        end=end,
        name=words,
        comment=words,
        reason=words,
        node_list=words,
        submit_line=f"sbatch {words}",
    )


def test_names_and_jobs_that_try_to_break_out_stay_text(everyones_python: str, sweep_dir: Path) -> None:
    """Whatever directories, files and jobs are called, the report is well-formed and nothing is run."""
    for number, name in enumerate(NASTY):
        run = sweep_dir / name.replace("/", "\N{FRACTION SLASH}")
        run.mkdir()
        (run / "train.sbatch").write_text(
            f"#!/bin/sh\n#SBATCH --job-name='{name}'\n#SBATCH --comment='{name}'\n"
        )
        (run / f"slurm-{20 + number}.out").write_text("".join(_bars(number)) + f"RuntimeError: {name}\n")
    os.mkdir(os.fsencode(sweep_dir) + b"/not\xffutf8")
    attempts = tuple(_hostile_job(name, number) for number, name in enumerate(NASTY))
    _plant(lambda *_: None, sweep_dir)
    assert isinstance(_write(everyones_python, sweep_dir, Observation(attempts=attempts)), Reported)
    text = (sweep_dir / "RESULTS.md").read_text()
    assert not [
        character for character in text if character == "\u202e" or (character < " " and character != "\n")
    ]
    tokens = [
        inner
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        for inner in (token, *(token.children or ()))
    ]
    html = {token.content.strip() for token in tokens if token.type.startswith("html")}
    assert html <= OURS or all(
        one.startswith(("<!--", "<details", "</details", "<summary")) for one in html
    ), html
    images = [str(token.attrs["src"]) for token in tokens if token.type == "image"]
    assert all(source.startswith("RESULTS_files/") for source in images)
    links = [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]
    assert not [link for link in links if re.match("[a-z]+:|/", link)]
    assert list(sweep_dir.parent.parent.rglob("pwned")) == []
