"""Become the user that the arguments name, then tell on stdout what this process is and may do."""

import json
import os
import resource
import sys

from afterall.collect.become import become
from afterall.collect.messages import Limits, Person
from afterall.errors import CannotBecomeUser

LIMITS = Limits(cpu_s=50, memory_bytes=2**31, file_bytes=2**20, open_files=64)


def _status() -> dict[str, str]:
    with open("/proc/self/status") as file:
        pairs = (line.rstrip("\n").partition(":\t") for line in file)
        return {key: value for key, _, value in pairs}


def _can_read(path: str) -> bool:
    try:
        with open(path, "rb"):
            return True
    except PermissionError:
        return False


def main() -> None:
    """Print one JSON object."""
    uid, gid, min_uid = int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2] else None, int(sys.argv[3])
    if len(sys.argv) > 4:  # begin as somebody who is not root
        os.setresuid(*[int(sys.argv[4])] * 3)
    try:
        known = become(Person(uid, gid, ""), min_uid, LIMITS)
    except CannotBecomeUser as error:
        print(json.dumps({"refused": str(error), "uids": os.getresuid()}))
        return
    status = _status()
    mask = os.umask(0)
    os.umask(mask)
    told = {
        "known": known,
        "uids": os.getresuid(),
        "gids": os.getresgid(),
        "groups": sorted(os.getgroups()),
        "no_new_privs": status["NoNewPrivs"],
        "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")],
        "umask": mask,
        "cwd": os.getcwd(),
        "shadow": _can_read("/etc/shadow"),
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
            for name in ("CPU", "AS", "FSIZE", "NOFILE", "CORE")
        },
        "nice": os.nice(0),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
