"""Find data that was never written: a file of full size whose end, or middle, is nothing but zeros.

Invariant: only zeros that reach over more than one weight tensor, or over all the data, or that were never
written and are most of it, are called an interrupted save; a last tensor that is zero in itself is left to
the values tier. A file that was mostly never written is one too, wherever its holes are.

A killed save leaves such files where the writer set the size first (safetensors 0.8.0-rc, mmap writers,
rsync --preallocate, parallel copies). The library accepts them: it never looks at values.
"""

from collections.abc import Mapping

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.formats.contents import Fault, Readable, Tensor

TAIL_BYTES = 4096
_STEP_BYTES = 1 << 18
_MOST_BYTES = 1 << 20
_WEIGHT_DIMENSIONS = 2
_PART_BYTES = 256


def tail_faults(
    file: Readable, head: bytes, data_begin: int, tensors: Mapping[str, Tensor]
) -> tuple[Fault, ...]:
    """Return what the last 4 KiB of `file`, and its holes if it is sparse, say of its data."""
    if data_begin >= file.size:
        return ()
    holes = file.holes()
    written_end = holes[-1][0] if holes and holes[-1][1] >= file.size else file.size
    if written_end < file.size:
        zeros = file.size - max(written_end, data_begin)
    else:
        zeros = _zeros_at_end(file, head, data_begin)
    data_bytes = file.size - data_begin
    if written_end < file.size and 2 * zeros > data_bytes:
        return (_zero_tail(zeros, data_bytes, 0),)
    return (_judge(zeros, data_bytes, tensors) if zeros else ()) or _sparse(holes, file.size)


def sparse_faults(file: Readable) -> tuple[Fault, ...]:
    """Return what the holes of a file with a sound end say of it: an error where they are most of it."""
    return _sparse(file.holes(), file.size)


def _sparse(holes: tuple[tuple[int, int], ...], size: int) -> tuple[Fault, ...]:
    if not holes:
        return ()
    missing = sum(end - begin for begin, end in holes)
    evidence: dict[str, Scalar] = {"holes": len(holes), "hole_bytes": missing, "size_bytes": size}
    severity = Severity.ERROR if 2 * missing > size else None
    return (Fault(FindingCode.FILE_SPARSE, evidence, f"byte {holes[0][0]}", severity),)


def _zeros_at_end(file: Readable, head: bytes, data_begin: int) -> int:
    """Return how many of the last bytes are zero, counted up to 1 MiB; 0 unless the last 4 KiB all are."""
    begin = max(data_begin, file.size - TAIL_BYTES)
    last = head[begin:] if len(head) >= file.size else file.read(begin, file.size - begin)
    if not last or last[-1] or last.count(0) != len(last):
        return 0
    zeros = len(last)
    while begin > data_begin and zeros < _MOST_BYTES:
        step = min(_STEP_BYTES, begin - data_begin)
        begin -= step
        block = file.read(begin, step)
        kept = len(block.rstrip(b"\0"))
        zeros += len(block) - kept
        if kept or not block:
            break
    return zeros


def _judge(zeros: int, data_bytes: int, tensors: Mapping[str, Tensor]) -> tuple[Fault, ...]:
    first = data_bytes - zeros
    within = [t for t in tensors.values() if t.data_offsets[0] >= first and t.size_bytes]
    reached = [
        t for t in tensors.values() if t.data_offsets[1] - max(t.data_offsets[0], first) >= _PART_BYTES
    ]
    weights = [t for t in reached if len(t.shape) >= _WEIGHT_DIMENSIONS]
    interrupted = zeros == data_bytes or len(weights) > 1
    if not interrupted and zeros < TAIL_BYTES:
        return ()
    return (_zero_tail(zeros, data_bytes, len(within), None if interrupted else Severity.WARNING),)


def _zero_tail(zeros: int, data_bytes: int, tensors: int, severity: Severity | None = None) -> Fault:
    evidence: dict[str, Scalar] = {"zero_bytes": zeros, "data_bytes": data_bytes, "tensors": tensors}
    return Fault(FindingCode.FILE_ZERO_TAIL, evidence, f"byte -{zeros}", severity)
