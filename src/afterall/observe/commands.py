"""Run one Slurm command and bring back what it said: the only place here that starts a process.

Invariant: it always returns, within the time limit and the memory cap, and leaves no process behind; a
failure is one clean line, never an exception.
"""

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from typing import IO

from msgspec import Struct

_PASSED_ON = ("HOME", "USER", "LOGNAME", "SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT", "LD_LIBRARY_PATH")
"""SACCT_FORMAT, SQUEUE_STATES, SLURM_CLUSTERS and the like would change what the commands print."""

_FORCED = {"TZ": "UTC", "LC_ALL": "C", "SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"}
"""Epoch seconds, and the pending part of an array in full instead of its first 64 characters."""

_MAX_ANSWER_BYTES = 256 * 1024 * 1024
_MAX_COMPLAINT_BYTES = 64 * 1024
_CHUNK_BYTES = 1 << 16
_LINE_CHARACTERS = 200


class SlurmCommands(Struct, frozen=True, kw_only=True):
    """How Slurm's commands are run: `path` as PATH, `environment` filtered to what they need."""

    path: str
    environment: dict[str, str] = {}
    timeout_s: float = 60.0
    ids_a_query: int = 200
    """Most job ids in one accounting query."""


class Answer(Struct, frozen=True):
    """What a command wrote; `problem` is one line, empty when it can be relied on."""

    stdout: bytes
    problem: str = ""


def ask(argv: list[str], commands: SlurmCommands) -> Answer:
    """Run `argv` with closed stdin, its own process group and a clean environment.

    A zero exit code is not enough: squeue 22.05 says "squeue: error: Invalid user: …" and exits 0 with an
    empty list [measured].
    """
    program = find(argv[0], commands)
    if program is None:
        return Answer(b"", f"{os.path.basename(argv[0])}: not found")
    try:
        process = subprocess.Popen(
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(commands),
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Answer(b"", f"{argv[0]}: {getattr(error, 'strerror', None) or error}")
    with process:
        stdout, stderr, cut = _read(process, time.monotonic() + commands.timeout_s)
        if cut:
            _end(process)
            return Answer(
                stdout, f"{os.path.basename(argv[0])}: {cut.format(limit=f'{commands.timeout_s:g} s')}"
            )
    return Answer(stdout, _problem(os.path.basename(argv[0]), process.returncode, stdout, stderr))


def find(program: str, commands: SlurmCommands) -> str | None:
    """Return where `program` lies on the commands' own path, or None."""
    return shutil.which(program, path=commands.path)


def clean_line(text: bytes) -> str:
    """Return the first line that says anything, without control characters and of bounded length."""
    for line in text[:_MAX_COMPLAINT_BYTES].decode("utf-8", "replace").split("\n"):
        plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+", " ", line).strip()
        if plain:
            return plain[:_LINE_CHARACTERS]
    return ""


def _environment(commands: SlurmCommands) -> dict[str, str]:
    kept = {name: commands.environment[name] for name in _PASSED_ON if name in commands.environment}
    return {**kept, "PATH": commands.path, **_FORCED}


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes, str]:
    """Read both pipes to their ends; the third value says why reading was given up, empty if it was not."""
    assert process.stdout is not None
    assert process.stderr is not None
    said, complained = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, said)
        selector.register(process.stderr, selectors.EVENT_READ, complained)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready or time.monotonic() > deadline:
                return bytes(said), bytes(complained), "no answer within {limit}"
            for key, _ in ready:
                if not _take(key.fileobj, key.data):  # type: ignore[arg-type]  # only pipes are registered
                    selector.unregister(key.fileobj)
            del complained[_MAX_COMPLAINT_BYTES:]
            if len(said) > _MAX_ANSWER_BYTES:
                return b"", bytes(complained), f"answered more than {_MAX_ANSWER_BYTES // 1024**2} MiB"
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return bytes(said), bytes(complained), "no answer within {limit}"
    return bytes(said), bytes(complained), ""


def _take(pipe: IO[bytes], into: bytearray) -> bool:
    chunk = os.read(pipe.fileno(), _CHUNK_BYTES)
    into += chunk
    return bool(chunk)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group; it cannot have been reused while its leader is not waited for."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def _problem(program: str, code: int, stdout: bytes, stderr: bytes) -> str:
    complaint = clean_line(stderr)
    if code == 0 and not (stderr and b"error:" in stderr and not stdout.strip()):
        return ""
    return complaint or clean_line(stdout) or f"{program}: exit code {code}"
