"""Read a model card: the settings above its text, and the list of hyperparameters that a trainer wrote in it.

Invariant: a list counts under its heading alone; a line that is not `- name: value` is nobody's setting.

Source: transformers modelcard.py (`TrainingSummary.to_model_card`, `extract_hyperparameters_from_trainer`).
"""

import re
from collections.abc import Iterator

from afterall.model import Fact, Source
from afterall.scan.parameters.flat import Config
from afterall.scan.parameters.values import typed
from afterall.scan.parameters.yaml_text import parse_yaml

MOST_LINES = 200
_HEADING = re.compile(r"^#{2,4} Training hyperparameters[ \t]*$", re.MULTILINE | re.IGNORECASE)
_ITEM = re.compile(r"[-*] ([A-Za-z_]\w{0,80}): (.{1,500})")
# Older cards say "Adam with betas=…" whichever Adam it was.
_OPTIMIZER = re.compile(r"Use (?:OptimizerNames\.)?(\w{1,60}) (?:and the args are|with betas)", re.IGNORECASE)


def parse_model_card(data: bytes, file: str) -> Config:
    """Return what a README.md beside weights says of how they were trained."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    head, end, rest = text.removeprefix("---\n").partition("\n---")
    if not text.startswith("---\n") or not end:
        return Config(dict(_listed(text, file)))
    above = parse_yaml(head, file)
    base = {key: fact for key, fact in above.values.items() if key in ("base_model", "datasets")}
    return Config({**base, **dict(_listed(rest, file))}, above.problem)


def _listed(text: str, file: str) -> Iterator[tuple[str, Fact]]:
    heading = _HEADING.search(text)
    # What follows the last line's end may be cut off within a number.
    lines = text[heading.end() :].split("\n", MOST_LINES)[:-1] if heading is not None else []
    for line in lines:
        if line.startswith("#"):
            break
        item = _ITEM.fullmatch(line.rstrip())
        if item is not None:
            name, value = item[1], item[2]
            if name == "optimizer":
                optimizer = _OPTIMIZER.match(value)
                value = optimizer[1] if optimizer is not None else ""
            yield name, Fact(typed(value), Source(file, f"key {name}"))
