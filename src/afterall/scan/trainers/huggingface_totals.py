"""Make sense of what HF Trainer's last row, its totals, says otherwise than the rows before it.

Format: with `skip_memory_metrics=False` the totals have bytes of GPU 0, as rank 0 sees it:
`before_init_mem_gpu`, then how much each stage added (`…_alloc_delta`) and needed besides for a time
(`…_peaked_delta`). Axolotl's totals have a throughput of 0: no step was taken since the row before.
Source: transformers 4.20 to 5.24, trainer_utils.py (TrainerMemoryTracker); axolotl's printed rows.
"""

from collections.abc import Iterable, Mapping

from afterall.scan.trainers.rows import number_in

_ADDED = (
    "before_init_mem_gpu",
    "init_mem_gpu_alloc_delta",
    "train_mem_gpu_alloc_delta",
    "train_mem_gpu_peaked_delta",
)
_RATE = "tokens/train_per_sec_per_gpu"
_OF_TOTALS = frozenset({"train_loss", "train_samples_per_second"})


def is_totals(names: Iterable[str]) -> bool:
    """Tell the names of a run's totals from those of other rows, of which 5.x has the runtime so far in each.

    Before 4.5 totals had no mean loss.
    """
    return not _OF_TOTALS.isdisjoint(names)


def understood(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return a row with its peak of allocated memory in GiB, and without a rate over no step."""
    if "train_loss" not in row:
        return row
    kept = {name: value for name, value in row.items() if name != _RATE or number_in(value) != 0}
    parts = [number_in(row.get(name)) for name in _ADDED]
    known = [part for part in parts if part is not None]
    if len(known) == len(parts) and 0 < sum(known) < 1 << 50:
        kept["peak_memory_alloc"] = sum(known) / 2**30
    return kept
