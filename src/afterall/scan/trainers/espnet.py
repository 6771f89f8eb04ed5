"""Read what ESPnet 2 tells of each epoch.

Format: behind a host, a time and `(trainer:243) INFO: `, `2/20epoch started. …`, and at an epoch's end
`1epoch results: [train] iter_time=0.001, …, loss_ctc=17.181, loss=15.307, …, optim0_lr0=4.951e-04,
train_time=0.608, …, [valid] loss_ctc=9.870, …, loss=9.481, …, [att_plot] …`: means over the epoch, of
training and of validation. Rows within an epoch tell batches and no optimizer step. `The training was
finished at 20 epochs` is the last word where none stopped it early. Source: espnet2/train/trainer.py,
reporter.py.
"""

import re
from collections.abc import Iterator

from afterall.model import Fact, Source
from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "espnet"
_PLAN = re.compile(r"(?:^|\s)\d{1,9}/(\d{1,9})epoch started\b")
_RESULTS = re.compile(r"(?:^|\s)(?P<epoch>\d{1,9})epoch results: (?=\[train\] )")
_PART = re.compile(r"\[(\w{1,20})\] ([^\[\]]{0,4000})")
_PAIR = re.compile(r"(?:^|, )(loss|(?:optim0_)?lr_?0|grad_norm)=([-+.\w]{1,30})(?=,|$)")
_KEPT = {"loss": "loss", "optim0_lr0": "lr", "lr_0": "lr", "grad_norm": "grad_norm"}


class EspnetLines(FormatLines):
    """Knows how many epochs there are to be."""

    def tell(self, text: str, source: Source) -> None:
        """Take the plan."""
        if plan := _PLAN.search(text):
            self.facts["planned_epochs"] = Fact(int(plan[1]), source)

    def rows_in(self, text: str) -> Iterator[Row]:
        """Yield the row of an epoch."""
        found = _RESULTS.search(text)
        parts = {} if found is None else dict(_PART.findall(text[found.end() :]))
        told = {name: dict(_PAIR.findall(parts.get(name, ""))) for name in ("train", "valid")}
        if found is not None and "loss" in told["train"]:
            row: dict[str, object] = {"epoch": int(found["epoch"])}
            row |= {known: told["train"][name] for name, known in _KEPT.items() if name in told["train"]}
            yield row | ({"val_loss": told["valid"]["loss"]} if "loss" in told["valid"] else {})


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"epoch results: [train] ", b"epoch started", b"The training was finished at "),
    parse=lambda _: None,
    done=re.compile(r"\bThe training was finished at \d{1,9} epochs\b"),
    done_needs_rows=True,
    rounding=Rounding(decimals=3),
    in_nats=False,
)

ESPNET = Trainer(name=NAME, lines=(lines_of(FORMAT, EspnetLines),))
