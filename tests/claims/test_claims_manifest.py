"""What `afterall verify --against` finds follows from the files and the manifest."""

import json
import os
import shutil
from pathlib import Path

import pytest

from afterall.model import Tier
from afterall.render.document import render_verification
from afterall.scan.checkpoints import Asked, read_manifest, render_manifest, verify_as, write_manifest
from claims.claims_checking import differences
from claims.claims_manifest import CHECKERS
from claims.claims_reading import Told
from scan.checkpoint_making import write_epoch

SHARD = "model-00001-of-00002.safetensors"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Return what is found of five epochs of which each met with something else since it was recorded."""
    place = tmp_path_factory.mktemp("against")
    set_dir, manifest = place / "set", place / "manifest.json"
    for index in range(4):
        write_epoch(set_dir / f"epoch_{index}", seed=index)
    recorded = verify_as([set_dir], Asked(depth=Tier.VALUES, records=True))
    write_manifest(manifest, render_manifest(recorded.base, recorded.recorded))
    _flip(set_dir / "epoch_0" / SHARD)
    with (set_dir / "epoch_1" / SHARD).open("ab") as file:
        file.write(b"\0")
    (set_dir / "epoch_2" / SHARD).unlink()
    shutil.rmtree(set_dir / "epoch_3")
    write_epoch(set_dir / "epoch_4", seed=4)
    found = verify_as([set_dir], Asked(depth=Tier.VALUES, manifest=read_manifest(manifest)))
    checkpoints = json.loads(render_verification(found.checkpoints))["checkpoints"]
    findings = [finding for checkpoint in checkpoints for finding in checkpoint["findings"]]
    return Told(set_dir, {"experiments": [], "findings": findings}, "", {}, ())


def _flip(path: Path) -> None:
    """Change a file's last bit as a failing disk does, which leaves its times."""
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_evidence_against_a_manifest_follows_from_files(told: Told) -> None:
    """Each number of what differs, is gone or is new is computed anew, and is the same."""
    wrong = [
        f"{finding['code']} ({finding['subject']}): {each}"
        for finding in told.findings
        if finding["code"] in CHECKERS
        for each in differences(finding["evidence"], CHECKERS[finding["code"]](told, finding))
    ]
    assert wrong == []


def test_every_way_to_differ_is_met(told: Told) -> None:
    """A flipped bit, a longer file, a lost file, a lost directory and a new one."""
    codes = [finding["code"] for finding in told.findings if finding["code"] in CHECKERS]
    assert sorted(codes) == [
        "digest_differs",
        "digest_differs",
        "not_in_manifest",
        "recorded_file_missing",
        "recorded_file_missing",
    ]
