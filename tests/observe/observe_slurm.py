"""Stand in for Slurm's commands: sh scripts that say what they are told to, and keep what they were asked."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from afterall.model import Attempt, JobId, SlurmSource, SlurmState
from afterall.observe import DOCUMENTED_COLUMNS, SlurmCommands
from afterall.observe.dialect import RECORDED
from afterall.observe.squeue import LETTERS

START = 1795417883
"""When the recorded jobs were submitted: 2026-11-23 in UTC."""
SET = "/scratch/lab/researcher/sweep"
NOW = datetime.fromtimestamp(START + 3600, UTC)

_FIELD = "\x1e"
"""Stands for whatever separator the command is asked to use."""

_TOOLS = ("cat", "env", "head", "sed", "sleep", "tr")
"""What the scripts may use: the machine's own Slurm commands must not be found behind them."""

_KEEP = r"""#!/bin/sh
{ printf '%s\035' "$@"; printf '\036'; } >> "$0.calls"
"""
_VERSION = """case "$1" in --version) echo 'slurm-wlm {version}'; exit 0;; esac
"""
_SAY = r"""for argument in "$@"; do
    case "$argument" in
    --delimiter=*) separator=${argument#--delimiter=} ;;
    %A*) separator=${argument#%A} separator=${separator%%\%i*} ;;
    esac
done
sed "s/$(printf '\036')/$separator/g" "$0.says"
cat "$0.complains" >&2
"""


class FakeSlurm:
    """Commands in a directory of their own; a command that was given nothing to say is not there."""

    def __init__(self, directory: Path, version: str = "22.05.8") -> None:
        self.directory = directory
        self.version = version
        directory.mkdir()
        self.tools = directory.with_name("tools")
        self.tools.mkdir()
        for tool in _TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")

    def says(self, program: str, text: str, *, code: int = 0, complaint: str = "") -> None:
        """Have `program` print `text` and `complaint` and exit with `code`."""
        (self.directory / f"{program}.says").write_text(text, "utf-8", errors="surrogateescape")
        (self.directory / f"{program}.complains").write_text(complaint)
        self.does(program, f"{_SAY}exit {code}\n")

    def does(self, program: str, script: str) -> None:
        """Have `program` run `script` after it kept what it was asked."""
        path = self.directory / program
        path.write_text(_KEEP + _VERSION.format(version=self.version) + script)
        path.chmod(0o755)

    def refuses(self, program: str, pattern: str, complaint: str) -> None:
        """Have `program`, which says something already, refuse what matches a pattern of sh."""
        path = self.directory / program
        refusal = f"case \"$*\" in {pattern}) echo '{complaint}' >&2; exit 1;; esac\n"
        path.write_text(path.read_text().replace(_SAY, refusal + _SAY))

    def commands(self, timeout_s: float = 20.0) -> SlurmCommands:
        """Return how to run these commands, and nothing of the machine's but a few shell tools."""
        return SlurmCommands(path=f"{self.directory}:{self.tools}", timeout_s=timeout_s)

    def calls(self, program: str) -> list[list[str]]:
        """Return the arguments of each call but those for the version."""
        try:
            kept = (self.directory / f"{program}.calls").read_text()
        except FileNotFoundError:
            return []
        calls = [call.split("\x1d")[:-1] for call in kept.split("\x1e")[:-1]]
        return [call for call in calls if call != ["--version"]]


def sacct_row(job_id: str, separator: str = _FIELD, **columns: str) -> str:
    """Return one line of sacct's answer: a job that ran well, but for `columns`."""
    said = {
        "JobIDRaw": job_id,
        "JobID": job_id,
        "Cluster": "lab",
        "User": "researcher",
        "UID": "1001",
        "State": "COMPLETED",
        "ExitCode": "0:0",
        "Submit": str(START),
        "Eligible": str(START),
        "Start": str(START + 1),
        "End": str(START + 60),
        "ElapsedRaw": "59",
        "WorkDir": f"{SET}/rank4",
        "JobName": "rank4",
    }
    return separator.join({**dict.fromkeys(DOCUMENTED_COLUMNS, ""), **said, **columns}.values()) + "\n"


def squeue_row(job_id: str, separator: str = _FIELD, **letters: str) -> str:
    """Return one record of squeue's answer: a running job, but for `letters`."""
    said = {"A": job_id, "i": job_id, "T": "RUNNING", "r": "None", "u": "researcher", "U": "1001"}
    said |= {"V": str(START), "S": str(START + 1), "e": str(START + 7200), "l": "2:00:00", "D": "1", "C": "4"}
    said |= {"N": "n1", "Z": f"{SET}/rank4", "j": "rank4", "k": "(null)", "q": "normal"}
    return separator.join({**said, **letters}[letter] for letter in LETTERS) + "\n"


def scontrol_line(job_id: str, state: str, **keys: str) -> str:
    """Return one line of `scontrol -o show job`, its keys in scontrol's order."""
    said = {"JobId": job_id, "JobName": "rank4", "UserId": "researcher(1001)", "JobState": state}
    said |= {
        "ExitCode": "0:0",
        "SubmitTime": str(START),
        "StartTime": str(START + 1),
        "EndTime": str(START + 60),
    }
    said |= {"NodeList": "n1", "WorkDir": f"{SET}/rank4"}
    return " ".join(f"{key}={value}" for key, value in {**said, **keys}.items()) + "\n"


def leg(job_id: str = "7", state: SlurmState | None = SlurmState.COMPLETED, **fields: Any) -> Attempt:
    """Return a leg as accounting tells one."""
    said: dict[str, Any] = {
        "source": SlurmSource.SACCT,
        "display_id": job_id,
        "cluster": "lab",
        "state_text": state.value if state else "",
        "submit": at(0),
        "work_dir": f"{SET}/rank4",
    }
    return Attempt(job_id=JobId(job_id), slurm_state=state, **{**said, **fields})


def at(seconds: float) -> datetime:
    """Return the time so many seconds after START."""
    return datetime.fromtimestamp(START + seconds, UTC)


def fixture(name: str) -> bytes:
    """Return a recording, cut to a few jobs."""
    return (Path(__file__).with_name("fixtures") / name).read_bytes()


RECORDED_SEPARATOR = RECORDED.separator
