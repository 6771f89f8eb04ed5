"""Read the card that HF's Trainer and what builds upon it write beside a model: who trained it, with what.

Format: README.md with YAML between `---` lines, in it tags such as `trl`, `llama-factory`; below
`### Framework versions` lines `- Transformers 4.46.3`, TRL's `- Transformers: 4.46.3`; below `### Framework
Versions` those of Sentence Transformers and SetFit; Axolotl's has "axolotl version: `0.4.1`". Source:
transformers 4.20 to 5.24, modelcard.py; trl 0.12 to 1.16, trainer/utils.py; axolotl 0.4, train.py;
LLaMA-Factory 0.9, train/sft/workflow.py; sentence-transformers 3 to 6 and setfit 1, model_card_template.md.

Invariant: a card is only read beside the files of a run that it can be of; a base model's card is none.
"""

import re
from collections.abc import Iterator, Sequence
from typing import IO

from afterall.model import Entry
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers import axolotl, trl
from afterall.scan.trainers.huggingface_state import BESIDE_MODEL
from afterall.scan.trainers.huggingface_state import NAME as HUGGING_FACE
from afterall.scan.trainers.llamafactory import NAME as LLAMA_FACTORY
from afterall.scan.trainers.trainer import TraceFiles, newest

_VERSIONS = "### framework versions"
_VERSION = re.compile(r"- ([A-Za-z][\w-]{0,30}(?: [A-Za-z][\w-]{0,30})?):? (\S{1,60})")
_AXOLOTL = re.compile(r"axolotl version: `([^`\s]{1,60})`")
_MARKS: dict[str, str] = {
    "- llama-factory": LLAMA_FACTORY,
    "- axolotl": axolotl.NAME,
    "- trl": trl.NAME,
    "It has been trained using [TRL](https://github.com/huggingface/trl).": trl.NAME,
    "- generated_from_trainer": HUGGING_FACE,
    "- generated_from_setfit_trainer": HUGGING_FACE,
}
"""Lines that tell the trainer; where a card has several, the one that comes first here."""
_LAST = re.compile(r"- PEFT \d{1,4}\.\d{1,4}\.\d{1,4}")
_CHECKPOINT = re.compile(r"/checkpoint-\d{1,12}$")
_MOST_BYTES = 1 << 20


def read_card(file: IO[bytes], name: str) -> Trace | None:
    """Return who trained a model and with what, None where its card was not written by a trainer."""
    trace = Trace(trainer=HUGGING_FACE, origin=Origin.RESULTS, file=name)
    told: set[str] = set()
    is_listing = False
    for number, text in _lines(file):
        where = trace.source(f"line {number}")
        told |= {_MARKS[text]} if text in _MARKS else set()
        is_listing = text.lower() == _VERSIONS or (is_listing and not text.startswith("#"))
        listed = _VERSION.fullmatch(text) if is_listing else None
        if listed is not None:
            trace.provenance |= version_of(listed[1].replace(" ", "-"), listed[2], where)
        if found := _AXOLOTL.fullmatch(text):
            told.add(axolotl.NAME)
            trace.provenance |= version_of(axolotl.NAME, found[1], where)
    trace.trainer = next((each for each in _MARKS.values() if each in told), HUGGING_FACE)
    return trace if told or trace.provenance else None


def _lines(file: IO[bytes]) -> Iterator[tuple[int, str]]:
    """Yield numbers and texts of lines that end, and PEFT's last one, which never does, if it looks whole."""
    text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    *lines, last = text.split("\n")
    yield from ((number, line.rstrip()) for number, line in enumerate(lines, 1))
    if _LAST.fullmatch(last):
        yield len(lines) + 1, last


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the newest card of a whole run, or that of its last checkpoint.

    Axolotl 0.19 leaves its card beside a model without any file of the Trainer's, above the checkpoints.
    """
    homes = {_home(entry.path) for entry in entries if entry.name in BESIDE_MODEL}
    homes |= {_home(home) for home in homes if _CHECKPOINT.search(home)}
    cards = [entry for entry in entries if entry.name == "README.md" and _home(entry.path) in homes]
    whole = [card for card in cards if "/checkpoint-" not in card.path]
    return newest(whole or cards)


def _home(path: str) -> str:
    return path.rpartition("/")[0]


CARD_FILES = TraceFiles(choose=_choose, read=read_card, may_be_empty=True)
