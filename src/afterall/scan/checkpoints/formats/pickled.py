"""Read a pickle as the data it describes, without ever calling, importing or building what it names.

Invariant: total over any bytes, BrokenPickle apart; memory and time are bounded by MAX_BYTES and MAX_STEPS.

The standard Unpickler cannot be used on hostile bytes even with `find_class` replaced: one LONG_BINPUT
of 2**31 makes it allocate 32 GiB.
"""

from afterall.scan.checkpoints.formats.pickle_machine import (
    BrokenPickle,
    Global,
    Machine,
    Made,
    Persistent,
    Pickle,
)
from afterall.scan.checkpoints.formats.pickle_opcodes import ACTIONS, STOP

__all__ = ["BrokenPickle", "Global", "Made", "Persistent", "Pickle", "read_pickle"]

MAX_BYTES = 32 << 20
MAX_STEPS = 2_000_000
"""Five thousand tensors take some 120 000."""


def read_pickle(data: bytes, begin: int = 0) -> Pickle:
    """Return what the pickle at `begin` describes; raise BrokenPickle where it is damaged or too large."""
    if len(data) - begin > MAX_BYTES:
        raise BrokenPickle("too_large", begin)
    machine = Machine(data, begin)
    for _ in range(MAX_STEPS):
        if machine.at >= len(data):
            raise BrokenPickle("cut_off", machine.at)
        code = data[machine.at]
        machine.at += 1
        if code == STOP:
            return Pickle(machine.pop(), tuple(machine.globals), tuple(machine.persistent), machine.at)
        action = ACTIONS[code]
        if action is None:
            raise BrokenPickle("unknown_opcode", machine.at - 1)
        action(machine)
    raise BrokenPickle("too_large", machine.at)
