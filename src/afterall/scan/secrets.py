"""Keep secrets out of reports: by the name of what holds them, and by the look of the value itself.

Invariant: a masked value is gone; nothing of it but its place is kept.
"""

import re

MASK = "***"

_NAME = re.compile(
    r"(?:^|[._\-/ ])"
    r"(?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth)"
    r"(?:[_-](?:key|value))?$",
    re.IGNORECASE,
)
# Names of the vocabulary's own tokens, which are no secrets.
_VOCABULARY = re.compile(
    r"(?:^|[._])(?:pad|eos|bos|unk|sep|cls|mask|image|audio|video|stop|start|end|additional|special|extra)"
    r"(?:_\w+)?_token$",
    re.IGNORECASE,
)
# Hugging Face, OpenAI and alike, GitHub, AWS, Slack, Google.
_VALUE = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|AIza[0-9A-Za-z_-]{30,}|glpat-[\w-]{16,})"
)
_ASSIGNED = re.compile(
    r"(?i)((?:token|secret|passw(?:or)?d|api_?key|access_?key|private_?key|credentials?)[\"']?\s*[=:]\s*[\"']?"
    r"|wandb login |Authorization: \w+ |://[^/\s:@]{0,100}:)([^\s\"',&@]{6,})"
)


def is_secret_name(name: str) -> bool:
    """Tell whether a setting of this name holds a secret: `hf_token`, not `max_tokens` or `pad_token`."""
    return _NAME.search(name) is not None and _VOCABULARY.search(name) is None


def mask_secrets(text: str) -> str:
    """Return `text` with every value that looks like a secret, or is assigned to one, masked."""
    return _ASSIGNED.sub(lambda found: found[1] + MASK, _VALUE.sub(MASK, text))
