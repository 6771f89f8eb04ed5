"""Verify by a process of its own, and see that it took neither more memory nor more time than it may."""

import subprocess
import sys
from pathlib import Path

import msgspec

from afterall.model import Checkpoint, Tier

LIMIT_BYTES = 300 << 20
SECONDS = 60

PROGRAM = """
import resource
import sys
from pathlib import Path
import msgspec
from afterall.model import Tier
from afterall.scan.checkpoints import verify
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
sys.stdout.buffer.write(msgspec.json.encode(verify([Path(sys.argv[1])], Tier(sys.argv[2]))))
status = Path("/proc/self/status").read_text()
sys.stderr.write(status.partition("VmHWM:")[2].split()[0])
"""
"""Prints the checkpoints, and the most memory it ever held, in KiB."""


def all_bounded(path: Path, depth: Tier = Tier.QUICK, seconds: float = SECONDS) -> tuple[Checkpoint, ...]:
    """Return the checkpoints at or below `path`, verified within 300 MiB and so many seconds."""
    argv = [sys.executable, "-c", PROGRAM, str(path), depth.value]
    done = subprocess.run(argv, capture_output=True, check=True, timeout=seconds)
    assert int(done.stderr) << 10 < LIMIT_BYTES
    return msgspec.json.decode(done.stdout, type=tuple[Checkpoint, ...])


def only_bounded(path: Path, depth: Tier = Tier.QUICK, seconds: float = SECONDS) -> Checkpoint:
    """Return the one checkpoint at `path`, verified within 300 MiB and so many seconds."""
    (checkpoint,) = all_bounded(path, depth, seconds)
    return checkpoint


def sparse(path: Path, begin: bytes, size: int, end: bytes = b"") -> Path:
    """Return a file of `size` bytes beginning with `begin`, ending with `end`, a hole between them."""
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(size)
        file.seek(size - len(end))
        file.write(end)
    return path
