"""Read a torch checkpoint's zip: directory, storages against records, and what its pickle would import.

Invariant: nothing is unpickled and nothing unpacked; records are judged by size here and by checksum in the
values tier. torch.load itself checks neither (pytorch #28858, #126952) and takes records that are too short.
"""

from collections.abc import Iterable, Sequence

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
from afterall.scan.checkpoints.formats.tail import tail_faults
from afterall.scan.checkpoints.formats.torch_tensors import Storage, View, storages, views
from afterall.scan.checkpoints.formats.trust import Trust, trust

NAME = "torch-zip"

_PICKLE = "data.pkl"
_GRAVE = {Trust.FOREIGN: Severity.WARNING, Trust.DANGEROUS: Severity.ERROR}


class Archive(Struct, frozen=True):
    """A torch archive's structure; `root` is the folder every record lies in."""

    root: str
    records: dict[str, Record]
    storages: dict[str, Storage]
    names: dict[str, str]
    """The first tensor that views each storage."""


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
        return Contents(format="zip", faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, evidence),))
    try:
        pickle = read_pickle(_whole(file, found))
    except (BrokenArchive, BrokenPickle) as error:
        return _unread(found, error)
    return _judge(found.name.removesuffix(_PICKLE), directory, pickle)


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


def _judge(root: str, directory: Directory, pickle: Pickle) -> Contents:
    records = {record.name: record for record in directory.records}
    held = storages(pickle)
    seen = list(views(pickle))
    names: dict[str, str] = {}
    for view in seen:
        names.setdefault(view.storage.key, view.name)
    faults = [
        *_storage_faults(root, records, held, names),
        *_reach_faults(seen, held),
        *global_faults(pickle.globals),
        *_trailing_faults(directory),
    ]
    return Contents(
        format=NAME,
        faults=tuple(faults),
        tensors=_by_name(seen),
        document=Archive(root, records, held, names),
        header_bytes=pickle.end + 100 * len(records),
    )


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


def _extents(file: Readable, contents: Contents) -> Iterable[Extent]:
    """Yield every stored record; a checksum of 0 was not computed (torch's compute_crc32=False)."""
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
        dtype = storage.dtype if storage else ""
        yield Extent(name, dtype, begin, begin + record.size, record.crc32 or None)


FORMAT = Format(name=NAME, recognises=_recognises, read=_read, extents=_extents)
