"""Name the trainers that build upon HF's, and the versions that they and their cards tell."""

import io
from pathlib import Path

import pytest

from afterall.scan.checkpoints import Examination
from afterall.scan.experiment import scan_experiment
from afterall.scan.promises import make_promises
from afterall.scan.traces import Trace
from afterall.scan.trainers import TRAINERS, based_on
from afterall.scan.trainers.axolotl import read_debug_log
from afterall.scan.trainers.model_card import read_card
from afterall.scan.trainers.model_config import read_model_config
from afterall.scan.trainers.peft import read_adapter
from scan.run_making import experiment, fixture, lay_down, log
from scan.trace_reading import chosen, file_trace, last_part

VERSIONS = {
    "accelerate": "0.28.0",
    "peft": "0.10.0",
    "transformers": "4.40.0.dev0",
    "trl": "0.8.5",
    "torch": "2.1.2+cu118",
    "bitsandbytes": "0.43.0",
}
AXOLOTL = "\n".join(
    (
        "*" * 40,
        "**** Axolotl Dependency Versions *****",
        *(f"{name: >12}: {version: <15}" for name, version in VERSIONS.items()),
        "*" * 40,
        "[2024-04-18 12:00:00,123] [INFO] [axolotl.normalize_config:182] [PID:1] [RANK:0] GPU memory usage",
        "{'loss': 1.2, 'grad_norm': 0.5, 'learning_rate': 0.0001, 'epoch': 0.1}\n",
    )
).encode()
LLAMA_FACTORY = (
    b"[INFO|2025-05-15 07:22:21] llamafactory.hparams.parser:401 >> Process rank: 0, world size: 1\n"
    b"{'loss': 1.2, 'grad_norm': 0.5, 'learning_rate': 0.0001, 'rewards/chosen': 0.1, 'epoch': 0.1}\n"
)
MS_SWIFT = b'{"loss": 1.5, "epoch": 0.1, "memory(GiB)": 16.5, "global_step/max_steps": "10/438"}\n'


def told(trace: Trace) -> dict[str, object]:
    """Return a trace's provenance without its sources."""
    return {name: fact.value for name, fact in trace.provenance.items()}


def trainer_of(set_dir: Path, files: dict[str, bytes]) -> str | None:
    """Return which trainer an experiment with these files and a log is said to be of."""
    entries = lay_down(set_dir, {f"run/{name}": data for name, data in files.items()})
    logs = [log("run/job.out")] if "job.out" in files else []
    return scan_experiment(experiment("run", entries, logs), Examination(root=set_dir)).trainer


@pytest.mark.parametrize("release", ["4.46", "0.12", "1.16"])
def test_cards_tell_versions(release: str) -> None:
    """Cards of the Trainer and of TRL list the libraries that were at work."""
    name = f"{'huggingface' if release == '4.46' else 'trl'}/README-{release}.md"
    trace = file_trace(read_card, fixture(name), "out/README.md")
    assert trace.trainer == ("huggingface" if release == "4.46" else "trl")
    assert told(trace)["version.torch"] == "2.13.0+cpu"
    assert told(trace)["version.transformers"] == ("5.24.0" if release == "1.16" else "4.46.3")


def test_a_cut_card_invents_no_version() -> None:
    """A last line without its end may be half a version, and is none."""
    whole = fixture("trl/README-1.16.md")
    known = told(file_trace(read_card, whole, "README.md"))
    for end in range(len(whole)):
        cut = read_card(io.BytesIO(whole[:end]), "README.md")
        assert cut is None or told(cut).items() <= known.items(), end


def test_pefts_card_ends_without_a_line_end() -> None:
    """PEFT's own card ends with its release and nothing behind it; half a release is none."""
    card = b"---\nlibrary_name: peft\n---\n### Framework versions\n\n- PEFT 0.13.2"
    assert told(file_trace(read_card, card, "README.md")) == {"version.peft": "0.13.2"}
    assert read_card(io.BytesIO(card[:-2]), "README.md") is None


def test_axolotls_card_is_axolotls() -> None:
    """Its own version stands in the card, above the configuration; TRL's tag beside it counts less."""
    card = b"---\ntags:\n- trl\n- generated_from_trainer\n---\naxolotl version: `0.4.1`\n```yaml\nx: 1\n```\n"
    trace = file_trace(read_card, card, "README.md")
    assert (trace.trainer, told(trace)) == ("axolotl", {"version.axolotl": "0.4.1"})


def test_a_base_models_card_is_not_read() -> None:
    """Only a card beside a run's own files is of that run."""
    paths = ["r/epoch_0/README.md", "r/base/README.md", "r/out/README.md", "r/out/training_args.bin"]
    assert chosen("huggingface", paths) == ["r/out/README.md"]
    assert read_card(io.BytesIO(b"# A model\n\nIt was trained with care.\n"), "README.md") is None


def test_the_card_above_a_trainers_checkpoints_is_the_runs() -> None:
    """Axolotl leaves nothing of the Trainer's beside the model that it saved last."""
    paths = ["r/README.md", "r/out/README.md", "r/out/checkpoint-20/README.md"]
    assert chosen("huggingface", [*paths, "r/out/checkpoint-20/training_args.bin"]) == ["r/out/README.md"]


def test_a_saved_model_tells_its_release() -> None:
    """`save_pretrained` writes the release that ran; a base model's own file is not read."""
    trace = file_trace(read_model_config, b'{"transformers_version": "4.46.3"}', "out/config.json")
    assert told(trace) == {"version.transformers": "4.46.3"}
    assert read_model_config(io.BytesIO(b"{}"), "out/config.json") is None
    paths = ["r/base/config.json", "r/out/config.json", "r/out/training_args.bin"]
    assert chosen("huggingface", paths) == ["r/out/config.json"]


def test_axolotl_is_named_by_its_log() -> None:
    """Its loggers name it, and its list of libraries tells versions."""
    traces = {trace.trainer: trace for trace in last_part(AXOLOTL).traces}
    assert set(traces) == {"axolotl", "huggingface"}
    assert told(traces["axolotl"]) == {f"version.{name}": version for name, version in VERSIONS.items()}


def test_axolotls_debug_log_is_beside_its_model() -> None:
    """A debug.log elsewhere, as wandb's, is another's; one without its loggers too."""
    paths = ["r/wandb/debug.log", "r/out/debug.log", "r/out/adapter_config.json"]
    assert chosen("axolotl", paths) == ["r/out/debug.log"]
    assert read_debug_log(io.BytesIO(b"axolotls are animals"), "debug.log") is None
    assert file_trace(read_debug_log, AXOLOTL, "debug.log").trainer == "axolotl"


@pytest.mark.parametrize(
    ("files", "trainer"),
    [
        ({"job.out": AXOLOTL}, "axolotl"),
        ({"job.out": LLAMA_FACTORY}, "llamafactory"),
        ({"out/v0-1/logging.jsonl": MS_SWIFT}, "ms_swift"),
        ({"out/v0-1/logging.jsonl": MS_SWIFT, "job.out": LLAMA_FACTORY.split(b"\n")[1] + b"\n"}, "ms_swift"),
        ({"job.out": LLAMA_FACTORY.split(b"\n")[1] + b"\n"}, "trl"),
        ({"job.out": fixture("huggingface/rows-4.46.out")}, "huggingface"),
        ({"out/adapter_config.json": fixture("peft/adapter_config-0.13.json")}, "peft"),
        ({"step_10/random_states_0.pkl": b"\x80"}, "accelerate"),
        ({"global_step10/mp_rank_00_model_states.pt": b"P"}, "deepspeed"),
        ({"global_step10/zero_pp_rank_0_mp_rank_00_model_states.pt": b"P"}, "deepspeed"),
        ({"global_step10/mp_rank_00_model_states.pt": b"P", "job.out": AXOLOTL}, "axolotl"),
        ({"job.out": b"step 1 loss: 0.5\n"}, None),
    ],
)
def test_the_trainer_that_builds_on_others_names_the_run(
    tmp_path: Path, files: dict[str, bytes], trainer: str | None
) -> None:
    """Of several trainers in one run's traces the one that uses the others is named."""
    assert trainer_of(tmp_path, files) == trainer


def test_what_is_built_upon_is_in_the_registry() -> None:
    """A trainer that writes another's checkpoints names one that the registry has."""
    names = {trainer.name for trainer in TRAINERS}
    assert {trainer.builds_on for trainer in TRAINERS} - {""} <= names
    assert (based_on("trl"), based_on("torchtune")) == ("huggingface", "torchtune")


def test_a_derived_trainer_promises_its_bases_checkpoints() -> None:
    """What TRL saves is looked for as HF Trainer's."""
    traces = last_part(fixture("trl/dpo-0.12.out")).traces
    assert make_promises({}, {}, traces, None, is_completed=None).trainer == "huggingface"


def test_peft_tells_its_version_and_torchtune_is_not_peft() -> None:
    """Newer adapters name the release that saved them; torchtune writes a file of the same name."""
    trace = file_trace(read_adapter, fixture("peft/adapter_config-0.21.json"), "adapter_config.json")
    assert told(trace) == {"version.peft": "0.21.2"}
    tiny = b'{"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "peft_type": "LORA"}'
    assert read_adapter(io.BytesIO(tiny), "adapter_config.json") is None
