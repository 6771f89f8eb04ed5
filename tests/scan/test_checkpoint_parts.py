"""Judge models of several parts, and of several variants."""

from pathlib import Path

import pytest

from afterall.model import Checkpoint, FindingCode, Severity, Verdict
from afterall.scan.checkpoints import verify
from scan.checkpoint_making import (
    codes,
    model_arrays,
    numbers,
    only,
    safetensors_bytes,
    told,
    write,
    write_sharded,
)

WEIGHTS = safetensors_bytes({"w": numbers(8, 8)})
DENSE = "2_Dense/model.safetensors"
UNET = "unet/diffusion_pytorch_model.safetensors"
OF_SENTENCES = [
    {"path": "", "type": "sentence_transformers.models.Transformer"},
    {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"path": "2_Dense", "type": "sentence_transformers.base.modules.dense.Dense"},
]
VARIANT = "model.safetensors.index.fp16.json"


def write_sentence_model(directory: Path) -> Path:
    """Write a sentence-transformer whose pooling, as always, has no weights."""
    write(directory / "modules.json", OF_SENTENCES)  # type: ignore[arg-type]
    write(directory / "config.json", {})
    write(directory / "model.safetensors", WEIGHTS)
    write(directory / "1_Pooling/config.json", {})
    write(directory / "2_Dense/config.json", {})
    write(directory / DENSE, WEIGHTS)
    return directory


def write_pipeline(directory: Path, **parts: tuple[str | None, str | None]) -> Path:
    """Write a pipeline of diffusers: a scheduler, a model, and what else its list names."""
    index = {"unet": ["diffusers", "UNet2DConditionModel"], "scheduler": ["diffusers", "DDIMScheduler"]}
    others = {name: list(saved) for name, saved in parts.items()}
    write(directory / "model_index.json", {"_class_name": "P", "force_zeros": True, **index, **others})
    write(directory / "scheduler/scheduler_config.json", {})
    write(directory / "unet/config.json", {})
    write(directory / UNET, WEIGHTS)
    write(directory / "vae/diffusion_pytorch_model.safetensors", WEIGHTS)
    return directory


def missing(checkpoint: Checkpoint) -> set[str]:
    """Return the names of the parts that are told to have no weights."""
    lost = (each for each in checkpoint.findings if each.code is FindingCode.WEIGHTS_MISSING)
    return {each.subject.rpartition("/")[2] for each in lost}


def test_a_sentence_transformer_is_one_checkpoint(tmp_path: Path) -> None:
    """Whether or not a trainer's files lie beside it."""
    assert not only(write_sentence_model(tmp_path / "m")).findings
    write(tmp_path / "m/training_args.bin", b"")
    (found,) = verify([tmp_path / "m"])
    assert [file.path.partition("/m/")[2] for file in found.files if file.tensors] == [
        DENSE,
        "model.safetensors",
    ]


@pytest.mark.parametrize(("lost", "part"), [(DENSE, "2_Dense"), ("model.safetensors", "m")])
def test_a_lost_module_is_told(tmp_path: Path, lost: str, part: str) -> None:
    """The list says which modules there are, and their class whether they have weights."""
    (write_sentence_model(tmp_path / "m") / lost).unlink()
    found = only(tmp_path / "m")
    assert (missing(found), found.verdict) == ({part}, Verdict.INCOMPLETE)


def test_a_lost_part_of_a_pipeline_is_told(tmp_path: Path) -> None:
    """Its configuration without its weights is no model."""
    (write_pipeline(tmp_path / "p") / UNET).unlink()
    assert missing(only(tmp_path / "p")) == {"unet"}


@pytest.mark.parametrize(
    ("saved", "is_missing"),
    [
        (("transformers", "CLIPTextModel"), True),
        (("transformers", "CLIPTokenizer"), False),
        (("transformers", "T5TokenizerFast"), False),
        (("transformers", "CLIPImageProcessor"), False),
        (("diffusers", "OnnxRuntimeModel"), False),
        ((None, None), False),
    ],
)
def test_only_models_have_weights(
    tmp_path: Path, saved: tuple[str | None, str | None], *, is_missing: bool
) -> None:
    """A part that is not there at all is missed where its class keeps weights."""
    found = only(write_pipeline(tmp_path / "p", other=saved))
    assert missing(found) == ({"other"} if is_missing else set())


@pytest.mark.parametrize("name", ["model_index.json", "modules.json"])
def test_a_damaged_list_of_parts_is_told(tmp_path: Path, name: str) -> None:
    """Without it nothing of the model is loaded."""
    write_pipeline(tmp_path / "p")
    write(tmp_path / "p" / name, '{"unet": [')
    assert FindingCode.CONFIG_INVALID in codes(only(tmp_path / "p").findings)


@pytest.mark.parametrize("text", ["[]", "[1, {}]", '{"path": "a"}', '[{"path": 1, "type": "Dense"}]', "null"])
def test_a_list_of_something_else_names_no_parts(tmp_path: Path, text: str) -> None:
    """The name is used for other things too."""
    write(tmp_path / "m/modules.json", text)
    write(tmp_path / "m/config.json", {})
    write(tmp_path / "m/model.safetensors", WEIGHTS)
    assert not only(tmp_path / "m").findings


def write_variants(directory: Path) -> Path:
    """Write a sharded model, and beside it the same as transformers saves it with `variant="fp16"`."""
    write_sharded(directory, model_arrays())
    for path in sorted(directory.glob("model*.safetensors")):
        write(directory / path.name.replace("model-", "model.fp16-"), path.read_bytes())
    index = (directory / "model.safetensors.index.json").read_text()
    write(directory / VARIANT, index.replace("model-", "model.fp16-"))
    write(directory / "config.json", {})
    return directory


def test_variants_of_a_model_lie_beside_each_other(tmp_path: Path) -> None:
    """Each has its own index, and neither is a leftover of the other."""
    assert not only(write_variants(tmp_path / "m")).findings


@pytest.mark.parametrize("index", [VARIANT, "model.safetensors.index.json"])
def test_a_lost_index_of_a_variant_is_told(tmp_path: Path, index: str) -> None:
    """The other variant's index does not stand for it."""
    (write_variants(tmp_path / "m") / index).unlink()
    found = only(tmp_path / "m")
    assert told(found, FindingCode.INDEX_MISSING).subject == str(tmp_path / "m" / index)


def test_a_variants_shards_are_held_against_its_index(tmp_path: Path) -> None:
    """A lost one is told while others are there; where all were cleared away, an index may be left."""
    shards = sorted(write_variants(tmp_path / "m").glob("model.fp16-*"))
    shards[0].unlink()
    assert told(only(tmp_path / "m"), FindingCode.SHARD_MISSING).gravity is Severity.ERROR
    for shard in shards[1:]:
        shard.unlink()
    assert not only(tmp_path / "m").findings
