"""Write spool records as the hook's specification says, for tests to read back."""

from collections.abc import Mapping

LIMITS = {"work_dir": 1024}
"""Longest value in bytes, by key; every other key's is 256."""


def record(values: Mapping[str, bytes]) -> bytes:
    """Return a record of `values`; those that do not fit are named in `omitted` instead."""
    lines, omitted = [b"afterall-event 1"], []
    for key, value in values.items():
        if b"\n" in value or b"\r" in value or b"\0" in value or len(value) > LIMITS.get(key, 256):
            omitted.append(key)
        else:
            lines.append(key.encode() + b"=" + value)
    if omitted:
        lines.append(b"omitted=" + ",".join(omitted).encode())
    return b"\n".join([*lines, b"end=1"]) + b"\n"


ENDING = {
    "context": b"epilog_slurmd",
    "job_id": b"1234",
    "uid": b"1001",
    "gid": b"1001",
    "user": b"researcher",
    "cluster": b"lab",
    "work_dir": b"/scratch/researcher/sweep/rank4",
    "exit": b"0:0",
    "restarts": b"0",
    "node": b"n1",
}
"""What the hook writes as an Epilog."""
