"""Compute anew what findings say of torch's archives: from their records and the pickle in them."""

import zipfile

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told
from claims.weights_reading import ADAPTER, read_weights, records_of, size_of


def short_record(told: Told, finding: Json) -> Facts:
    """Return how many bytes a record has, and how many its tensor needs by the adapter's other form."""
    path = told.subject(finding)
    evidence = finding["evidence"]
    name = (
        evidence["tensor"].replace("layers.", "base_model.model.model.layers.").replace("attn", "self_attn")
    )
    peft = name.replace("lora_a", "lora_A").replace("lora_b", "lora_B")
    needed = size_of(read_weights(path.with_name(ADAPTER)).tensors[peft])
    return {"needed_bytes": needed, "record_bytes": records_of(path)[evidence["record"]]}


def lost_record(told: Told, finding: Json) -> Facts:
    """Check that the archive has no such record."""
    record = finding["evidence"]["record"]
    assert record not in records_of(told.subject(finding))
    return {"record": record}


def calls(told: Told, finding: Json) -> Facts:
    """Return how many names the pickle imports: the archive here holds one that is all a call."""
    with zipfile.ZipFile(told.subject(finding)) as archive:
        (pickled,) = (archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    names = [part.split(b"\n")[:2] for part in pickled.split(b"c")[1:]]
    return {"globals": len(names), "first": b".".join(names[0]).decode()}


def wrong_checksums(told: Told, finding: Json) -> Facts:
    """Return how many records do not have the checksum that the archive gives for them."""
    wrong = 0
    with zipfile.ZipFile(told.subject(finding)) as archive:
        for info in archive.infolist():
            try:
                archive.read(info)
            except zipfile.BadZipFile:
                wrong += 1
    return {"records": wrong}


CHECKERS: dict[str, Checker] = {
    "storage_size_mismatch": short_record,
    "storage_missing": lost_record,
    "pickle_runs_code": calls,
    "record_checksum_wrong": wrong_checksums,
}
