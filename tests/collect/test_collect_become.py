"""A process becomes a user for good, or refuses before it has touched anything."""

import grp
import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collect.collect_installation import USER

PROBE = Path(__file__).with_name("become_probe.py")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")


def _become(uid: int, gid: int | None, min_uid: int = 1000, start_as: int | None = None) -> dict[str, Any]:
    argv = [sys.executable, "-I", str(PROBE), str(uid), "" if gid is None else str(gid), str(min_uid)]
    argv += [] if start_as is None else [str(start_as)]
    groups = [0, 6, 42] if os.geteuid() == 0 else None
    ran = subprocess.run(argv, capture_output=True, check=True, timeout=60, extra_groups=groups)
    told = json.loads(ran.stdout)
    assert isinstance(told, dict)
    return told


@needs_root
def test_nothing_of_root_is_left() -> None:
    """All ids, groups and capabilities are the user's, and no new privileges can come."""
    told = _become(USER, USER)
    assert told["uids"] == [USER] * 3
    assert told["gids"] == [USER] * 3
    assert set(told["groups"]) <= {USER}
    assert told["no_new_privs"] == "1"
    assert told["capabilities"] == ["0000000000000000"] * 4
    assert told["shadow"] is False
    assert (told["umask"], told["cwd"], told["known"]) == (0o022, "/", False)


@needs_root
def test_limits_hold_hard_and_soft() -> None:
    """The process cannot lift them again, and it makes way for others."""
    told = _become(USER, USER)
    assert told["limits"] == {
        "CPU": [50, 50],
        "AS": [2**31, 2**31],
        "FSIZE": [2**20, 2**20],
        "NOFILE": [64, 64],
        "CORE": [0, 0],
    }
    assert told["nice"] == min(19, os.nice(0) + 10)


@pytest.fixture
def member() -> Any:
    """Make a user with a secondary group, and remove both afterwards."""
    name, group = "afterall-member", "afterall-lab"
    subprocess.run(["groupadd", "-g", "61236", group], check=True)
    subprocess.run(["useradd", "-M", "-u", "61235", "-U", "-G", group, name], check=True)
    yield pwd.getpwnam(name), grp.getgrnam(group)
    subprocess.run(["userdel", name], check=True)
    subprocess.run(["groupdel", group], check=True)


@needs_root
def test_a_known_user_has_all_his_groups(member: tuple[pwd.struct_passwd, grp.struct_group]) -> None:
    """A set in a group's directory can be read and written as by his own jobs."""
    user, lab = member
    told = _become(user.pw_uid, user.pw_gid)
    assert told["gids"] == [user.pw_gid] * 3
    assert set(told["groups"]) == {user.pw_gid, lab.gr_gid}
    assert told["known"] is True


@needs_root
def test_the_jobs_group_counts_where_the_user_is_in_it(
    member: tuple[pwd.struct_passwd, grp.struct_group],
) -> None:
    """As `sbatch --gid` set it; any other group in a record is not taken on."""
    user, lab = member
    assert _become(user.pw_uid, lab.gr_gid)["gids"] == [lab.gr_gid] * 3
    assert _become(user.pw_uid, 42)["gids"] == [user.pw_gid] * 3


@needs_root
@pytest.mark.parametrize(
    ("uid", "gid", "reason"),
    [
        (0, 0, "uid 0: is below the smallest uid served, 1000"),
        (999, 999, "uid 999: is below the smallest uid served, 1000"),
        (4294967295, USER, "uid 4294967295: is no user's"),
        (4294967294, USER, "uid 4294967294: is no user's"),
        (USER, None, f"uid {USER}: is unknown here, and its job's record names no group"),
        (USER, 0, f"uid {USER}: its group 0 is not an ordinary one"),
        (USER, 4294967295, f"uid {USER}: its group 4294967295 is not an ordinary one"),
    ],
)
def test_who_cannot_be_served_is_refused(uid: int, gid: int | None, reason: str) -> None:
    """Uid -1 would mean "stay root" to setresuid."""
    told = _become(uid, gid)
    assert told == {"refused": reason, "uids": [0, 0, 0]}


@needs_root
def test_no_setting_makes_root_a_user() -> None:
    """Even a smallest uid of zero."""
    assert _become(0, 0, min_uid=0)["refused"] == "uid 0: is below the smallest uid served, 0"


@needs_root
def test_a_user_can_become_nobody_else() -> None:
    """A worker that is no root serves its own user alone."""
    told = _become(USER + 1, USER, start_as=USER)
    assert told["refused"] == f"uid {USER + 1}: this process is uid {USER} and can become nobody else"
