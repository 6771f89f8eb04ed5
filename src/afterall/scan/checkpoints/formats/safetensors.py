"""Read a safetensors file's header, say what the library would refuse, and what it lets pass.

Invariant: a file has an error of structure here when and only when the safetensors library refuses it.
Format: https://github.com/huggingface/safetensors, "Format".
"""

from collections.abc import Iterable

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable
from afterall.scan.checkpoints.formats.header import (
    MAX_HEADER_BYTES,
    PREFIX_BYTES,
    Problem,
    Refusal,
    judge_header,
    judge_prefix,
)
from afterall.scan.checkpoints.formats.serde import Decoded
from afterall.scan.checkpoints.formats.tail import tail_faults

NAME = "safetensors"

_CODES = {
    Problem.HEADER_TOO_SMALL: FindingCode.FILE_TRUNCATED,
    Problem.INVALID_HEADER_LENGTH: FindingCode.FILE_TRUNCATED,
    Problem.TRUNCATED: FindingCode.FILE_TRUNCATED,
    Problem.TRAILING: FindingCode.FILE_TRAILING_BYTES,
    Problem.NOT_READ: FindingCode.FILE_NOT_VERIFIABLE,
}
_AMOUNTS = {
    Problem.HEADER_TOO_SMALL: "size_bytes",
    Problem.INVALID_HEADER_LENGTH: "missing_bytes_at_least",  # what follows the header is not known
    Problem.TRUNCATED: "missing_bytes",
    Problem.TRAILING: "extra_bytes",
    Problem.HEADER_TOO_LARGE: "header_bytes",
    Problem.NOT_READ: "header_bytes",
}


def _recognises(head: bytes) -> bool:
    length = int.from_bytes(head[:PREFIX_BYTES], "little")
    return len(head) > PREFIX_BYTES and length <= MAX_HEADER_BYTES and head[PREFIX_BYTES] in b"{ \t\r\n"


def _read(file: Readable, head: bytes) -> Contents:
    length = judge_prefix(head[:PREFIX_BYTES], file.size)
    if isinstance(length, Refusal):
        return _refused(length, _is_begun(head))
    end = PREFIX_BYTES + length
    header = head[PREFIX_BYTES:end] if len(head) >= end else file.read(PREFIX_BYTES, length)
    judgement = judge_header(header, file.size - end)
    if judgement.decoded is None or judgement.refusal is not None:
        return _refused(judgement.refusal or Refusal(Problem.INVALID_HEADER), begun=True)
    tensors = judgement.decoded.tensors
    faults = () if judgement.is_filled and header[:1] == b"{" else _let_pass(header, judgement.decoded)
    return Contents(
        format=NAME,
        faults=faults + tail_faults(file, head, end, tensors),
        tensors=tensors,
        data_begin=end,
        header_bytes=length,
    )


def _is_begun(head: bytes) -> bool:
    return head[PREFIX_BYTES : PREFIX_BYTES + 1] in (b"{", b"")


def _refused(refusal: Refusal, begun: bool) -> Contents:
    """Turn a refusal into a fault: a header cut off is a short file only where it began like a header."""
    code = _CODES.get(refusal.problem, FindingCode.HEADER_INVALID)
    if refusal.problem is Problem.INVALID_HEADER_LENGTH and not begun:
        code = FindingCode.HEADER_INVALID
    evidence: dict[str, Scalar] = {"problem": refusal.problem.value}
    if refusal.tensor:
        evidence["tensor"] = refusal.tensor
    if refusal.detail:
        evidence["detail"] = refusal.detail
    if refusal.bytes is not None:
        evidence[_AMOUNTS.get(refusal.problem, "bytes")] = refusal.bytes
    judged = refusal.problem is not Problem.NOT_READ
    return Contents(format=NAME, is_judged=judged, faults=(Fault(code, evidence, "header"),))


def _let_pass(header: bytes, decoded: Decoded) -> tuple[Fault, ...]:
    """Return what is wrong with a file that every loader takes."""
    faults = []
    tensors, duplicates = decoded.tensors, decoded.duplicates
    if not tensors:
        faults.append(Fault(FindingCode.NO_TENSORS, {"header_bytes": len(header)}, "header"))
    hollow = [name for name, tensor in tensors.items() if 0 in tensor.shape]
    if hollow:
        # Gathering failed under DeepSpeed ZeRO-3: peft #2450, deepspeed #4295.
        severity = None if len(hollow) == len(tensors) else Severity.WARNING
        evidence: dict[str, Scalar] = {"tensors": len(hollow), "of": len(tensors), "first": min(hollow)}
        faults.append(Fault(FindingCode.TENSORS_WITHOUT_ELEMENTS, evidence, "header", severity))
    if duplicates:
        evidence = {"tensors": len(duplicates), "first": duplicates[0]}
        faults.append(Fault(FindingCode.TENSOR_REPEATED, evidence, "header"))
    if not header.startswith(b"{"):
        # The format demands it; the Rust parser skips white space: other readers refuse the file.
        faults.append(
            Fault(FindingCode.HEADER_NOT_STANDARD, {"first_byte": header[0]}, f"byte {PREFIX_BYTES}")
        )
    return tuple(faults)


def _extents(_: Readable, contents: Contents) -> Iterable[Extent]:
    begin = contents.data_begin
    for name, tensor in sorted((contents.tensors or {}).items(), key=lambda item: item[1].data_offsets):
        if tensor.size_bytes:
            first, last = tensor.data_offsets
            yield Extent(name, tensor.dtype, begin + first, begin + last)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=_extents)
