"""Read what can be told of a pickle that is no zip: torch files from before 1.6, and Python's own pickles.

Invariant: such a file is never called verified, because only running it would show its tensors; what it
would import is told all the same.
"""

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable
from afterall.scan.checkpoints.formats.pickled import BrokenPickle, Global, read_pickle
from afterall.scan.checkpoints.formats.torch_zip import global_faults

NAME = "pickle"
LEGACY_NAME = "torch-legacy"

_PROTOCOLS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
# torch/serialization.py: MAGIC_NUMBER, pickled with protocol 2.
_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LEGACY_PICKLES = 5
_READ_BYTES = 8 << 20


def _recognises(head: bytes) -> bool:
    return head.startswith(_PROTOCOLS)


def _read(file: Readable, head: bytes) -> Contents:
    legacy = head.startswith(_LEGACY_MAGIC)
    data = head if len(head) >= file.size else file.read(0, min(file.size, _READ_BYTES))
    named, problem = _globals(data, _LEGACY_PICKLES if legacy else 1)
    faults = [Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": "legacy_torch" if legacy else "pickle"})]
    if problem is not None and problem.problem == "cut_off" and len(data) == file.size:
        faults = [Fault(FindingCode.FILE_TRUNCATED, {"problem": "pickle_cut_off"}, f"byte {problem.place}")]
    faults.extend(global_faults(named))
    return Contents(format=LEGACY_NAME if legacy else NAME, is_judged=False, faults=tuple(faults))


def _globals(data: bytes, pickles: int) -> tuple[tuple[Global, ...], BrokenPickle | None]:
    """Return what up to `pickles` pickles in a row name, and what stopped the reading."""
    named: dict[Global, None] = {}
    at = 0
    for _ in range(pickles):
        try:
            pickle = read_pickle(data, at)
        except BrokenPickle as error:
            return tuple(named), error
        named.update(dict.fromkeys(pickle.globals))
        at = pickle.end
    return tuple(named), None


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
