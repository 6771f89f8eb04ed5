"""The hook costs two processes, holds nothing open, and looks at nothing but its spool and the system."""

import os
import re
import select
import subprocess
from pathlib import Path

import pytest

from hook.hook_runs import CONTEXTS, HOOK, Hook, read_record, require

SYSTEM = (
    "/bin/mv",
    "/bin/rm",
    "/dev/null",
    "/etc/ld.so",
    "/etc/selinux",
    "/lib",
    "/proc/filesystems",
    "/proc/mounts",
    "/proc/self/environ",
    "/sys/fs/selinux",
    "/selinux",
    "/usr/bin/mv",
    "/usr/lib",
    "/usr/share/locale",
)
"""What mv and the dynamic loader look at by themselves, all of it root's."""
BASH = ("/dev/tty", "/etc/nsswitch.conf", "/etc/passwd", "/var/run/nscd/socket", "/run/nscd/socket")
"""What bash looks at before it reads the script, for want of SHELL: the shell of the user it runs as."""


@pytest.fixture
def traced(hook: Hook, tmp_path: Path) -> list[str]:
    """Run the hook under strace with paths of the user's all over its environment; return the calls seen."""
    require("strace")
    home = tmp_path / "home"
    home.mkdir()
    paths = dict.fromkeys(["SLURM_JOB_WORK_DIR", "SLURM_JOB_STDOUT", "SLURM_JOB_COMMENT", "HOME"], str(home))
    output = tmp_path / "strace"
    calls = "trace=%file,%process,connect,socket,write,dup2,dup3"
    wrapper = ("/usr/bin/env", "strace", "-f", "-qq", "-s", "500", "-e", calls, "-o", str(output))
    env = {**CONTEXTS["epilog_slurmd"], **paths, "PATH": "/usr/bin:/bin"}
    hook.run(env, *wrapper)
    (record,) = hook.take()
    assert read_record(record)["work_dir"] == str(home).encode()
    return output.read_text().splitlines()


def test_two_processes_are_enough(traced: list[str]) -> None:
    """The hook is its shell and one mv: two processes, and one program started."""
    assert len({line.split()[0] for line in traced}) == 2
    programs = [line for line in traced if " execve(" in line and " = -1 " not in line]
    assert len(programs) == 2
    assert re.search(r'execve\("/(usr/)?bin/mv", ', programs[1])


def test_only_the_spool_is_touched(hook: Hook, traced: list[str]) -> None:
    """No call names a path outside the spool and the system; above all none of the user's."""
    own = (str(hook.spool), str(hook.script), hook.shell)
    calls = [line for line in traced if not re.search(r" (execve|write)\(", line)]
    named = {path for line in calls for path in re.findall(r'"([^"]*)"', line)}
    foreign = {path for path in named if path.startswith("/") and not path.startswith((*own, *SYSTEM, *BASH))}
    assert foreign <= {"/"}
    assert not any(path.startswith(str(hook.spool.parent / "home")) for path in named)


def test_the_network_is_not_touched(traced: list[str]) -> None:
    """No daemon of Slurm's and no other host is asked."""
    sockets = [line for line in traced if re.search(r" (socket|connect)\(", line)]
    assert [line for line in sockets if "AF_UNIX" not in line or "slurm" in line or "munge" in line] == []


def test_a_record_is_one_write_and_one_rename(hook: Hook, traced: list[str]) -> None:
    """The record reaches its temporary file in one write, and new/ by one rename, so none is seen in part."""
    assert len([line for line in traced if "write(" in line and "afterall-event 1" in line]) == 1
    renames = [line for line in traced if re.search(r" rename(at2?)?\(", line)]
    assert len(renames) == 1
    assert f"{hook.spool}/tmp/" in renames[0]
    assert f"{hook.spool}/new/" in renames[0]


@pytest.mark.parametrize("context", CONTEXTS)
def test_output_is_let_go_at_once(hook: Hook, context: str) -> None:
    """While mv still works, nobody waits for the hook's output: Slurm would keep the job COMPLETING."""
    slow = hook.script.parent / "slow"
    slow.mkdir()
    os.mkfifo(slow / "go")
    (slow / "mv").write_text(f'#!/bin/sh\nread -r _ <"{slow}/go"\nexec /bin/mv "$@"\n')
    (slow / "mv").chmod(0o755)
    text, edited = re.subn(r"for bin in /bin /usr/bin", f"for bin in {slow}", hook.script.read_text())
    assert edited == 1
    hook.script.write_text(text)
    with subprocess.Popen(
        hook.argv,
        executable=hook.shell,
        env=CONTEXTS[context],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        ended, _, _ = select.select([process.stdout], [], [], 20)
        still_runs = process.poll() is None
        (slow / "go").write_text("\n")
        assert (process.stdout.read(), process.wait(30)) == (b"", 0)
    assert ended
    assert still_runs
    assert len(hook.take()) == 1


def test_the_hook_is_clean_posix_sh() -> None:
    """Shellcheck finds nothing in the hook."""
    require("shellcheck")
    done = subprocess.run(["shellcheck", "-s", "sh", HOOK], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_one_line_near_the_top_is_the_setting() -> None:
    """The spool's line stands once, among the first ten lines, and names the default."""
    lines = HOOK.read_text().splitlines()
    assert [line for line in lines if line.startswith("spool=")] == ["spool=/var/spool/afterall"]
    assert "spool=/var/spool/afterall" in lines[:10]
    assert lines[0] == "#!/bin/sh"
    assert HOOK.stat().st_mode & 0o111 == 0o111
