"""Submit jobs to a test cluster and look at what becomes of them, as its ordinary user and as root."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster.cluster_config import Place
from cluster.cluster_processes import until
from cluster.cluster_users import User

ENDED = frozenset({"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"}) | frozenset(
    {"OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"}
)
SACCT_FIELDS = (
    *("JobIDRaw", "JobID", "State", "ExitCode", "Submit", "Start", "End", "ElapsedRaw", "Restarts"),
    *("NNodes", "NodeList", "AllocTRES", "User", "UID", "WorkDir", "JobName"),
)


class Jobs:
    """What can be done with jobs; `users[0]` submits them unless a test says otherwise."""

    def __init__(self, place: Place) -> None:
        self.env = place.env
        self.users: list[User] = []

    @property
    def user(self) -> User:
        """The ordinary user that submits unless a test says otherwise."""
        return self.users[0]

    def run(self, *argv: str | Path, check: bool = True, timeout_s: float = 60) -> str:
        """Run a command as root against this cluster and return what it printed."""
        done = subprocess.run(
            argv, env=self.env, cwd="/", check=False, capture_output=True, text=True, timeout=timeout_s
        )
        return _checked(done, check=check).stdout

    def run_as_user(
        self,
        argv: Sequence[str | Path],
        cwd: Path,
        *,
        user: User | None = None,
        script: str | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        timeout_s: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as an ordinary user in `cwd`; `script` is its input, `env` adds to its own."""
        who = user or self.user
        done = subprocess.run(
            argv,
            env={**who.env(self.env), **(env or {})},
            cwd=cwd,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            input=script or "",
            user=who.uid,
            group=who.gid,
            extra_groups=[who.gid],
            umask=0o022,
        )
        return _checked(done, check=check)

    def sbatch(self, cwd: Path, *args: str | Path, script: str | None = "", user: User | None = None) -> str:
        """Submit from `cwd` and return the job id; `script` is the job's lines after `#!/bin/sh`.

        With script=None the arguments name the script file and its arguments.
        """
        text = None if script is None else f"#!/bin/sh\n{script}\n"
        done = self.run_as_user(["sbatch", "--parsable", *args], cwd, user=user, script=text)
        return done.stdout.strip().partition(";")[0]

    def states(self, job_id: str) -> tuple[str, ...]:
        """Return the controller's states of a job, one for each task or component; none for an unknown id."""
        shown = self.run("squeue", "-h", "-r", "-t", "all", "-j", job_id, "-o", "%T", check=False)
        return tuple(shown.split())

    def wait(self, job_id: str, *states: str, timeout_s: float = 60) -> tuple[str, ...]:
        """Wait until all tasks of a job are in one of `states`, by default any in which a job is over."""
        wanted = frozenset(states) or ENDED
        try:
            return until(
                lambda: self.states(job_id),
                lambda seen: bool(seen) and wanted.issuperset(seen),
                f"job {job_id} in {' or '.join(sorted(wanted))}",
                timeout_s,
            )
        except TimeoutError as error:
            shown = self.run("scontrol", "show", "job", job_id, check=False)
            raise TimeoutError(f"{error}\n{shown}") from error

    def sacct(self, job_id: str) -> list[dict[str, str]]:
        """Return accounting's rows of a job, every requeued leg included, by field name."""
        known = self.run("sacct", "--helpformat").split()
        fields = [field for field in SACCT_FIELDS if field in known]
        argv = ("sacct", "-n", "-P", "-D", "-X", "--delimiter=\x1f", "-o", ",".join(fields), "-j", job_id)
        lines = self.run(*argv).splitlines()
        return [dict(zip(fields, line.split("\x1f"), strict=True)) for line in lines]

    def wait_accounted(self, job_id: str, *states: str, timeout_s: float = 60) -> list[dict[str, str]]:
        """Wait until accounting tells one of `states` (see `wait`) of all tasks, in rows that are whole.

        For some seconds a short job's row may hold its final state with End=Unknown and ExitCode=0:0, or with
        the user root and no WorkDir (measured on 22.05.8).
        """
        wanted = frozenset(states) or ENDED

        def settled(rows: list[dict[str, str]]) -> bool:
            done = [row["State"].split()[0] in wanted and row["WorkDir"] != "" for row in rows]
            ended = [row["End"] != "Unknown" or row["State"].split()[0] not in ENDED for row in rows]
            return bool(rows) and all(done) and all(ended)

        return until(lambda: self.sacct(job_id), settled, f"accounting of job {job_id}", timeout_s)


def _checked(done: subprocess.CompletedProcess[str], *, check: bool) -> subprocess.CompletedProcess[str]:
    """Return `done`, or raise RuntimeError with what the command said."""
    if check and done.returncode:
        said = f"{done.stderr}{done.stdout}".strip()
        raise RuntimeError(f"{' '.join(map(str, done.args))}: exit {done.returncode}: {said}")
    return done
