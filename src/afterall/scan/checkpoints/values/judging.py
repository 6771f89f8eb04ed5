"""Turn tallies into faults: what no trained weight may be, and what only some may.

Invariant: not-a-number in weights is always an error; zeros are one only where nothing else is there.
"""

import re
from collections.abc import Iterable, Mapping

from afterall.model import FileRole, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.formats import Extent, Fault, Tensor
from afterall.scan.checkpoints.layouts.shape import WEIGHT_ROLES
from afterall.scan.checkpoints.values.reading import Crc, Found
from afterall.scan.checkpoints.values.tally import Tally

_WEIGHT_DIMENSIONS = 2
_LEAST_CONSTANT = 16
_OF_OPTIMIZER = re.compile(
    r"^optim(?:izer)?(?:_\d{1,3})?\.|\.(?:exp_avg(?:_sq)?|max_exp_avg_sq|momentum_buffer)$"
)
"""What a sharded checkpoint keeps of the optimizer: of words that no batch held it stays zero."""
_OF_TRAINER = re.compile(r"^(?:callbacks|loops)\.")
"""Lightning's best scores (ModelCheckpoint, EarlyStopping), which are infinite until there is one."""
_UNBOUNDED = re.compile(r"(?i:mask)|(?:^|[._])(?:best(?:_\w+)?|(?:min|max)_val)$")
"""Attention masks, the best loss so far, and torch.ao's observers that have observed nothing."""
_OFFSETS = re.compile(r"zero|bias(?:es)?$|_ids$|token_type_embeddings")
"""Zero points of symmetric quantization (GPTQ, compressed-tensors, torchao), biases of two dimensions (Bart's
final_logits_bias, experts), buffers of positions, and what a converted RoBERTa has no use for."""
_MAY_BE_UNIFORM = (re.compile("lora[._]"), _OF_OPTIMIZER, _OFFSETS, _OF_TRAINER)


def value_faults(
    found: Found, extents: Iterable[Extent], tensors: Mapping[str, Tensor], role: FileRole
) -> tuple[Fault, ...]:
    """Return what is wrong with a file's values; in a file that holds no weights it is a warning at most."""
    mild = None if role in WEIGHT_ROLES else Severity.WARNING
    faults = [*_unread(found, mild), *_wrong_checksums(found, extents), *_not_finite(found.tallies, mild)]
    if role in WEIGHT_ROLES:
        faults.extend(_uniform(found.tallies, tensors))
    return tuple(faults)


def _unread(found: Found, mild: Severity | None) -> list[Fault]:
    """Return why a file was not read whole."""
    if found.error:
        return [Fault(FindingCode.FILE_UNREADABLE, {"reason": found.error}, severity=mild)]
    if found.ended_at is not None:
        return [Fault(FindingCode.FILE_STILL_CHANGING, {"ended_at": found.ended_at})]
    return [Fault(FindingCode.FILE_STILL_CHANGING)] if found.has_changed else []


def _wrong_checksums(found: Found, extents: Iterable[Extent]) -> list[Fault]:
    """Return one fault for all records that were read and do not have the checksum recorded for them."""
    if not found.is_whole:
        return []
    wrong = [
        extent.name
        for extent in extents
        if extent.crc32 is not None
        and found.checksums.get(extent.begin) != Crc(extent.crc32, extent.end - extent.begin)
    ]
    if not wrong:
        return []
    evidence: dict[str, Scalar] = {"records": len(wrong), "first": wrong[0]}
    return [Fault(FindingCode.RECORD_CHECKSUM_WRONG, evidence, f"record {wrong[0]}")]


def _not_finite(tallies: Mapping[str, Tally], mild: Severity | None) -> list[Fault]:
    """Some hold infinity on purpose; nothing that was trained holds not-a-number so."""
    bad = {
        name: each
        for name, each in sorted(tallies.items())
        if (each.nan or (each.infinite and not _UNBOUNDED.search(name))) and not _OF_TRAINER.search(name)
    }
    if not bad:
        return []
    first, worst = next(iter(bad.items()))
    evidence: dict[str, Scalar] = {
        "tensors": len(bad),
        "of": len(tallies),
        "nan": sum(each.nan for each in bad.values()),
        "infinite": sum(each.infinite for each in bad.values()),
        "first": first,
        "first_nan": worst.nan,
        "first_numbers": worst.numbers,
    }
    return [Fault(FindingCode.VALUES_NOT_FINITE, evidence, f"tensor {first}", mild)]


def _uniform(tallies: Mapping[str, Tally], tensors: Mapping[str, Tensor]) -> list[Fault]:
    """Judge matrices of weights: biases start at zero, norms at one, and some stay. LoRA's B is apart."""
    faults = []
    if tallies and all(each.all_zero for each in tallies.values()):
        evidence: dict[str, Scalar] = {"tensors": len(tallies), "of": len(tallies), "first": min(tallies)}
        return [Fault(FindingCode.VALUES_ALL_ZERO, evidence, severity=Severity.ERROR)]
    matrices = [name for name in sorted(tallies) if _is_matrix(name, tensors)]
    zero = [name for name in matrices if tallies[name].all_zero]
    constant = [name for name in matrices if tallies[name].constant and not tallies[name].all_zero]
    for code, names in ((FindingCode.VALUES_ALL_ZERO, zero), (FindingCode.VALUES_CONSTANT, constant)):
        if names:
            evidence = {"tensors": len(names), "of": len(tallies), "first": names[0]}
            faults.append(Fault(code, evidence, f"tensor {names[0]}"))
    return faults


def _is_matrix(name: str, tensors: Mapping[str, Tensor]) -> bool:
    tensor = tensors.get(name)
    if tensor is None or len(tensor.shape) < _WEIGHT_DIMENSIONS or tensor.elements < _LEAST_CONSTANT:
        return False
    return not any(each.search(name) for each in _MAY_BE_UNIFORM)
