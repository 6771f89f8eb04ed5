"""Read how many ranks saved a checkpoint from what DeepSpeed and Megatron write into each of its files.

Invariant: a number is given only where a file says it; the first that does decides.
Source: deepspeed/runtime/engine.py (_save_checkpoint), zero/stage3.py and stage_1_and_2.py (state_dict),
Megatron-LM megatron/training/checkpointing.py (generate_state_dict: `args`).
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from afterall.model import Scalar
from afterall.scan.checkpoints.formats.torch_zip import Archive
from afterall.scan.checkpoints.inspection import Inspection

_MOST_RANKS = 100_000


class World(Struct, frozen=True):
    """What the files of one save say of it; None: nobody says."""

    partitions: int | None = None
    """Data-parallel ranks that saved a part each of what ZeRO spreads over them."""
    slices: int | None = None
    """DeepSpeed's model-parallel ranks."""
    tensor: int | None = None
    """Megatron's tensor-parallel ranks; None too where experts are spread over ranks."""
    pipeline: int | None = None
    """Megatron's stages of the pipeline."""
    stage: int | None = None
    """DeepSpeed's stage of ZeRO."""
    is_bf16: bool = False


def world_of(files: Iterable[Inspection]) -> World:
    """Return the world that these files of one save, in order of ranks, were saved by.

    With node-local storage each node holds its own ranks' files only. With MiCS only the first group of ranks
    saves: the optimizer's own count is right there, the number of data-parallel ranks is not.
    """
    held = [scalars for file in files if (scalars := scalars_of(file))]
    if any(each.get("ds_config.checkpoint.use_node_local_storage") is True for each in held):
        return World()
    counts = [_first(held, "optimizer_state_dict.partition_count")]
    if not _first(held, "ds_config.zero_optimization.mics_shard_size"):
        counts.append(_first(held, "dp_world_size"))
    experts = _first(held, "args.expert_model_parallel_size") or 1
    return World(
        partitions=next((count for count in counts if count is not None), None),
        slices=_first(held, "mp_world_size"),
        tensor=_first(held, "args.tensor_model_parallel_size") if experts == 1 else None,
        pipeline=_first(held, "args.pipeline_model_parallel_size"),
        stage=_first(held, "ds_config.zero_optimization.stage"),
        is_bf16=any(each.get("ds_config.bf16.enabled") is True for each in held),
    )


def scalars_of(file: Inspection) -> Mapping[str, Scalar]:
    """Return the plain values at the top of a torch archive, none for any other file."""
    document = file.contents.document if file.contents is not None else None
    return document.scalars if isinstance(document, Archive) else {}


def _first(held: Iterable[Mapping[str, Scalar]], name: str) -> int | None:
    values = (scalars.get(name) for scalars in held)
    return next((each for each in values if type(each) is int and 0 < each <= _MOST_RANKS), None)
