# ruff: noqa: E501 - listings read as lines
"""Recognise checkpoints by how each trainer lays them out, from names alone."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.model import Entry, EntryKind
from afterall.scan.checkpoints.layouts import LAYOUTS, find_places

Place = tuple[str, str, int | None, int | None, bool]
"""Layout, path, epoch, step, and whether it is the run's final model."""


def tree(text: str) -> tuple[Entry, ...]:
    """Return the entries of a listing, one path a line; a trailing '/' marks a directory."""
    paths = text.split()
    inner = {path.rpartition("/")[0] for path in paths if "/" in path.rstrip("/")}
    entries = [
        entry(path.rstrip("/"), EntryKind.DIRECTORY if path.endswith("/") else EntryKind.FILE)
        for path in paths
    ]
    entries += [entry(path, EntryKind.DIRECTORY) for path in inner if path]
    return tuple(sorted(set(entries), key=lambda each: each.path))


def entry(path: str, kind: EntryKind = EntryKind.FILE) -> Entry:
    """Return one entry of a directory listing, of 10 bytes."""
    return Entry(path, kind, 10, 512, 1, 0o644, abs(hash(path)), 1, 1)


def found(entries: Iterable[Entry]) -> list[Place]:
    """Return layout, path, epoch, step and finality of each place where a checkpoint lies."""
    return [(p.layout, p.path, p.epoch, p.step, p.is_final) for p in find_places(entries)]


CASES: dict[str, tuple[str, list[Place]]] = {
    "torchtune 0.1: flat .pt": (
        "out/hf_model_0001_0.pt out/hf_model_0001_1.pt out/adapter_0.pt out/adapter_1.pt out/recipe_state.pt",
        [
            ("torchtune", "out/adapter_0.pt", 0, None, False),
            ("torchtune", "out/adapter_1.pt", 1, None, False),
        ],
    ),
    "torchtune 0.2: flat safetensors shards": (
        "out/model-01-of-02_0.safetensors out/model-02-of-02_0.safetensors out/adapter_config.json",
        [("torchtune", "out/model-01-of-02_0.safetensors", 0, None, False)],
    ),
    "torchtune 0.1: Meta and torchtune checkpointers": (
        "a/meta_model_3.pt b/torchtune_model_0.pt",
        [
            ("torchtune", "a/meta_model_3.pt", 3, None, False),
            ("torchtune", "b/torchtune_model_0.pt", 0, None, False),
        ],
    ),
    "torchtune 0.5: ft-model": (
        "o/epoch_0/ft-model-00001-of-00001.safetensors o/recipe_state/recipe_state.pt",
        [("torchtune", "o/epoch_0", 0, None, False)],
    ),
    "torchtune nightly: step_N and an empty adapter_model/": (
        "o/step_15/model.safetensors o/step_20/model.safetensors o/step_20/adapter_model/",
        [("torchtune", "o/step_15", None, 15, False), ("torchtune", "o/step_20", None, 20, False)],
    ),
    "torchtune: an epoch directory made and not written": (
        "o/epoch_0/model.safetensors o/epoch_1/",
        [("torchtune", "o/epoch_0", 0, None, False), ("torchtune", "o/epoch_1", 1, None, False)],
    ),
    "directories called epoch_N that hold predictions": ("o/epoch_0/preds.csv o/epoch_1/preds.csv", []),
    "HF Trainer: checkpoints and final model": (
        "r/checkpoint-50/model.safetensors r/checkpoint-100/trainer_state.json r/model.safetensors r/training_args.bin",
        [
            ("hf_trainer", "r/checkpoint-50", None, 50, False),
            ("hf_trainer", "r/checkpoint-100", None, 100, False),
            ("hf_trainer", "r", None, None, True),
        ],
    ),
    "HF Trainer: a save that was interrupted": (
        "r/tmp-checkpoint-5/optimizer.pt",
        [("hf_trainer", "r/tmp-checkpoint-5", None, 5, False)],
    ),
    "HF Trainer with DeepSpeed inside": (
        "r/checkpoint-5/global_step5/mp_rank_00_model_states.pt r/checkpoint-5/latest r/checkpoint-5/trainer_state.json",
        [("hf_trainer", "r/checkpoint-5", None, 5, False)],
    ),
    "LLaMA-Factory": (
        "r/trainer_log.jsonl r/checkpoint-5/adapter_model.safetensors",
        [("llama_factory", "r/checkpoint-5", None, 5, False)],
    ),
    "Axolotl": (
        "r/debug.log r/checkpoint-5/adapter_model.safetensors r/adapter_model.safetensors",
        [("axolotl", "r/checkpoint-5", None, 5, False), ("axolotl", "r", None, None, True)],
    ),
    "accelerate": (
        "r/checkpoints/checkpoint_0/random_states_0.pkl r/epoch_1/random_states_0.pkl r/epoch_1/pytorch_model.bin",
        [
            ("accelerate", "r/epoch_1", 1, None, False),
            ("accelerate", "r/checkpoints/checkpoint_0", None, None, False),
        ],
    ),
    "accelerate: named by hand, the last one not finished": (
        "r/step_10/random_states_0.pkl r/step_20/model.safetensors r/step_20/optimizer.bin r/epoch_1/model.safetensors",
        [
            ("accelerate", "r/step_10", None, 10, False),
            ("accelerate", "r/step_20", None, 20, False),
            ("torchtune", "r/epoch_1", 1, None, False),
        ],
    ),
    "Lightning": (
        "l/version_0/checkpoints/epoch=2-step=39-val_loss=0.04.ckpt l/version_0/checkpoints/last.ckpt",
        [
            ("lightning", "l/version_0/checkpoints/epoch=2-step=39-val_loss=0.04.ckpt", 2, 39, False),
            ("lightning", "l/version_0/checkpoints/last.ckpt", None, None, True),
        ],
    ),
    "Lightning, sharded": (
        "c/epoch=0-step=5.ckpt/.metadata c/epoch=0-step=5.ckpt/__0_0.distcp",
        [("lightning", "c/epoch=0-step=5.ckpt", 0, 5, False)],
    ),
    "litgpt": (
        "o/step-000200/lit_model.pth.lora o/final/lit_model.pth o/final/tokenizer.json",
        [("litgpt", "o/step-000200", None, 200, False), ("litgpt", "o/final", None, None, True)],
    ),
    "NeMo": (
        "n/m--val_loss=1.2-step=99-consumed_samples=800.0/weights/.metadata n/m--val_loss=1.2-step=99-consumed_samples=800.0/context/model.yaml n/final.nemo",
        [
            ("nemo", "n/final.nemo", None, None, False),
            ("nemo", "n/m--val_loss=1.2-step=99-consumed_samples=800.0", None, 99, False),
        ],
    ),
    "NeMo 1: a file for each rank": (
        "n/mp_rank_00/m--step=99-last.ckpt n/mp_rank_01/m--step=99-last.ckpt n/mp_rank_00/other.txt",
        [("nemo", "n/mp_rank_00/m--step=99-last.ckpt", None, 99, True)],
    ),
    "Megatron": (
        "m/latest_checkpointed_iteration.txt m/iter_0000500/mp_rank_00/model_optim_rng.pt m/release/mp_rank_00/model_optim_rng.pt",
        [("megatron", "m/release", None, None, False), ("megatron", "m/iter_0000500", None, 500, False)],
    ),
    "DeepSpeed": (
        "d/latest d/global_step500/mp_rank_00_model_states.pt d/global_step500/zero_pp_rank_0_mp_rank_00_optim_states.pt",
        [("deepspeed", "d/global_step500", None, 500, False)],
    ),
    "verl: actor and critic by FSDP's ranks": (
        "v/global_step_20/data.pt v/global_step_20/actor/huggingface/config.json v/global_step_20/actor/model_world_size_2_rank_0.pt v/global_step_20/critic/model_world_size_2_rank_0.pt",
        [("verl", "v/global_step_20", None, 20, False)],
    ),
    "verl: Megatron's distributed parts, and fine-tuning": (
        "v/global_step_20/actor/dist_ckpt/__0_0.distcp s/global_step_9/model_world_size_1_rank_0.pt",
        [("verl", "s/global_step_9", None, 9, False), ("verl", "v/global_step_20", None, 20, False)],
    ),
    "verl: fine-tuned in Hugging Face's form": (
        "s/global_step_9/model.safetensors s/global_step_9/config.json",
        [("bare", "s/global_step_9", None, 9, False)],
    ),
    "DCP, torchtitan": (
        "t/checkpoint/step-100/.metadata t/checkpoint/step-100/__0_0.distcp t/checkpoint/step-200/__0_0.distcp",
        [
            ("dcp", "t/checkpoint/step-100", None, 100, False),
            ("dcp", "t/checkpoint/step-200", None, 200, False),
        ],
    ),
    "a diffusers pipeline, and a trainer's state of a part of one": (
        "p/model_index.json p/unet/diffusion_pytorch_model.safetensors p/unet/config.json p/text_encoder/model.safetensors p/scheduler/scheduler_config.json p/tokenizer/vocab.json p/checkpoint-9/random_states_0.pkl p/checkpoint-9/unet/diffusion_pytorch_model.safetensors p/checkpoint-9/optimizer.bin q/unet/diffusion_pytorch_model.bin",
        [
            ("accelerate", "p/checkpoint-9", None, 9, False),
            ("bare", "q/unet", None, None, False),
            ("composite", "p", None, None, False),
        ],
    ),
    "sentence-transformers, old and new": (
        "a/modules.json a/0_Transformer/pytorch_model.bin a/0_Transformer/config.json a/1_Pooling/config.json b/modules.json b/model.safetensors b/config.json b/2_Dense/model.safetensors b/2_Dense/config.json c/modules.json",
        [("composite", "a", None, None, False), ("composite", "b", None, None, False)],
    ),
    "a bare directory of weights, and single files": (
        "b/model.safetensors b/config.json c/model_epoch_3.pth c/best.pt c/checkpoint_12.pth.tar c/data.tar",
        [
            ("bare", "c/checkpoint_12.pth.tar", None, 12, False),
            ("bare", "b", None, None, False),
            ("bare", "c/best.pt", None, None, False),
            ("bare", "c/model_epoch_3.pth", 3, None, False),
        ],
    ),
    "nothing in trackers and caches": (
        "wandb/run/files/model.safetensors .cache/huggingface/model.safetensors mlruns/0/a/model.pt",
        [],
    ),
    "data is no checkpoint": (
        "d/train.pt d/train.bin d/tokenizer.model d/results.json features/utt_1.pt latents/0.safetensors processed/model_best.pt",
        [("bare", "processed/model_best.pt", None, None, False)],
    ),
}


@pytest.mark.parametrize(("listing", "expected"), CASES.values(), ids=CASES.keys())
def test_each_layout_is_recognised(listing: str, expected: list[Place]) -> None:
    """From a listing alone: which checkpoints there are, whose they are, and which epoch or step."""
    assert sorted(found(tree(listing)), key=str) == sorted(expected, key=str)


def test_every_layout_has_a_case() -> None:
    """No row of the registry goes untested."""
    assert {layout.name for layout in LAYOUTS} == {
        place[0] for _, expected in CASES.values() for place in expected
    }


def test_flat_files_that_are_overwritten_belong_to_the_last_epoch() -> None:
    """Torchtune 0.2 to 0.4 keeps one adapter_model.bin and one config for all epochs."""
    places = find_places(
        tree("o/adapter_0.pt o/adapter_1.pt o/adapter_model.bin o/adapter_config.json o/recipe_state.pt")
    )
    assert [len(place.entries) for place in places] == [1, 4]


def test_saves_that_are_only_counted_come_in_their_order() -> None:
    """Accelerate's own names count saves: they are no steps, and ten comes after two."""
    listing = " ".join(f"r/checkpoints/checkpoint_{count}/random_states_0.pkl" for count in (10, 2, 1))
    places = find_places(tree(listing))
    assert [(place.name, place.step) for place in places] == [
        ("checkpoint_1", None),
        ("checkpoint_2", None),
        ("checkpoint_10", None),
    ]


@pytest.mark.parametrize(
    "name", ["ITER-7", "epoch_1_iter7", "Ckpt=7", "x.checkpoint_7", "step7", "\u0130ter_7", "\u0131ter7"]
)
def test_a_single_file_has_the_step_that_its_name_says(name: str) -> None:
    """In any case, Turkish too."""
    assert [place.step for place in find_places(tree(f"w/{name}.safetensors"))] == [7]


def test_checkpoints_come_in_the_order_of_their_steps() -> None:
    """Steps count as numbers, and the final model comes last."""
    listing = (
        " ".join(f"r/checkpoint-{step}/model.safetensors" for step in (1000, 200, 30))
        + " r/model.safetensors"
    )
    assert [place.name for place in find_places(tree(listing))] == [
        "checkpoint-30",
        "checkpoint-200",
        "checkpoint-1000",
        "final",
    ]


PARTS = st.sampled_from(
    ["epoch_0", "checkpoint-5", "step-3", "model.safetensors", "a.ckpt", ".metadata", "__0_0.distcp", "latest", "x.pt",
     "random_states_0.pkl", "iter_0000001", "adapter_0.pt", "trainer_state.json", "weights", "lit_model.pth", "wandb"]
)  # fmt: skip


@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join), max_size=12))
def test_no_file_belongs_to_two_checkpoints(paths: list[str]) -> None:
    """Whatever names are mixed, each file is handed out at most once, and order of entries does not matter."""
    files = {path for path in paths if not any(other.startswith(f"{path}/") for other in paths)}
    entries = [entry(path) for path in sorted(files)]
    places = find_places(entries)
    held = [each.path for place in places for each in place.entries]
    assert len(held) == len(set(held))
    assert find_places(reversed(entries)) == places


def test_what_a_checkpoint_scored_is_no_checkpoint() -> None:
    """The harness, and people, call directories of results after the checkpoint that they are of."""
    scores = "results_2026-11-23T10-00-00.000000.json"
    places = (
        f"a/lm_eval/checkpoint-100/{scores} a/lm_eval/checkpoint-100/samples_arc_2026-11-23.jsonl "
        f"a/scored/checkpoint-100/{scores} a/eval/checkpoint-100/summary.json "
        "a/checkpoint-100/adapter_model.safetensors a/checkpoint-100/results_x.json"
    )
    assert [path for _, path, *_ in found(tree(places))] == ["a/checkpoint-100"]
