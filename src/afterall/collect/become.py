"""Become a user for good: groups, all three gids and uids, no new privileges, limits, and proof of it.

Invariant: `become` returns only in a process that is the user and can be nobody else; in every other case it
raises CannotBecomeUser, and the caller ends without having touched anything.

The order follows slurmd's own `_open_as_other()` (src/slurmd/slurmd/req.c): groups, then gid, then uid.
"""

import ctypes
import os
import pwd
import resource
from collections.abc import Callable

from afterall.collect.messages import Limits, Person
from afterall.errors import CannotBecomeUser

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
# (uid_t)-1 tells setresuid(2) to leave an id as it is; 0xfffffffe is Slurm's NO_VAL.
_LARGEST_ID = 0xFFFFFFFD
_NICENESS = 10


def become(person: Person, min_uid: int, limits: Limits) -> bool:
    """Turn this process into `person`; return whether a name service knows the uid.

    A process that is not root can only stay who it is, and does. The working directory becomes `/`, the
    umask 022.
    """
    _refuse(person, min_uid)
    known = _entry_of(person.uid)
    if os.geteuid() == 0:
        _change_ids(person.uid, *_groups_of(person, known))
    _prove(person.uid)
    _forbid_new_privileges(person.uid)
    _limit(limits)
    os.umask(0o022)
    os.chdir("/")
    return known is not None


def _refuse(person: Person, min_uid: int) -> None:
    if person.uid < max(min_uid, 1):
        raise CannotBecomeUser(person.uid, f"is below the smallest uid served, {min_uid}")
    if person.uid > _LARGEST_ID:
        raise CannotBecomeUser(person.uid, "is no user's")
    if os.geteuid() not in (0, person.uid):
        raise CannotBecomeUser(person.uid, f"this process is uid {os.geteuid()} and can become nobody else")


def _entry_of(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _groups_of(person: Person, known: pwd.struct_passwd | None) -> tuple[int, list[int]]:
    """Return the primary gid and all groups.

    The job's gid may be a secondary group (`sbatch --gid`, newgrp); it counts where the user is in it. Where
    no name service knows the user, the job's gid is all there is.
    """
    if known is not None:
        groups = os.getgrouplist(known.pw_name, known.pw_gid)
        gid = person.gid if person.gid in groups else known.pw_gid
    elif person.gid is not None:
        groups, gid = [person.gid], person.gid
    else:
        raise CannotBecomeUser(person.uid, "is unknown here, and its job's record names no group")
    if gid == 0 or gid > _LARGEST_ID:
        raise CannotBecomeUser(person.uid, f"its group {gid} is not an ordinary one")
    return gid, [group for group in groups if group != 0]


def _change_ids(uid: int, gid: int, groups: list[int]) -> None:
    try:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise CannotBecomeUser(uid, f"the system refused: {error.strerror}") from error
    if os.getresgid() != (gid, gid, gid) or set(os.getgroups()) - {gid} != set(groups) - {gid}:
        raise CannotBecomeUser(uid, "its groups did not take effect")
    _must_fail(uid, os.setgid)


def _prove(uid: int) -> None:
    """Check that all ids are the user's and that root cannot be had back."""
    if os.getresuid() != (uid, uid, uid):
        raise CannotBecomeUser(uid, f"the process is {os.getresuid()} instead")
    _must_fail(uid, os.setuid)
    _must_fail(uid, os.seteuid)


def _must_fail(uid: int, regain: Callable[[int], None]) -> None:
    try:
        regain(0)
    except PermissionError:
        return
    raise CannotBecomeUser(uid, f"{regain.__name__}(0) still succeeds")


def _forbid_new_privileges(uid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise CannotBecomeUser(uid, f"no_new_privs: {os.strerror(ctypes.get_errno())}")


def _limit(limits: Limits) -> None:
    os.nice(_NICENESS)
    for kind, most in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
