"""A trained model that a script saved once more is a part of its run, wherever that is."""

import pytest

from discover.discover_trees import layout_of, names

RUN = ("checkpoint-60/adapter_model.safetensors", "checkpoint-60/trainer_state.json")
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def below(directory: str, *files: str) -> list[str]:
    """Return files of a directory."""
    return [f"{directory}/{file}" for file in files]


@pytest.mark.parametrize(
    "saved",
    [
        below("lora_model", *ADAPTER),
        below("my-bert", "training_args.bin", "model.safetensors", "config.json"),
    ],
)
def test_a_set_that_is_one_run_may_save_it_aside(saved: list[str]) -> None:
    """`outputs/checkpoint-60` and the last state beside it are one run, as notebooks leave it."""
    layout = layout_of(*below("outputs", *RUN), *saved, "train.ipynb")
    assert names(layout) == ["sweep"]
    assert {entry.path for entry in layout.experiments[0].entries} >= set(saved)


def test_two_runs_are_not_one_because_one_kept_only_its_model() -> None:
    """Where the other directory shows how it was trained, or there are two, each is a run."""
    trained = below("rank8", *ADAPTER, "train.log")
    assert names(layout_of(*below("outputs", *RUN), *trained)) == ["outputs", "rank8"]
    assert names(layout_of(*below("a", *RUN), *below("b", *ADAPTER))) == ["a", "b"]
    several = [*below("outputs", *RUN), *below("x", *ADAPTER), *below("y", *ADAPTER)]
    assert names(layout_of(*several)) == ["outputs", "x", "y"]


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ("qwen-r8-final", True),
        ("qwen-r8_final_model", True),
        ("final_qwen-r8", True),
        ("lora_model_qwen_r8", True),
        ("qwen-r8-merged", True),
        ("qwen-r8-lora", False),
        ("qwen-r8-adapter", False),
        ("qwen-r16-final", False),
        ("qwen-r8-seed2", False),
        ("final", False),
    ],
)
def test_a_run_and_its_last_state_beside_it_are_one(other: str, is_same: bool) -> None:
    """A name that says no more than that it is the last state of the one beside it names no other run."""
    layout = layout_of(
        *below("out/qwen-r8", *RUN), *below("out/base-r2", *RUN), *below(f"out/{other}", *ADAPTER)
    )
    joined = next(one for one in layout.experiments if one.name == "qwen-r8")
    assert (joined.roots == ("out/qwen-r8", f"out/{other}")) is is_same


@pytest.mark.parametrize(
    ("directory", "is_same"),
    [
        ("merged/qwen-r8", True),
        ("merged_models/qwen-r8", True),
        ("exports/qwen-r8", True),
        ("merged/qwen-r16", False),
        ("compared/qwen-r8", False),
        ("models-of-others/qwen-r8", False),
    ],
)
def test_a_model_that_was_made_of_a_run_is_a_part_of_it(directory: str, is_same: bool) -> None:
    """`llamafactory-cli export` writes `merged/NAME` beside `saves/NAME`: its weights are verified too."""
    whole = below(directory, "model.safetensors", "config.json")
    layout = layout_of(*below("saves/qwen-r8", *RUN), *below("saves/base-r2", *RUN), *whole)
    assert names(layout) == ["base-r2", "qwen-r8"]
    joined = next(one for one in layout.experiments if one.name == "qwen-r8")
    assert joined.roots == (("saves/qwen-r8", directory) if is_same else ("saves/qwen-r8",))


def test_a_run_lies_where_its_model_is() -> None:
    """`models/lora_r8` comes before `logs/lora_r8`, whether checkpoints lie in it or the last state alone."""
    for saved in (ADAPTER, RUN):
        layout = layout_of(*below("models/lora_r8", *saved), *below("logs/lora_r8", "train.log"), "train.py")
        assert [one.roots for one in layout.experiments] == [("models/lora_r8", "logs/lora_r8")]


def test_samples_of_a_step_are_no_checkpoint() -> None:
    """`validation/epoch_1` with pictures in it makes no run; one with nothing in it yet may be a save."""
    pictures = ["validation/epoch_1/0.png", "validation/epoch_1/0_caption.txt", "samples/step_100/a.wav"]
    assert names(layout_of(*pictures, *below("rank4", *RUN), *below("rank8", *RUN))) == ["rank4", "rank8"]
    assert names(layout_of("a/step_100/", *below("b", *RUN))) == ["a", "b"]


def test_a_state_to_resume_from_is_a_checkpoint() -> None:
    """`checkpoints/resume` is no run beside `checkpoints/best`; one of that name elsewhere may be."""
    layout = layout_of(*below("checkpoints/best", *ADAPTER), "checkpoints/resume/random_states_0.pkl")
    assert names(layout) == ["sweep"]
    assert names(layout_of(*below("resume", *RUN), *below("letter", *RUN))) == ["letter", "resume"]


def test_versions_of_a_loggers_only_name_are_runs() -> None:
    """`TensorBoardLogger("log", name="mine")` counts runs; beside other names a version is an attempt."""
    logged = "log/mine/version_0/events.out.tfevents.1795417042.n1.1.0"
    again = "log/mine/version_1/events.out.tfevents.1795417099.n1.1.0"
    assert names(layout_of(logged, again, "main.py")) == ["version_0", "version_1"]
    assert names(layout_of(logged, again, "log/mine/train.log")) == ["mine"]
    assert names(layout_of(logged, again, "log/mine/model.ckpt")) == ["mine"]
    assert names(layout_of(logged, again, "log/other/version_0/metrics.csv")) == ["mine", "other"]
    assert names(layout_of(logged, "main.py")) == ["mine"]


def test_a_papers_logs_are_no_runs() -> None:
    """TeX writes `main.log` and `main.out` beside its text."""
    paper = ("paper/main.tex", "paper/main.log", "paper/main.out")
    assert names(layout_of(*paper, *below("rank4", *RUN), *below("rank8", *RUN))) == ["rank4", "rank8"]


def test_a_version_that_only_logged_is_a_run() -> None:
    """Lightning's version without a checkpoint was stopped before its first, and is not left out."""
    logged = "lightning_logs/version_1/events.out.tfevents.1795417042.n1.1.0"
    saved = "lightning_logs/version_0/checkpoints/epoch=1-step=20.ckpt"
    assert names(layout_of(logged, saved, "lightning_logs/version_2/metrics.csv")) == [
        "version_0", "version_1", "version_2",
    ]  # fmt: skip
