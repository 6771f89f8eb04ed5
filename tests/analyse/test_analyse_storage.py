"""What a set takes on disk."""

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.model import (
    CheckpointFile,
    CheckpointKind,
    EntryKind,
    Experiment,
    FileRole,
    Storage,
    StorageLine,
    StoredFile,
    Tier,
    Verdict,
)
from afterall.settings import SetSettings
from analyse.analyse_made import checkpoint, entry, experiment, material, stored


def storage(*experiments: Experiment, **fields: object) -> Storage:
    """Return the storage of a set."""
    return analyse(material(*experiments, **fields)).storage


def test_sizes_add_up_by_role() -> None:
    """Each role has its files, apparent and allocated bytes; roles without files have no line."""
    files = (
        stored("a/m1.safetensors", FileRole.FULL_WEIGHTS, 1000),
        stored("a/m2.safetensors", FileRole.FULL_WEIGHTS, 24),
        stored("a/slurm-1.out", FileRole.LOG, 10),
    )
    (found,) = storage(experiment("a", files=files)).experiments
    assert found.lines == (
        StorageLine(role=FileRole.FULL_WEIGHTS, files=2, size_bytes=1024, allocated_bytes=1536),
        StorageLine(role=FileRole.LOG, files=1, size_bytes=10, allocated_bytes=512),
    )
    assert (found.size_bytes, found.allocated_bytes) == (1034, 2048)


def test_hard_links_count_once_in_the_whole_set() -> None:
    """A file with two names takes its bytes once, in the first experiment that has it."""
    first = experiment(
        "a", files=(stored("a/x", FileRole.OTHER, 100, 7), stored("a/y", FileRole.OTHER, 100, 7))
    )
    second = experiment(
        "b", files=(stored("b/x", FileRole.OTHER, 100, 7), stored("b/z", FileRole.OTHER, 5, 8))
    )
    found = storage(second, first)
    assert [(s.experiment, s.size_bytes) for s in found.experiments] == [("a", 100), ("b", 5)]
    assert found.size_bytes == 105


def test_files_of_no_experiment_count_for_the_set_and_the_reports_own_never() -> None:
    """A shared log counts; what a report writes does not, or writing it would change it."""
    names = (
        "logs/all.out",
        "RESULTS.md",
        "RESULTS.json",
        "RESULTS_files/a.csv",
        ".afterall/lock",
        "afterall.toml",
    )
    made = material(experiment("a", files=(stored("a/x", FileRole.OTHER, 1),)))
    layout = replace(made.layout, entries=tuple(entry(name, 100) for name in (*names, "a/x")))
    found = storage(*made.experiments, layout=layout)
    assert (found.size_bytes, found.allocated_bytes) == (101, 1024)
    renamed = SetSettings(report="SUMMARY.md")
    assert storage(*made.experiments, layout=layout, settings=renamed).size_bytes == 201


def test_symlinks_and_devices_take_nothing() -> None:
    """Only regular files are counted."""
    link = StoredFile(entry("a/l", 50, kind=EntryKind.SYMLINK), FileRole.OTHER)
    assert storage(experiment("a", files=(link,))).size_bytes == 0


def test_adapters_alone_are_one_copy_and_its_configuration() -> None:
    """Of .pt and .safetensors the latter counts, with adapter_config.json, over all checkpoints there are."""
    saved = (
        checkpoint("a/epoch_0", size_bytes=1000),
        checkpoint("a/epoch_1", size_bytes=1000),
        checkpoint("a/epoch_2", size_bytes=0, verdict=Verdict.MISSING, files=()),
    )
    (found,) = storage(experiment("a", checkpoints=saved)).experiments
    assert (found.checkpoints, found.full_bytes, found.adapter_only_bytes) == (2, 2000, 220)


def test_without_checkpoints_nothing_is_claimed() -> None:
    """No checkpoint, no sizes; no adapter, no adapter size."""
    full = checkpoint("b/e", files=(CheckpointFile("b/e/m", FileRole.FULL_WEIGHTS, 9, Verdict.OK),))
    none, weights = storage(experiment("a"), experiment("b", checkpoints=(full,))).experiments
    assert (none.full_bytes, none.adapter_only_bytes) == (None, None)
    assert (weights.full_bytes, weights.adapter_only_bytes) == (230, None)


def model_checkpoint(path: str, weights: int, adapter: int, **fields: object) -> object:
    """Return a checkpoint of sharded weights and an adapter."""
    files = (
        CheckpointFile(f"{path}/model-1.safetensors", FileRole.FULL_WEIGHTS, weights - 1, Verdict.OK),
        CheckpointFile(f"{path}/model-2.safetensors", FileRole.FULL_WEIGHTS, 1, Verdict.OK),
        CheckpointFile(f"{path}/adapter_model.pt", FileRole.ADAPTER, adapter + 50, Verdict.OK),
        CheckpointFile(f"{path}/adapter_model.safetensors", FileRole.ADAPTER, adapter, Verdict.OK),
    )
    return checkpoint(path, files=files, kind=CheckpointKind.FULL_AND_ADAPTER, **fields)


def test_components_are_weights_by_model_and_adapters_by_rank() -> None:
    """All shards together, one form of the adapter, models and ranks in order."""
    runs = [
        experiment(
            f"{model}_r{rank}",
            parameters={"model": model, "lora_rank": rank},
            checkpoints=(model_checkpoint(f"{model}_r{rank}/epoch_0", size, rank),),
        )
        for model, size in (("10B", 900), ("1B", 100))
        for rank in (64, 4)
    ]
    found = storage(*runs).components
    assert [(c.model, c.component, c.lora_rank, c.size_bytes) for c in found] == [
        ("1B", "full_weights", None, 100),
        ("1B", "adapter", 4, 4),
        ("1B", "adapter", 64, 64),
        ("10B", "full_weights", None, 900),
        ("10B", "adapter", 4, 4),
        ("10B", "adapter", 64, 64),
    ]
    assert found[0].example == "1B_r4/epoch_0"


def test_components_are_measured_on_sound_checkpoints() -> None:
    """A truncated checkpoint's size is nobody's; the final one is measured before others."""
    run = experiment(
        "a",
        checkpoints=(
            model_checkpoint("a/epoch_0", 50, 5),
            model_checkpoint("a/epoch_1", 60, 6, is_final=True),
            model_checkpoint("a/epoch_2", 10, 1, verdict=Verdict.CORRUPT),
        ),
    )
    assert [c.size_bytes for c in storage(run).components] == [60, 6]
    unverified = experiment(
        "a", checkpoints=(model_checkpoint("a/epoch_0", 50, 5, verdict=Verdict.UNVERIFIED, tier=None),)
    )
    assert [c.size_bytes for c in storage(unverified).components] == [50, 5]
    broken = experiment(
        "a", checkpoints=(model_checkpoint("a/epoch_0", 50, 5, verdict=Verdict.INCOMPLETE, tier=Tier.QUICK),)
    )
    assert storage(broken).components == ()


def test_repeated_tokenizers_are_counted_beyond_the_first() -> None:
    """Copies of one name and size repeat; a hard link or another size does not."""
    files = (
        stored("a/e0/tokenizer.model", FileRole.TOKENIZER, 100, 1),
        stored("a/e1/tokenizer.model", FileRole.TOKENIZER, 100, 2),
        stored("a/e2/tokenizer.model", FileRole.TOKENIZER, 100, 2),
        stored("a/e3/tokenizer.model", FileRole.TOKENIZER, 99, 4),
        stored("a/e3/other.model", FileRole.TOKENIZER, 100, 5),
    )
    found = storage(experiment("a", files=files))
    assert (found.repeated_files, found.repeated_bytes) == (1, 100)
