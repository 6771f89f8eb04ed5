"""Read a torch checkpoint's zip: directory, storages against records, and what its pickle would import.

Invariant: nothing is unpickled and nothing unpacked; records are judged by size here and by checksum in the
values tier. torch.load itself checks neither (pytorch #28858, #126952) and takes records that are too short.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice, pairwise

from msgspec import Struct

from afterall.model import FindingCode, Scalar, Severity
from afterall.scan.checkpoints.formats.archive import (
    LOCAL_MAGIC,
    STORED,
    BrokenArchive,
    Directory,
    Record,
    data_offset,
    read_directory,
)
from afterall.scan.checkpoints.formats.contents import Contents, Extent, Fault, Format, Readable, Tensor
from afterall.scan.checkpoints.formats.pickled import MAX_BYTES, BrokenPickle, Global, Pickle, read_pickle
from afterall.scan.checkpoints.formats.tail import sparse_faults, tail_faults
from afterall.scan.checkpoints.formats.torch_scalars import scalars, top_names
from afterall.scan.checkpoints.formats.torch_tensors import NOWHERE, Storage, View, storages, views
from afterall.scan.checkpoints.formats.trust import Trust, trust

NAME = "torch-zip"

_PICKLE = "data.pkl"
_TORCH_RECORDS = ("/version", "/byteorder", "/.data/serialization_id", "/data/0")
_UNKNOWN = "?"
"""A dtype that is not looked at, so that the values tier is not claimed."""
_LOCAL_BYTES = 30
"""The least that stands before a record's bytes."""
_GRAVE = {Trust.FOREIGN: Severity.WARNING, Trust.DANGEROUS: Severity.ERROR}


class Archive(Struct, frozen=True):
    """A torch archive's structure; `root` is the folder every record lies in."""

    root: str
    records: dict[str, Record]
    storages: dict[str, Storage]
    names: dict[str, str]
    """The first tensor that views each storage."""
    dtypes: Mapping[str, str] = {}
    """What its tensors take each storage for, "?" where that is unknown or they differ."""
    scalars: Mapping[str, Scalar] = {}
    """The pickle's own plain values, such as `dp_world_size`, `global_step`, by dotted name."""
    keys: frozenset[str] = frozenset()
    """What stands at the top of the pickle, such as `state_dict`."""


def _recognises(head: bytes) -> bool:
    return head.startswith(LOCAL_MAGIC)


def _read(file: Readable, head: bytes) -> Contents:
    try:
        directory = read_directory(file)
    except BrokenArchive as error:
        return _broken(file, head, error)
    found = next((r for r in directory.records if r.name == _PICKLE or r.name.endswith(f"/{_PICKLE}")), None)
    if found is None:
        evidence: dict[str, Scalar] = {"is": "zip", "records": len(directory.records)}
        if any(record.name.endswith(_TORCH_RECORDS) for record in directory.records):
            # An exception in torch.save ends the archive all the same, without its pickle.
            lost: dict[str, Scalar] = {"problem": "no_data_pkl"}
            return Contents(format=NAME, faults=(Fault(FindingCode.HEADER_INVALID, lost),))
        return Contents(format="zip", faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))
    try:
        pickle = read_pickle(_whole(file, found))
    except (BrokenArchive, BrokenPickle) as error:
        return _unread(found, error)
    return _judge(file, found.name.removesuffix(_PICKLE), directory, pickle)


def _whole(file: Readable, record: Record) -> bytes:
    if record.method != STORED:
        raise BrokenPickle("compressed", record.offset)
    if record.size > MAX_BYTES:
        raise BrokenPickle("too_large", record.offset)
    return file.read(data_offset(file, record), record.size)


def _broken(file: Readable, head: bytes, error: BrokenArchive) -> Contents:
    """A zip without its end was cut off, or never written to its end: the directory is written last."""
    where = "" if error.place is None else f"byte {error.place}"
    if error.problem == "directory_too_large":
        return Contents(format=NAME, is_judged=False, faults=(_not_verifiable(error.problem),))
    zeros = tail_faults(file, head, len(LOCAL_MAGIC), {})
    if error.problem == "no_central_directory" and any(f.code is FindingCode.FILE_ZERO_TAIL for f in zeros):
        return Contents(format=NAME, faults=tuple(Fault(f.code, f.evidence, f.where) for f in zeros))
    short = error.problem in ("no_central_directory", "directory_beyond_file")
    code = FindingCode.FILE_TRUNCATED if short else FindingCode.HEADER_INVALID
    return Contents(format=NAME, faults=(Fault(code, {"problem": error.problem}, where),))


def _unread(record: Record, error: BrokenArchive | BrokenPickle) -> Contents:
    if error.problem in ("compressed", "too_large"):
        return Contents(format=NAME, is_judged=False, faults=(_not_verifiable(error.problem),))
    evidence: dict[str, Scalar] = {"problem": error.problem, "record": record.name}
    return Contents(format=NAME, faults=(Fault(FindingCode.HEADER_INVALID, evidence, record.name),))


def _not_verifiable(reason: str) -> Fault:
    return Fault(FindingCode.FILE_NOT_VERIFIABLE, {"reason": reason})


def _judge(file: Readable, root: str, directory: Directory, pickle: Pickle) -> Contents:
    records = {record.name: record for record in directory.records}
    held = storages(pickle)
    seen = list(views(pickle))
    names: dict[str, str] = {}
    for view in seen:
        names.setdefault(view.storage.key, view.name)
    faults = [
        *_storage_faults(root, records, held, names),
        *_reach_faults(seen, held),
        *_meta_faults(seen),
        *global_faults(pickle.globals),
        *_trailing_faults(directory),
        *sparse_faults(file),
        *_overlap_faults(directory),
    ]
    return Contents(
        format=NAME,
        faults=tuple(faults),
        tensors=_by_name(seen),
        document=Archive(
            root, records, held, names, _dtypes(seen), scalars(pickle.value), top_names(pickle.value)
        ),
        header_bytes=pickle.end + 100 * len(records),
    )


def _dtypes(seen: Sequence[View]) -> dict[str, str]:
    """Return how each storage's bytes are read: float8 and uint16 lie in untyped ones."""
    found: dict[str, str] = {}
    for view in seen:
        dtype = view.tensor.dtype or _UNKNOWN
        key = view.storage.key
        found[key] = dtype if found.get(key, dtype) == dtype else _UNKNOWN
    return found


def _by_name(seen: Sequence[View]) -> dict[str, Tensor]:
    return {view.name: view.tensor for view in seen}


def _storage_faults(
    root: str, records: dict[str, Record], held: dict[str, Storage], names: dict[str, str]
) -> Iterable[Fault]:
    for key, storage in sorted(held.items()):
        record = records.get(f"{root}data/{key}")
        evidence: dict[str, Scalar] = {"record": f"data/{key}", "tensor": names.get(key, "")}
        if record is None:
            yield Fault(FindingCode.STORAGE_MISSING, evidence, f"record data/{key}")
        elif storage.size_bytes not in (-1, record.size):
            sizes = {"record_bytes": record.size, "needed_bytes": storage.size_bytes}
            yield Fault(FindingCode.STORAGE_SIZE_MISMATCH, evidence | sizes, f"record data/{key}")


def _reach_faults(seen: Sequence[View], held: dict[str, Storage]) -> Iterable[Fault]:
    for view in seen:
        room = held[view.storage.key].size_bytes if view.storage.key in held else -1
        if room >= 0 and view.reach > room:
            evidence: dict[str, Scalar] = {
                "tensor": view.name,
                "needed_bytes": view.reach,
                "record_bytes": room,
            }
            yield Fault(FindingCode.STORAGE_SIZE_MISMATCH, evidence, f"tensor {view.name}")


def _meta_faults(seen: Sequence[View]) -> Iterable[Fault]:
    """Weights that were never materialised, or offloaded (accelerate), are saved as shapes alone."""
    lost = [view.name for view in seen if view.storage.key == NOWHERE]
    if lost:
        evidence: dict[str, Scalar] = {"tensors": len(lost), "of": len(seen), "first": min(lost)}
        severity = None if len(lost) == len(seen) else Severity.WARNING
        yield Fault(FindingCode.TENSORS_WITHOUT_ELEMENTS, evidence, "pickle", severity)


def global_faults(named: Sequence[Global]) -> Iterable[Fault]:
    """Yield one fault a degree for the globals that weights have no need of."""
    for degree, severity in _GRAVE.items():
        found = [str(each) for each in named if trust(each) is degree]
        if found:
            evidence: dict[str, Scalar] = {"degree": degree.value, "globals": len(found), "first": found[0]}
            yield Fault(FindingCode.PICKLE_RUNS_CODE, evidence, "pickle", severity)


def _trailing_faults(directory: Directory) -> Iterable[Fault]:
    if directory.trailing_bytes:
        evidence: dict[str, Scalar] = {"extra_bytes": directory.trailing_bytes}
        yield Fault(FindingCode.FILE_TRAILING_BYTES, evidence, severity=Severity.WARNING)


def _overlap_faults(directory: Directory) -> Iterable[Fault]:
    """No writer shares bytes between records: with them a small file would hold more than any disk."""
    ordered = sorted(directory.records, key=lambda each: each.offset)
    shared = (
        after.name
        for before, after in pairwise(ordered)
        if after.offset < before.offset + _LOCAL_BYTES + before.stored_size
    )
    unequal = (each.name for each in ordered if each.method == STORED and each.size != each.stored_size)
    for name in islice(chain(shared, unequal), 1):
        evidence: dict[str, Scalar] = {"problem": "records_overlap", "record": name}
        yield Fault(FindingCode.HEADER_INVALID, evidence, f"record {name}")


def archive_extents(file: Readable, contents: Contents) -> Iterable[Extent]:
    """Yield every stored record; a checksum of 0 was not computed (torch's compute_crc32=False).

    Raises OSError, and BrokenArchive where a record is not where the directory says.
    """
    archive = contents.document
    if not isinstance(archive, Archive):
        return
    little = archive.records.get(f"{archive.root}byteorder")
    native = little is None or file.read(data_offset(file, little), little.size) == b"little"
    for record in sorted(archive.records.values(), key=lambda each: each.offset):
        if record.method != STORED or not record.size:
            continue
        key = record.name.removeprefix(f"{archive.root}data/")
        storage = archive.storages.get(key) if native else None
        begin = data_offset(file, record)
        name = archive.names.get(key, record.name) if storage else record.name
        dtype = archive.dtypes.get(key, storage.dtype or _UNKNOWN) if storage else ""
        yield Extent(name, dtype, begin, begin + record.size, record.crc32 or None)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=archive_extents)
