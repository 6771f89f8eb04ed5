r"""Take apart a row of numbers that HF Trainer, or one built upon it, printed, and the plan in its banner.

Format: a dictionary of names and numbers, in 5.x of text; rows of ms-swift tell their own step, as
`'global_step/max_steps': '78/176'`, those of PaddleNLP as `'global_step': 150`; SetFit calls its losses
`embedding_loss` and `eval_embedding_loss`. Banners: `  Num Epochs = 3` and `  Total optimization steps =
1,500` of transformers' logger, in SetFit's `  Num epochs = 3`; unsloth's `   \\   /|    Num examples = 10,000
| Num Epochs = 1 | Total steps = 60`; behind `09/21/2022 13:38:31 - INFO - __main__ - ` those of accelerate's
and diffusers' example scripts. Source: transformers 4.20 to 5.24, trainer.py, and its examples/pytorch,
run_*_no_trainer.py; ms-swift 2 to 4, trainers/callback.py; unsloth 2024 to 2026, models/_utils.py; setfit 1,
trainer.py.
"""

import re
from collections.abc import Container, Mapping

from msgspec import Struct

from afterall.scan.trainers.huggingface_series import PAIR
from afterall.scan.trainers.rows import number_in

_ROW = re.compile(r"\{'[\w/. ()@-]{1,80}': .*\}$")
_OF_ROWS = frozenset({"loss", "eval_loss", "train_runtime", "eval_runtime", "objective/kl"})
_OF_SETFIT = {"embedding_loss": "loss", "eval_embedding_loss": "eval_loss"}
_PROGRESS = "global_step/max_steps"
_STEPS = re.compile(r"(\d{1,12})/(\d{1,12})")
_BANNER = re.compile(
    r"^(?:[\d/]{8,10} [\d:]{8} - INFO - (?P<logger>[\w.]{1,80}) -(?: \[RANK \d{1,6}\])?)?\s*"
    r"(Num [Ee]pochs|Total optimization steps) = ([\d,]{1,16})$"
)
_UNSLOTH = re.compile(r"\| (Num Epochs) = ([\d,]{1,16}) \| (Total steps) = ([\d,]{1,16})$")


class Row(Struct, frozen=True):
    """A printed row's numbers, `step` among them where it tells its own.

    `planned_steps` is 0 where it tells none.
    """

    numbers: Mapping[str, float]
    is_rounded: bool
    """True where the numbers were text of few digits."""
    planned_steps: int = 0


def parse_row(text: str) -> Row | None:
    """Return a printed row's numbers; None for any other line."""
    # tqdm blanks its bar out with spaces, and other text may stand before the row.
    text = text[max(text.find("{'"), 0) :]
    if _ROW.match(text) is None:
        return None
    row: dict[str, float] = {}
    is_rounded = False
    planned = 0
    for name, quoted, bare in PAIR.findall(text):
        number = number_in(quoted or bare)
        if number is not None:
            row[name] = number
            is_rounded = is_rounded or bool(quoted)
        elif name == _PROGRESS and (found := _STEPS.fullmatch(quoted)) is not None:
            row["step"], planned = float(found[1]), int(found[2])
    if "global_step" in row:
        row.setdefault("step", row["global_step"])
    row = {usual_name(name, row): value for name, value in row.items()}
    is_row = "epoch" in row and not _OF_ROWS.isdisjoint(row)
    return Row(row, is_rounded, planned) if is_row else None


def usual_name(name: str, names: Container[str]) -> str:
    """Return what all others call one of the `names` of a row, where SetFit calls it otherwise."""
    usual = _OF_SETFIT.get(name, name)
    return name if usual in names else usual


def is_of_script(text: str) -> bool:
    """Tell whether a banner's line is a script's, which trains in a loop of its own."""
    found = _BANNER.search(text)
    return found is not None and found["logger"] == "__main__"


def planned_in(text: str) -> dict[str, int]:
    """Return what a banner's line tells of the plan: epochs, steps, both, or nothing."""
    found = _UNSLOTH.search(text)
    banner = _BANNER.search(text) if found is None else None
    told = () if found is None else found.groups()
    told = told if banner is None else banner.groups()[1:]
    return {
        "planned_epochs" if name.startswith("Num") else "planned_steps": int(number.replace(",", ""))
        for name, number in zip(told[::2], told[1::2], strict=True)
    }
