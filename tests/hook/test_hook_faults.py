"""Whatever is wrong with the spool, the hook exits 0, says nothing and leaves nothing half-written."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hook.hook_runs import CONTEXTS, EPILOG, Hook, read_record


def no_spool(spool: Path) -> None:
    """Take the whole spool away."""
    shutil.rmtree(spool)


def no_new(spool: Path) -> None:
    """Take away the directory for complete records."""
    (spool / "new").rmdir()


def no_tmp(spool: Path) -> None:
    """Take away the directory for records being written."""
    (spool / "tmp").rmdir()


def a_file(spool: Path) -> None:
    """Put a file where the spool should be."""
    shutil.rmtree(spool)
    spool.write_text("kept")


def new_is_a_file(spool: Path) -> None:
    """Put a file where the directory for complete records should be."""
    (spool / "new").rmdir()
    (spool / "new").write_text("kept")


def tmp_is_a_dead_link(spool: Path) -> None:
    """Put a symbolic link to nowhere where records are written."""
    (spool / "tmp").rmdir()
    (spool / "tmp").symlink_to(spool / "nowhere")


FAULTS = (no_spool, no_new, no_tmp, a_file, new_is_a_file, tmp_is_a_dead_link)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_broken_spool_is_left_alone(hook: Hook, context: str, fault: Callable[[Path], None]) -> None:
    """With a part of the spool missing or no directory, nothing is made, changed or left over."""
    fault(hook.spool)
    before = tree(hook.spool)
    hook.run(CONTEXTS[context])
    assert tree(hook.spool) == before


def tree(path: Path) -> list[tuple[str, bytes]]:
    """Return every path at and below `path` with the bytes of the files."""
    return [(str(p), p.read_bytes() if p.is_file() else b"") for p in [path, *sorted(path.rglob("*"))]]


@pytest.mark.parametrize("options", ["ro", "size=4k", "nr_inodes=4"])
def test_a_spool_that_takes_nothing(hook: Hook, options: str) -> None:
    """On a file system that is read-only, out of blocks or out of inodes the hook leaves no trace."""
    # A private mount: 4 inodes are the root, new, tmp and the file that fills the only block.
    script = f"""
        mount -t tmpfs -o {options.replace("ro", "size=64k")} none "{hook.spool}" || exit 77
        mkdir "{hook.spool}/new" "{hook.spool}/tmp"
        printf %5000s x >"{hook.spool}/full" 2>/dev/null
        case {options} in ro) mount -o remount,ro "{hook.spool}" || exit 77 ;; esac
        "{hook.shell}" "{hook.script}" || exit 1
        find "{hook.spool}" -mindepth 1 ! -name full ! -name new ! -name tmp
    """
    argv = ["unshare", "--mount", "--map-root-user", "/bin/sh", "-c", script]
    env = {**EPILOG, "PATH": os.environ["PATH"]}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no private mounts here: {done.stderr.strip()}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_in_the_way_is_not_written_to(hook: Hook) -> None:
    """A link planted under the name of the record being written is not followed."""
    victim = hook.spool.parent / "victim"
    victim.write_text("kept")
    planted = f'for i in 0 1; do ln -s "{victim}" "{hook.spool}/tmp/4711.n1.$$.$i"; done; exec "$0" "$1"'
    # exec keeps the process id, so the record's name is known beforehand.
    argv = ["/bin/sh", "-c", planted, hook.shell, str(hook.script)]
    done = subprocess.run(argv, env={**EPILOG, "PATH": os.environ["PATH"]}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert victim.read_text() == "kept"
    assert list((hook.spool / "new").iterdir()) == []


@pytest.mark.parametrize("signal_name", ["HUP", "INT", "TERM"])
def test_a_signal_drains_no_node(hook: Hook, signal_name: str) -> None:
    """Told to end in the middle, the hook still exits 0."""
    text = hook.script.read_text()
    hook.script.write_text(text.replace("umask 077\n", f"umask 077\nkill -{signal_name} $$\n", 1))
    hook.run(EPILOG)
    assert hook.take() == []


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_not_matter(hook: Hook, closed: str) -> None:
    """Started without standard streams, the hook writes its record and nothing else into it."""
    argv = ["/bin/sh", "-c", f'exec "$0" "$1" {closed}', hook.shell, str(hook.script)]
    assert subprocess.run(argv, env=EPILOG, capture_output=True, check=False).returncode == 0
    (record,) = hook.take()
    assert read_record(record)["job_id"] == b"4711"
