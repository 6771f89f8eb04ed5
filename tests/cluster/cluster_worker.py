"""Run afterall's worker on a test cluster as the site's service does: as root, with the unit's few rights."""

import contextlib
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cluster.cluster_processes import Daemon, tail, until
from cluster.cluster_slurm import Slurm

_UNIT = Path(__file__).parents[2] / "slurm" / "afterall-collect.service"


def unit_rights() -> list[str]:
    """Return the capabilities that the service's unit leaves to root, as setpriv names them."""
    (line,) = re.findall(r"(?m)^CapabilityBoundingSet=(.*)$", _UNIT.read_text())
    return [word.removeprefix("CAP_").lower() for word in line.split()]


@dataclass(frozen=True)
class Site:
    """An installation: the Python that has afterall, and the site's settings."""

    slurm: Slurm
    python: str
    settings: str = ""
    more_rights: tuple[str, ...] = ()
    """Capabilities beyond the unit's, as a spool that is not root's needs."""
    spool: Path | None = None
    """None: the cluster's one spool."""

    @property
    def config(self) -> Path:
        """The site's settings, written down: quick to look again, since a test waits for it."""
        spool = self.spool or self.slurm.spool
        path = spool.with_name(f"{spool.name}.toml")
        lines = [f'slurm_conf = "{self.slurm.conf}"', f'spool = "{spool}"']
        given = set(re.findall(r"(?m)^(\w+) =", self.settings))
        quick = {"debounce_s": "0.5", "retry_first_s": "0.5", "retry_last_s": "2"}
        lines += [f"{key} = {value}" for key, value in quick.items() if key not in given]
        path.write_text("\n".join([*lines, self.settings]) + "\n")
        return path

    def argv(self, *arguments: str) -> list[str]:
        """Return the command line of the worker, with no more rights than its unit has."""
        rights = "".join(f",+{right}" for right in (*unit_rights(), *self.more_rights))
        become = ["/bin/sh", "-c", 'umask 077 && exec "$@"', "sh"]
        become += ["setpriv", f"--bounding-set=-all{rights}", "--inh-caps=-all", "--no-new-privs"]
        return [*become, self.python, "-I", "-m", "afterall", *arguments, "--config", str(self.config)]

    def once(self, *arguments: str, before: tuple[str, ...] = (), code: int = 0) -> str:
        """Run the worker once, by default `collect --once`; return what it logged.

        `before` is a command that runs it, as strace; `code` the exit code that is wanted.
        """
        argv = [*before, *self.argv(*(arguments or ("collect", "--once")))]
        env = {"PATH": self.slurm.env["PATH"]}
        done = subprocess.run(
            argv, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == code, f"exit {done.returncode}: {done.stderr}"
        return done.stderr

    def until_reported(self, set_dir: Path, timeout_s: float = 60) -> str:
        """Run the worker again and again, as a timer does, until it has reported on a set."""
        logged: list[str] = []

        def look() -> str:
            logged.append(self.once())
            return "".join(logged)

        return until(look, lambda log: bool(decisions(log, set_dir, "reported")), "a report", timeout_s)


class Watch:
    """A worker that goes on in the background."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.output = site.slurm.place.log / "worker.log"
        environment = {"PATH": site.slurm.env["PATH"]}
        self._worker = Daemon(site.argv("collect", "--watch"), self.output, environment)

    @property
    def pid(self) -> int:
        """Its process id, while it runs."""
        process = self._worker.process
        assert process is not None
        return process.pid

    @property
    def log(self) -> str:
        """Everything that it has logged."""
        return tail(self.output, 10**7)

    def wait(self, set_dir: Path, action: str, timeout_s: float = 60, **told: str) -> str:
        """Wait until the worker has logged a decision on a set that tells `told`; return its line."""

        def look() -> list[str]:
            return [line for line in decisions(self.log, set_dir, action) if _tells(line, told)]

        try:
            return until(look, bool, f"{action} {told} of {set_dir}", timeout_s)[-1]
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log[-4000:]}") from error

    def wait_done(self, set_dir: Path, timeout_s: float = 60) -> None:
        """Wait until the worker has reported on a set and put it away, with all that was noted of it."""
        spool = self.site.slurm.spool

        def rooms() -> list[str]:
            notes = [path for room in ("sets", "done/sets") for path in (spool / room).glob("*.json")]
            return sorted(path.parent.parent.name for path in notes if _is_of(path, set_dir))

        try:
            until(rooms, lambda seen: seen == ["done"], f"a report on {set_dir}", timeout_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.log[-4000:]}") from error

    @contextlib.contextmanager
    def going(self) -> Iterator["Watch"]:
        """Start the worker; end it as systemd does."""
        self._worker.start()
        try:
            yield self
        finally:
            self._worker.stop(signal.SIGTERM)


def decisions(log: str, set_dir: Path, action: str) -> list[str]:
    """Return the lines in which the worker told this decision on a set."""
    about = re.compile(rf" action={action} set={re.escape(str(set_dir))} ")
    return [line for line in log.splitlines() if about.search(line)]


def _is_of(note: Path, set_dir: Path) -> bool:
    """Tell whether one of the worker's notes is of a set; one that was just moved is of none."""
    with contextlib.suppress(FileNotFoundError):
        return bool(json.loads(note.read_text())["set_dir"] == str(set_dir))
    return False


def _tells(line: str, told: dict[str, str]) -> bool:
    return all(re.search(rf" {key}=\"?[^=]*{re.escape(value)}", line) for key, value in told.items())
