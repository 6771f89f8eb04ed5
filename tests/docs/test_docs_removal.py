"""What the how-to installs, its own steps remove: nothing is left below the root where they were followed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.docs_pages import fences, page, section

INSTALL = page("how-to/install-as-an-epilog")
STEPS = ("1. The program", "2. The hook", "3. The spool", "4. The settings", "5. The units")
_ABSOLUTE = re.compile(r"(?<![\w.}])(?<!ExecStart=)/(?=(?:etc|usr|opt|var|root|srv)/)")
_SKELETON = (
    "etc/tmpfiles.d",
    "etc/systemd/system",
    "etc/cron.d",
    "usr/libexec",
    "opt",
    "var/spool",
    "root",
    "srv",
)
_STANDINS = {
    # Links are made and removed by the real program; what needs a running systemd is left out.
    "systemctl": "case $1 in daemon-reload | reset-failed | stop | restart) exit 0 ;; esac\n"
    'verb=$1; shift; [ "$1" != --now ] || shift\nexec {real} --root={root} "$verb" "$@"\n',
    "systemd-tmpfiles": 'exec {real} --root={root} "$@"\n',
    "scontrol": "exit 0\n",
}


class Root:
    """A machine's root, as far as an installation touches it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "root"
        for directory in _SKELETON:
            (self.path / directory).mkdir(parents=True)
        for name in ("passwd", "group"):
            shutil.copy(f"/etc/{name}", self.path / "etc" / name)
        self._programs = path / "programs"
        self._programs.mkdir()
        for name, text in _STANDINS.items():
            script = self._programs / name
            script.write_text("#!/bin/sh\n" + text.format(real=shutil.which(name), root=self.path))
            script.chmod(0o755)

    def listed(self) -> list[str]:
        """Return every path below the root."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*"))

    def run(self, script: str, *, strict: bool = True) -> None:
        """Run commands of the page as if this were the machine's root."""
        moved = _ABSOLUTE.sub(f"{self.path}/", script)
        outside = [word for word in moved.split() if word.startswith("/") and str(self.path) not in word]
        assert outside == [], "this is another's machine"
        path = f"{self._programs}:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": str(self.path / "root"), "LC_ALL": "C"}
        argv = ["/bin/sh", "-eux" if strict else "-ux", "-c", f"umask 022\n{moved}"]
        done = subprocess.run(
            argv, env=env, cwd="/", capture_output=True, text=True, check=False, timeout=120
        )
        assert not strict or done.returncode == 0, done.stderr

    def install_program(self) -> None:
        """Put in the place of the environment that pip makes a program that leads to this one."""
        program = self.path / "opt/afterall/bin/afterall"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -I -m afterall "$@"\n')
        program.chmod(0o755)

    def move_hooks_spool(self) -> None:
        """Let the hook write below this root."""
        hook = self.path / "usr/libexec/afterall/afterall-epilog"
        text = re.sub(r"(?m)^spool=(.*)$", rf"spool={self.path}\1", hook.read_text())
        hook.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """Return an empty root; skip where the page's commands cannot be run."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("systemctl", "systemd-tmpfiles")):
        pytest.skip("the page's commands need root and systemd's programs")
    return Root(tmp_path)


def _shell(heading: str) -> list[str]:
    """Return the shell blocks below a heading of the page."""
    return ["\n".join(fence.lines) for fence in fences(section(INSTALL, heading)) if fence.language == "sh"]


def _install(root: Root) -> None:
    """Follow steps 1 to 5, pip's work apart, and let a worker run."""
    root.install_program()
    blocks = {step: _shell(f"## {step}") for step in STEPS}
    bring = blocks["1. The program"][1:]
    assert "--install-files" in bring[0]
    files = next(line for line in bring[0].splitlines() if line.startswith("files="))
    root.run(bring[0])
    for step in STEPS[1:]:
        for block in blocks[step]:
            root.run(f"{files}\n{block}")
        if step == "2. The hook":
            root.move_hooks_spool()
    root.run("/opt/afterall/bin/afterall collect --once --spool /var/spool/afterall >/dev/null 2>&1")


def test_the_steps_install_all_of_it(root: Root) -> None:
    """The hook, the settings, the units with their links, and a spool that hook and worker have used."""
    _install(root)
    listed = root.listed()
    for path in (
        "usr/libexec/afterall/afterall-epilog",
        "etc/afterall/config.toml",
        "etc/systemd/system/multi-user.target.wants/afterall-collect.path",
        "etc/systemd/system/timers.target.wants/afterall-sweep.timer",
        "var/spool/afterall/done/events",
    ):
        assert path in listed
    service = (root.path / "etc/systemd/system/afterall-collect.service").read_text()
    assert "\nExecStart=/opt/afterall/bin/afterall collect --once\n" in service


def test_the_steps_of_removal_leave_nothing(root: Root) -> None:
    """Also of the variants: drop-ins for another spool or for slurm's, and cron's file."""
    before = root.listed()
    _install(root)
    (root.path / "etc/cron.d/afterall").write_text("")
    for heading in ("## Another place for the spool", "## Variant: once a job, on the controller"):
        for block in _shell(heading):
            root.run(block)
    assert len(root.listed()) > len(before) + 20
    (removal,) = _shell("## Remove it")
    root.run(removal, strict=False)
    assert root.listed() == before


def test_the_drop_ins_of_the_page_move_the_spool(root: Root) -> None:
    """The doctor reads units and drop-ins together and has nothing against the moved spool."""
    from afterall.diagnose.check import Outcome
    from afterall.diagnose.units import check_units

    _install(root)
    # The places within the files are the machine's own, as the page's commands print them.
    (block,) = _shell("## Another place for the spool")
    root.run(block.replace("spool=/srv/afterall", "spool='/srv'/afterall"))
    found = [
        check for check in check_units(Path("/srv/afterall"), root.path) if check.outcome is Outcome.WRONG
    ]
    # The program lies below the test's root.
    assert [check.found for check in found if "is no program here" not in check.found] == []
