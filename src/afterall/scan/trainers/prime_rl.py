"""Read the steps of prime-rl: of its fine-tuning, its policy's trainer and the orchestrator that rewards.

Format: `Step 4 | Time: 0.36s | Loss: 12.2812 | Grad. Norm: 27.4523 | LR: 1.00e-06 | … | Peak Mem.: 5.2/23.7
GiB (21.4%)` behind a time and `SUCCESS`, steps counted from 0; of a policy with `Entropy: 0.3012` behind the
loss; of the orchestrator `Step 4 | Time: 9.50s | Reward: 0.5123 | … | Seq. Length: 812.3 tokens/sample`.
Since 2026 without the colons. Memory is what torch reserved at most; `Throughput: 3324 tokens/s` is of all
GPUs of the trainer, 0 as long as none was measured, and of the orchestrator that of sampling. The last words
are `SFT trainer finished!` and the like. Source: prime_rl/trainer/sft/train.py, trainer/rl/train.py,
orchestrator.
"""

import re

from afterall.scan.curves import Rounding
from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.rows import number_in
from afterall.scan.trainers.trainer import Trainer

NAME = "prime_rl"
_STEP = re.compile(
    r"(?:^|\s)SUCCESS\s{1,4}Step (\d{1,12}) \| (?:Time: )?\s{0,8}[\dhms. ]{1,20} \| (?=Loss|Reward)"
)
_PAIR = re.compile(
    r"(?:^|\| )([A-Z][\w. ]{0,30}?):? ([-+]?[\d.]{1,20}(?:e[-+]\d{1,3})?|-?inf|nan)(?=[ /%s]|$)"
)
_KEPT = {
    "Reward": "reward",
    "Entropy": "entropy",
    "Grad. Norm": "grad_norm",
    "LR": "lr",
    "Peak Mem.": "peak_memory_reserved",
}


def _parse(text: str) -> Row | None:
    found = _STEP.search(text)
    if found is None:
        return None
    told = dict(_PAIR.findall(text[found.end() :]))
    row: dict[str, object] = {"step": int(found[1]) + 1}
    row |= {known: told[name] for name, known in _KEPT.items() if name in told}
    if "Loss" in told:
        row["policy_loss" if "Entropy" in told else "loss"] = told["Loss"]
        row |= {"train_tokens_per_second": speed} if (speed := number_in(told.get("Throughput"))) else {}
    return row


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"| Loss", b"| Reward", b" finished!"),
    parse=_parse,
    done=re.compile(r"\b(?:SFT|RL) trainer finished!$|\bOrchestrator finished\."),
    done_needs_rows=True,
    rounding=Rounding(decimals=4),
)

PRIME_RL = Trainer(name=NAME, lines=(lines_of(FORMAT),))
