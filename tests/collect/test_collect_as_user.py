"""The real process of a user: what it finds, what it writes, and that root itself touches nothing of his."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterall.collect import Means, collect_once
from afterall.collect.clock import Clock
from afterall.collect.crew import Crew, Outcome, Task
from afterall.collect.messages import (
    Failed,
    Limits,
    Look,
    Looked,
    OptIn,
    Person,
    Place,
    Report,
    Reported,
    Request,
    Resolve,
    Resolved,
    Trouble,
)
from afterall.model import Observation
from collect.collect_ground import Ground
from collect.collect_installation import USER

SCRIPT = "#!/bin/sh\n#SBATCH --job-name=train\npython train.py\n"
HIM = Person(USER, USER, "")
LOG = "step 1 loss 2.0\nstep 2 loss 1.0\n"


def _own(path: Path, uid: int = USER) -> Path:
    """Give a tree to a user, closed to everybody else."""
    for found in (path, *path.rglob("*")):
        os.chown(found, uid, uid)
        found.chmod(0o700 if found.is_dir() else 0o600)
    return path


def _make_set(at: Path, *jobs: str, settings: str | None = "") -> Path:
    for job_id in jobs:
        run = at / f"rank{job_id}"
        run.mkdir(parents=True)
        (run / "train.sbatch").write_text(SCRIPT)
        (run / f"slurm-{job_id}.out").write_text(LOG)
    if settings is not None:
        (at / "afterall.toml").write_text(settings)
    return _own(at)


def _ask(python: str, errand: Resolve | Look | Report, person: Person = HIM) -> Outcome:
    limits = Limits(cpu_s=60, memory_bytes=2**32, file_bytes=2**26, open_files=256)
    request = Request(person=person, min_uid=1000, limits=limits, errand=errand)
    crew = Crew(1, [python, "-I", "-m", "afterall.collect.as_user"], Clock())
    crew.send(Task("only", request, 60))
    ((_, outcome),) = crew.wait()
    return outcome


def _place(python: str, path: Path) -> Place:
    answer = _ask(python, Resolve((str(path),)))
    assert isinstance(answer, Resolved), answer
    (place,) = answer.places
    return place


@pytest.mark.parametrize(
    ("settings", "opt_in"),
    [
        ("", OptIn.YES),
        ("enabled = true\n", OptIn.YES),
        ("enabled = false\n", OptIn.NO),
        ("enabled = maybe\n", OptIn.YES),
        (None, OptIn.UNSAID),
    ],
)
def test_a_working_directory_leads_to_its_set(
    everyones_python: str, commons: Path, settings: str | None, opt_in: OptIn
) -> None:
    """Even where only its owner may enter; a wrong afterall.toml speaks for it by its mere presence."""
    sweep_dir = _make_set(commons / "sweep", "1", "2", settings=settings)
    place = _place(everyones_python, sweep_dir / "rank1")
    assert (place.set_dir, place.opt_in, place.trouble) == (str(sweep_dir), opt_in, None)
    assert place.user_known is False


def test_a_link_to_a_set_is_the_set(everyones_python: str, commons: Path) -> None:
    """One set has one note, by whatever path its jobs were submitted."""
    sweep_dir = _make_set(commons / "sweep", "1", "2")
    (commons / "link").symlink_to(sweep_dir)
    assert _place(everyones_python, commons / "link/rank1").set_dir == str(sweep_dir)


def test_what_cannot_be_seen_is_no_verdict(everyones_python: str, commons: Path) -> None:
    """Missing, closed, or perhaps open to a group that nobody can look up: each is told as such."""
    closed = _own(_make_set(commons / "other", "1"), USER + 1)
    (commons / "plain").mkdir()
    _own(commons / "plain")  # the search for its set ends where another's directories begin
    troubles = {
        _place(everyones_python, commons / "gone").trouble,
        _place(everyones_python, closed / "rank1").trouble,
        _place(everyones_python, commons / "plain").trouble,
    }
    assert troubles == {Trouble.MISSING, Trouble.UNREADABLE, Trouble.UNKNOWN_USER}


def test_root_is_no_user(everyones_python: str) -> None:
    """A request for uid 0 is refused by the process itself, whoever sends it."""
    answer = _ask(everyones_python, Resolve(("/root",)), Person(0, 0, "root"))
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.NOT_A_USER


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_an_installation_that_users_cannot_read_is_told(commons: Path) -> None:
    """The reason names the place, so that an admin can mend it."""
    site = commons / "closed"
    shutil.copytree(Path(sys.modules["afterall"].__file__ or "").parent, site / "afterall")
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from afterall.collect.as_user import main; main()"
    limits = Limits(cpu_s=60, memory_bytes=2**32, file_bytes=2**26, open_files=256)
    request = Request(person=Person(USER, USER, ""), min_uid=1000, limits=limits, errand=Resolve(()))
    (site / "afterall/collect/errands.py").chmod(0o000)
    site.chmod(0o700)
    crew = Crew(1, [sys.executable, "-I", "-c", code], Clock())
    crew.send(Task("only", request, 60))
    ((_, answer),) = crew.wait()
    assert isinstance(answer, Failed)
    assert answer.trouble is Trouble.INSTALLATION
    assert f"uid {USER} cannot load afterall" in answer.detail


def test_a_look_tells_which_jobs_the_files_name(everyones_python: str, commons: Path) -> None:
    """By the same question that the set's owner would ask."""
    sweep_dir = _make_set(commons / "sweep", "11", "12", settings="partial = true\n")
    answer = _ask(everyones_python, Look((str(sweep_dir), str(commons / "gone"))))
    assert isinstance(answer, Looked), answer
    looked, gone = answer.sets
    assert (looked.job_ids, looked.every_job_known, looked.partial) == (("11", "12"), True, True)
    assert looked.since is not None
    assert looked.owner_uid is None  # nobody knows him
    assert gone.trouble is Trouble.MISSING


def test_a_look_tells_what_is_wrong_with_the_settings(everyones_python: str, commons: Path) -> None:
    """File, line and key, as the user would see them."""
    sweep_dir = _make_set(commons / "sweep", "11", settings="report = 3\n")
    answer = _ask(everyones_python, Look((str(sweep_dir),)))
    assert isinstance(answer, Looked)
    assert answer.sets[0].trouble is Trouble.BAD_SETTINGS
    assert "afterall.toml:1: report" in answer.sets[0].detail


def test_the_report_belongs_to_the_user(everyones_python: str, commons: Path) -> None:
    """As if he had written it himself: owner, group and the umask's mode."""
    sweep_dir = _make_set(commons / "sweep", "11", "12")
    answer = _ask(everyones_python, Report(set_dir=str(sweep_dir), observation=Observation()))
    assert isinstance(answer, Reported), answer
    made = [sweep_dir / name for name in ("RESULTS.md", "RESULTS.json", ".afterall")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(USER, USER)}
    assert (sweep_dir / "RESULTS.md").stat().st_mode & 0o777 == 0o644


def test_a_report_that_cannot_be_written_is_an_answer(everyones_python: str, commons: Path) -> None:
    """A read-only directory is refused with the reason."""
    sweep_dir = _make_set(commons / "sweep", "11", "12")
    sweep_dir.chmod(0o500)
    answer = _ask(everyones_python, Report(set_dir=str(sweep_dir), observation=Observation()))
    assert isinstance(answer, Failed)
    assert (answer.trouble, "permission denied" in answer.detail) == (Trouble.REFUSED, True)


def _prepare(ground: Ground, commons: Path) -> Path:
    sweep_dir = _make_set(commons / "sweep", "11", "12")
    ground.site = replace(ground.site, min_uid=1000, debounce_s=0)
    for job_id in ("11", "12"):
        ground.event(job_id, sweep_dir / f"rank{job_id}", uid=str(USER).encode(), gid=str(USER).encode())
        ground.slurm.ended(job_id, sweep_dir / f"rank{job_id}")
    return sweep_dir


def test_the_worker_reports_on_a_set_that_only_its_user_can_enter(
    everyones_python: str, ground: Ground, commons: Path
) -> None:
    """From the hook's records to the user's RESULTS.md."""
    sweep_dir = _prepare(ground, commons)
    means = Means(clock=ground.clock, argv=(everyones_python, "-I", "-m", "afterall.collect.as_user"))
    tally = collect_once(ground.spool.path, ground.site, means)
    assert (tally.folded, tally.reported, tally.waiting, tally.held) == (2, 1, 0, 0), ground.items()
    assert (sweep_dir / "RESULTS.md").stat().st_uid == USER


def test_root_opens_nothing_of_the_users(everyones_python: str, ground: Ground, commons: Path) -> None:
    """Every call that names a path of his comes from a process that has become him before."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    sweep_dir = _prepare(ground, commons)
    (ground.path / "site.toml").write_text(
        f'debounce_s = 0\nslurm_path = "{ground.site.slurm_path}"\nmin_uid = 1000\n'
    )
    code = (
        "import sys; from pathlib import Path\n"
        "from afterall.collect import collect_once; from afterall.settings import read_site_settings\n"
        f"site = read_site_settings(Path({str(ground.path / 'site.toml')!r}))\n"
        f"print(collect_once(Path({str(ground.spool.path)!r}), site))"
    )
    trace = ground.path / "trace"
    argv = ["strace", "-f", "-q", "-s", "9999", "-e", "trace=%file,%creds", "-o", str(trace)]
    argv += [everyones_python, "-I", "-c", code]
    ran = subprocess.run(argv, capture_output=True, check=False, text=True, timeout=250)
    assert "reported=1" in ran.stdout, ran.stdout + ran.stderr
    became: set[str] = set()
    named = 0
    for line in trace.read_text(errors="replace").splitlines():
        pid, _, call = line.partition(" ")
        if re.match(rf"setresuid\({USER}, {USER}, {USER}\) += 0", call.strip()):
            became.add(pid)
        elif f'"{commons}' in call:
            named += 1
            assert pid in became, line
    assert named > 10
    assert (sweep_dir / "RESULTS.md").exists()
