"""Compute anew what findings say of checkpoints as a whole: which files are there, their modes and steps."""

import json
import re
import stat
from pathlib import Path

from claims.claims_checking import Checker, Facts, known
from claims.claims_reading import Json, Told, finite_at

_PRIVATE = 0o077
_GROUP = 0o040


def nothing_saved(told: Told, finding: Json) -> Facts:
    """Return how many steps were trained by a run without checkpoints."""
    run = told.run(finding["experiment"])
    assert run["checkpoints"] == []
    return known({"steps_done": finite_at(run, "global_step") or None})


def last_not_saved(told: Told, finding: Json) -> Facts:
    """Return the step of the last checkpoint, and the one that training went on to."""
    run = told.run(finding["experiment"])
    saved = max(c["step"] for c in run["checkpoints"] if c["step"] is not None)
    return {"last_saved_step": saved, "final_step": finite_at(run, "global_step")}


def private_mode(told: Told, finding: Json) -> Facts:
    """Return the weights' mode, that of the named file beside them, and how many weights are private."""
    path = told.set_dir / finding["subject"]
    beside = path.parent / finding["evidence"]["beside"]
    assert _mode(beside) & _GROUP
    alike = [each for each in path.parent.glob("*.safetensors") if not _mode(each) & _PRIVATE]
    return {
        "mode": f"{_mode(path):04o}",
        "beside": beside.name,
        "beside_mode": f"{_mode(beside):04o}",
        "files": len(alike),
    }


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def base_missing(told: Told, finding: Json) -> Facts:
    """Return the base that the adapter's own configuration names, which is not there."""
    config = Path(finding["subject"]) / "adapter_config.json"
    base = json.loads((told.set_dir / config).read_text("utf-8"))["base_model_name_or_path"]
    assert not Path(base).exists()
    return {"base": base, "config": str(config)}


def file_missing(told: Told, finding: Json) -> Facts:
    """Return nothing but what is there beside a file that is no regular file here."""
    path = told.set_dir / finding["subject"]
    assert not path.is_file()
    beside = finding["evidence"].get("beside")
    assert beside is None or (path.parent / beside).is_file()
    return known({"beside": beside})


def shard_missing(told: Told, finding: Json) -> Facts:
    """Return how many of the files that the index names are not there."""
    directory = (told.set_dir / finding["subject"]).parent
    index = json.loads((directory / "model.safetensors.index.json").read_text("utf-8"))
    named = set(index["weight_map"].values())
    gone = [name for name in named if not (directory / name).is_file()]
    assert Path(finding["subject"]).name in gone
    return {"missing": len(gone), "of": len(named)}


def index_missing(told: Told, finding: Json) -> Facts:
    """Return how many shards are there, and how many their names promise."""
    path = told.set_dir / finding["subject"]
    assert not path.exists()
    shards = sorted(each.name for each in path.parent.glob("model-*-of-*.safetensors"))
    return {"shards": len(shards), "of": int(shards[0].partition("-of-")[2].partition(".")[0])}


def unfinished(told: Told, finding: Json) -> Facts:
    """Return how many data files lie beside a marker that is not there."""
    path = told.set_dir / finding["subject"]
    marker = finding["evidence"]["marker"]
    assert not (path.parent / marker).exists()
    return {"marker": marker, "data_files": len(list(path.parent.glob("*.distcp")))}


def left_over(told: Told, finding: Json) -> Facts:
    """Return a temporary file's size, and what it takes on disk."""
    status = (told.set_dir / finding["subject"]).stat()
    return {"size_bytes": status.st_size, "allocated_bytes": status.st_blocks * 512}


def there(told: Told, finding: Json) -> Facts:
    """Check that the file in question is there; nothing is stated of it in numbers."""
    path = told.set_dir / finding["subject"]
    assert path.is_symlink() or path.exists()
    return {}


def linked_outside(told: Told, finding: Json) -> Facts:
    """Check that a link leads out of the set."""
    path = told.set_dir / finding["subject"]
    assert path.is_symlink()
    assert not path.resolve().is_relative_to(told.set_dir)
    return {}


def no_weights(told: Told, finding: Json) -> Facts:
    """Return how many files a checkpoint without weights holds."""
    files = list((told.set_dir / finding["subject"]).iterdir())
    assert not any(path.suffix in (".safetensors", ".bin") for path in files)
    return {"files": len(files), "which": "any"}


def resume_point(told: Told, finding: Json) -> Facts:
    """Check that what a marker names to resume from is not there."""
    path = told.set_dir / finding["subject"]
    marker = path.parent / finding["evidence"]["marker"]
    assert marker.read_text("utf-8").strip() == path.name
    assert not path.exists()
    return {}


def steps_differ(told: Told, finding: Json) -> Facts:
    """Return the step of a checkpoint's name, and the one in its state."""
    other = told.set_dir / finding["evidence"]["other"]
    held = json.loads(other.read_text("utf-8"))["global_step"]
    return {"named_step": int(finding["subject"].rpartition("-")[2]), "held_step": held}


def _weights(directory: Path) -> dict[str, Path]:
    return {path.name: path for path in directory.glob("*.safetensors")}


def identical(told: Told, finding: Json) -> Facts:
    """Return how many files of weights two checkpoints share byte for byte, and their size."""
    one = _weights(told.set_dir / finding["subject"])
    other = _weights(told.set_dir / finding["evidence"]["with_checkpoint"])
    assert all(path.read_bytes() == other[name].read_bytes() for name, path in one.items())
    return {"files": len(one), "size_bytes": sum(path.stat().st_size for path in one.values())}


def linked(told: Told, finding: Json) -> Facts:
    """Return how many files of weights two checkpoints have in common on disk, and their size."""
    one = _weights(told.set_dir / finding["subject"])
    other = _weights(told.set_dir / finding["evidence"]["with_checkpoint"])
    shared = [path for name, path in one.items() if name in other and path.samefile(other[name])]
    size = sum(path.stat().st_size for path in shared)
    return {"files": len(shared), "of": len(one), "shared_bytes": size, "how": "hard_link"}


def repeated(told: Told, finding: Json) -> Facts:
    """Return how many files lie byte for byte in several checkpoints, and what all but the first take."""
    run = told.run(finding["experiment"])
    original = told.set_dir / finding["evidence"]["original"]
    places = [told.set_dir / c["path"] / original.name for c in run["checkpoints"]]
    alike = [path for path in places if path.is_file() and path.read_bytes() == original.read_bytes()]
    size = original.stat().st_size
    return {
        "files": 1,
        "copies": len(alike),
        "checkpoints": len(run["checkpoints"]),
        "size_bytes": size,
        "repeated_bytes": size * (len(alike) - 1),
    }


def newer(told: Told, finding: Json) -> Facts:
    """Return how long after its job's end the weights were changed, and how many were."""
    path = told.set_dir / finding["subject"]
    end = max(int(row["End"]) for row in told.jobs(finding["experiment"]))
    late = [each for each in _weights(path.parent).values() if each.stat().st_mtime > end]
    return {"after_end_s": int(path.stat().st_mtime) - end, "files": len(late)}


def gone(told: Told, finding: Json) -> Facts:
    """Check that a checkpoint is not there whose neighbours by number are."""
    path = told.set_dir / finding["subject"]
    name, _, number = path.name.rpartition("_")
    assert not path.exists()
    assert path.with_name(f"{name}_{int(number) - 1}").is_dir()
    return {"told_by": "epochs"}


def pruned(told: Told, finding: Json) -> Facts:
    """Return how many epochs of those trained are not there, and how many the log says are kept."""
    run = told.run(finding["experiment"])
    text = (told.set_dir / run["logs"][-1]).read_text("utf-8")
    kept = re.search(r"^keep_last_n_checkpoints: (\d+)$", text, flags=re.MULTILINE)
    assert kept is not None
    epochs = range(int(run["metrics"]["epochs"]["value"]))
    lost = [f"epoch_{n}" for n in epochs if not (told.set_dir / run["path"] / f"epoch_{n}").is_dir()]
    return {"pruned": len(lost), "keep_last": int(kept[1]), "names": ", ".join(lost)}


def no_tokenizer(told: Told, finding: Json) -> Facts:
    """Check that no file of a tokenizer lies in the checkpoint."""
    assert not list((told.set_dir / finding["subject"]).glob("*token*"))
    return {}


CHECKERS: dict[str, Checker] = {
    "no_checkpoints": nothing_saved,
    "final_state_not_saved": last_not_saved,
    "mode_private": private_mode,
    "adapter_base_missing": base_missing,
    "adapter_config_missing": file_missing,
    "checkpoint_file_missing": file_missing,
    "shard_missing": shard_missing,
    "index_missing": index_missing,
    "checkpoint_unfinished": unfinished,
    "temporary_file": left_over,
    "config_invalid": there,
    "config_unreadable": there,
    "log_unreadable": there,
    "file_unreadable": there,
    "file_not_verifiable": there,
    "file_linked_outside": linked_outside,
    "checksum_not_computed": there,
    "checkpoint_missing": gone,
    "checkpoint_pruned": pruned,
    "tokenizer_missing": no_tokenizer,
    "weights_missing": no_weights,
    "config_missing": file_missing,
    "resume_point_broken": resume_point,
    "step_differs": steps_differ,
    "checkpoints_identical": identical,
    "checkpoints_linked": linked,
    "files_repeated": repeated,
    "file_newer_than_job": newer,
}
