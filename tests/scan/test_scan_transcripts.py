"""Read copies of what a run printed where its own log is lost, and nowhere else."""

import os
from pathlib import Path

import pytest

from afterall.model import Experiment, FindingCode, SlurmState
from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from scan.run_making import attempt, experiment, fixture, lay_down, log
from scan.trace_reading import chosen

START = 1_795_417_355
HOME = "r/wandb/offline-run-20261123_063325-51h7gb6f/files"
COPY = f"{HOME}/output.log"
BARS = b"".join(
    b"\r1|%d|Loss: %s: %d%%|#| %d/4 [00:01<00:01, 1.0it/s]" % (step, loss, 25 * step, step)
    for step, loss in enumerate((b"2.5", b"2.25", b"2.125", b"2.0625"), 1)
)
ERROR = b'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\nValueError: boom\n'


def scanned(set_dir: Path, files: dict[str, bytes], *logs: str) -> Experiment:
    """Return the run "r" of job 7, scanned, with these of its files as its logs."""
    entries = lay_down(set_dir, files)
    found = [log(path, "7" if path.endswith("-7.out") else None) for path in logs]
    return scan_experiment(
        experiment("r", entries, found, [attempt("7", SlurmState.FAILED)]), Examination(set_dir)
    )


def codes(found: Experiment) -> list[FindingCode]:
    """Return the codes of all findings on logs."""
    return [
        f.code for f in found.findings if f.code.value.startswith(("line_", "log_", "sources_", "traces_"))
    ]


@pytest.mark.parametrize("path", [COPY, "r/running_log.txt", "r/out/debug.log"])
def test_a_copy_stands_in_for_a_log_that_was_deleted(tmp_path: Path, path: str) -> None:
    """Its losses, its steps and the line that explains the end are told, each with its place in the copy."""
    found = scanned(tmp_path, {path: BARS + b"\n" + ERROR, "r/out/training_args.bin": b"x"})
    assert (found.trainer, found.metrics["final_loss"].value) == ("torchtune", 2.0625)
    assert found.metrics["final_loss"].source.file == path
    assert codes(found) == [FindingCode.LINE_TRACEBACK]
    assert [f.subject for f in found.findings if f.code is FindingCode.LINE_TRACEBACK] == [path]


@pytest.mark.parametrize("path", [COPY, "r/running_log.txt"])
def test_a_copy_is_not_read_beside_a_log_that_shows_training(tmp_path: Path, path: str) -> None:
    """The same lines give one curve, one finding, and no disagreement."""
    whole = BARS + b"\n" + ERROR
    found = scanned(
        tmp_path, {"r/slurm-7.out": whole, path: whole.replace(b"2.0625", b"9.9")}, "r/slurm-7.out"
    )
    assert found.metrics["final_loss"].value == 2.0625
    assert codes(found) == [FindingCode.LINE_TRACEBACK]
    assert all(path not in (s.file for s in f.sources) for f in found.findings)


def test_a_running_log_that_was_taken_for_a_log_is_a_copy_all_the_same(tmp_path: Path) -> None:
    """Discovery knows it by its name as a training's log; beside a log of its own kind it is none."""
    files = {"r/train.out": BARS + b"\n", "r/running_log.txt": BARS.replace(b"2.0625", b"9.9") + b"\n"}
    found = scanned(tmp_path, files, "r/running_log.txt", "r/train.out")
    assert found.metrics["final_loss"].value == 2.0625
    assert codes(found) == []


def test_a_traceback_in_both_is_told_once(tmp_path: Path) -> None:
    """A job's log without training keeps the word on the end; the copy gives the numbers."""
    files = {"r/slurm-7.out": ERROR, COPY: BARS + b"\n" + ERROR}
    found = scanned(tmp_path, files, "r/slurm-7.out")
    assert found.metrics["final_loss"].source.file == COPY
    assert [f.subject for f in found.findings if f.code is FindingCode.LINE_TRACEBACK] == ["r/slurm-7.out"]


def test_an_empty_log_hides_no_line_of_the_copy(tmp_path: Path) -> None:
    """Output that went elsewhere leaves a log without a word; the copy tells why the run ended."""
    found = scanned(tmp_path, {"r/slurm-7.out": b"\n", COPY: BARS + b"\n" + ERROR}, "r/slurm-7.out")
    assert [f.subject for f in found.findings if f.code is FindingCode.LINE_TRACEBACK] == [COPY]


def test_a_copy_of_an_earlier_attempt_is_one(tmp_path: Path) -> None:
    """Older than the attempt that counts, it gives numbers that are said to be an earlier attempt's."""
    lay_down(tmp_path, {COPY: BARS + b"\n" + ERROR})
    os.utime(tmp_path / COPY, (START - 3600, START - 3600))
    entries = lay_down(tmp_path, {"r/slurm-7.out": b"hello\n"})
    job = attempt("7", SlurmState.FAILED)
    found = scan_experiment(
        experiment("r", entries, [log("r/slurm-7.out", "7")], [job]), Examination(tmp_path)
    )
    assert codes(found) == [FindingCode.TRACES_OF_EARLIER_ATTEMPT]
    assert found.completion.value is None


def test_without_slurms_word_a_jobs_log_comes_before_any_copy(tmp_path: Path) -> None:
    """Of two jobs' logs the later one shows no training: the copy may be of either, the earlier is one."""
    files = {"r/slurm-6.out": BARS + b"\n", "r/slurm-7.out": b"\n", COPY: BARS.replace(b"2.0625", b"9.9")}
    entries = lay_down(tmp_path, files)
    logs = [log(f"r/slurm-{job}.out", job) for job in ("6", "7")]
    found = scan_experiment(experiment("r", entries, logs), Examination(tmp_path))
    assert found.metrics["final_loss"].source.file == "r/slurm-6.out"
    alone = scan_experiment(experiment("r", entries, logs[1:]), Examination(tmp_path))
    assert (alone.metrics["final_loss"].source.file, codes(alone)) == (COPY, [])


def test_copies_of_the_last_runs_are_chosen() -> None:
    """Of many runs of wandb the three that were written last; of other output.log files none."""
    homes = [HOME.replace("063325", f"06332{at}") for at in range(5)]
    paths = [*(f"{home}/output.log" for home in homes), "r/output.log", "r/wandb/output.log"]
    assert chosen("wandb", paths, transcripts=True) == [f"{home}/output.log" for home in homes[:1:-1]]
    assert chosen("llamafactory", ["r/a.txt", "r/running_log.txt"], transcripts=True) == ["r/running_log.txt"]
    assert chosen("axolotl", ["r/debug.log"], transcripts=True) == []


def test_a_later_run_without_training_does_not_hide_the_training(tmp_path: Path) -> None:
    """What an evaluation printed is passed over; of two that trained the later one counts."""
    later, last = (COPY.replace("063325", time) for time in ("070000", "080000"))
    files = {COPY: BARS.replace(b"2.0625", b"9.9") + b"\n", later: BARS + b"\n", last: b"accuracy 0.5\n"}
    lay_down(tmp_path, files)
    for at, path in enumerate(files):
        os.utime(tmp_path / path, (START + 100 * at, START + 100 * at))
    entries = lay_down(tmp_path, {"r/x.txt": b""})
    found = scan_experiment(
        experiment("r", entries, [], [attempt("7", SlurmState.FAILED)]), Examination(tmp_path)
    )
    assert (found.metrics["final_loss"].value, found.metrics["final_loss"].source.file) == (2.0625, later)


@pytest.mark.parametrize("data", [b"", b"\0" * 4096, bytes(range(256)) * 64, b"[" * 100_000])
def test_a_hostile_copy_costs_itself_alone(tmp_path: Path, data: bytes) -> None:
    """Whatever it holds, the run's other files tell what they told."""
    files = {"r/trainer_state.json": fixture("huggingface/trainer_state.json")}
    alone = scanned(tmp_path / "a", files)
    beside = scanned(tmp_path / "b", {**files, COPY: data})
    assert (beside.metrics, beside.completion) == (alone.metrics, alone.completion)


def test_a_cut_copy_invents_no_number(tmp_path: Path) -> None:
    """Cut at any byte, it gives a loss that was logged, or none."""
    for end in range(0, len(BARS), 7):
        found = scanned(tmp_path / str(end), {COPY: BARS[:end]})
        loss = found.metrics["final_loss"].value if "final_loss" in found.metrics else 2.5
        assert loss in (2.5, 2.25, 2.125, 2.0625)
