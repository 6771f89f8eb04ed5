"""Compute anew what `afterall verify --against` finds: from the files, and the manifest's own JSON."""

import json
from pathlib import Path

import xxhash

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told

_BLOCK_BYTES = 64 << 20


def record(told: Told) -> dict[str, Json]:
    """Return what the manifest beside the set says, by absolute path."""
    manifest = json.loads((told.set_dir.parent / "manifest.json").read_text("utf-8"))
    return {str(Path(manifest["root"], path)): file for path, file in manifest["files"].items()}


def differing(told: Told, finding: Json) -> Facts:
    """Return both sizes; of equal ones which blocks differ, and whether nobody wrote the file since."""
    path = told.subject(finding)
    recorded, data = record(told)[str(path)], path.read_bytes()
    if len(data) != recorded["size_bytes"]:
        return {"size_bytes": len(data), "recorded_bytes": recorded["size_bytes"]}
    assert len(data) <= _BLOCK_BYTES
    assert xxhash.xxh3_128_hexdigest(data) != recorded["digest"]
    facts = {"size_bytes": len(data), "blocks": 1, "of": 1, "first_byte": 0, "end_byte": len(data)}
    is_same_age = path.stat().st_mtime_ns == recorded["mtime_ns"]
    return {**facts, **({"unmodified": True} if is_same_age else {})}


def lost(told: Told, finding: Json) -> Facts:
    """Return how many recorded files are gone with their directory; of a file alone nothing is counted."""
    path = told.subject(finding)
    assert str(path) in record(told)
    assert not path.exists()
    if path.parent.exists():
        return {}
    return {"files": sum(Path(file).parent == path.parent for file in record(told))}


def unknown(told: Told, finding: Json) -> Facts:
    """Return how many files of a checkpoint the manifest does not have, and the first of its weights."""
    known = record(told)
    new = [path for path in sorted(told.subject(finding).rglob("*")) if str(path) not in known]
    weights = [path for path in new if path.suffix in (".safetensors", ".pt")]
    assert finding["evidence"]["other"] in map(str, weights)
    return {"files": sum(path.is_file() for path in new)}


CHECKERS: dict[str, Checker] = {
    "digest_differs": differing,
    "recorded_file_missing": lost,
    "not_in_manifest": unknown,
}
