"""Read parameters off a directory's name: `1B_rank64`, `rank8_lr1e-5`, `lr=0.1,model.rank=4`.

The last resort: people rename directories, and a name says what was meant, not what ran.
"""

import re

from afterall.model import DIRECTORY_NAME, Fact, Source
from afterall.scan.parameters.values import typed

_PAIR = re.compile(r"([A-Za-z][\w.]{0,60})=([^=,]{1,60})")
_SIZE = re.compile(r"(?:^|[-_])(\d{1,4}(?:\.\d{1,3})?[bBmM])(?=$|[-_])")
_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?(?:e-?\d{1,3})?)"
_WORDS = {
    "rank": "lora_rank",
    "r": "lora_rank",
    "alpha": "lora_alpha",
    "a": "lora_alpha",
    "dropout": "lora_dropout",
    "seed": "seed",
    "s": "seed",
    "lr": "learning_rate",
    "bs": "batch_size",
    "batch": "batch_size",
    "wd": "weight_decay",
    "ep": "epochs",
    "epoch": "epochs",
    "epochs": "epochs",
    "steps": "max_steps",
    "warmup": "warmup_steps",
    "len": "max_seq_len",
    "n": "samples",
}
_OTHERWISE = re.compile(r"[aA](?:10|16|30|40|100|800|[2-6]000)|[nN]\d{1,2}")
"""GPUs, and numbers of nodes as well as of samples."""
_NUMBERED = re.compile(r"[A-Za-z]\d{1,9}")
"""A run's number rather than a parameter, where it is the whole name: r1, r2, s1."""
_TOKEN = re.compile(
    rf"(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})[-=_]?{_NUMBER}$", re.IGNORECASE
)


def parse_directory_name(path: str) -> dict[str, Fact]:
    """Return the parameters in the last component of a path, under their common names or as written."""
    name = path.rstrip("/").rpartition("/")[2][:300]
    source = Source(path, DIRECTORY_NAME)
    pairs = _PAIR.findall(name)
    if pairs:
        return {key: Fact(typed(value), source) for key, value in pairs}
    found: dict[str, Fact] = {}
    if _NUMBERED.fullmatch(name):
        return found
    is_of_r1 = "deepseek" in name.lower()
    for token in re.split(r"_+|-(?=[a-z]+-?\d)", name):
        word = _TOKEN.match(token)
        if word is not None and not _OTHERWISE.fullmatch(token) and not (is_of_r1 and token.lower() == "r1"):
            meant, value = _WORDS[word["word"].lower()], typed(word[2])
            if meant != "learning_rate" or (isinstance(value, int | float) and value < 1):
                found.setdefault(meant, Fact(value, source))
    size = _SIZE.search(name)
    if size is not None:
        found["model"] = Fact(_model(name, size[1]), source)
    return found


def _model(name: str, size: str) -> str:
    """Return a model's name as far as the size and what follows with hyphens: "Llama-3.2-1B-Instruct"."""
    head = name.split("_", maxsplit=1)[0]
    if size not in head or not head[:1].isalpha():
        return size
    parts = head.split("-")
    while len(parts) > 1 and _TOKEN.match(parts[-1]):
        parts.pop()
    return "-".join(parts)
