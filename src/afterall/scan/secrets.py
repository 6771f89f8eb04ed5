"""Keep secrets out of reports: by the name of what holds them, and by the look of the value itself.

Invariant: a masked value is gone; nothing of it but its place is kept. A hash of 40 digits, as a commit's, is
no secret by its look, though keys of wandb look alike.
"""

import re

MASK = "***"

_PROVIDERS = (
    r"wandb|openai|anthropic|hf|hugging_?face|azure|google|gemini|cohere|mistral|together|replicate|groq|deepseek"
    r"|openrouter|comet|neptune|mlflow|clearml|aws|gcp|s3|github|gitlab|slack|tavily|serp|pinecone|langchain|langsmith"
    r"|ssh|gpg|encryption|signing|licen[cs]e|account|service_account|storage|subscription|master|admin|shared|session"
)
_WORDS = (
    r"token|secret|passw(?:or)?d|passwd|pwd|passphrase|passcode|api[_-]?key|access[_-]?key(?:[_-]id)?|private[_-]?key"
    r"|credentials?|auth|authorization|bearer|cookie|webhook(?:[_-]ur[li])?|connection[_-]?string|dsn|signature"
    rf"|(?:{_PROVIDERS})[_-]?key"
)
_NAME = re.compile(rf"(?:^|[._\-/ ])(?:{_WORDS})(?:[_-](?:key|value|base64|b64))?$", re.IGNORECASE)
_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_NAME = 400
# Names of the vocabulary's own tokens, of positions among them and of the working directory: no secrets.
_VOCABULARY = re.compile(
    r"(?:^|[._ -])(?:pad|padding|eos|bos|unk|unknown|sep|separator|cls|mask|image|audio|video|speech|stop"
    r"|start|end|eot|boi|eoi|eom|bot|additional|special|extra|reserved|added|prompt|response|instruction|assistant"
    r"|user|system|human|chat|tool|think(?:ing)?|fim|prefix|suffix|decoder|encoder|forced|target|source|per|next"
    r"|first|last|prev(?:ious)?|trigger|placeholder|ignore|new|unexpected|invalid|each|every|one|single|max|min"
    r"|num|class|label)(?:_\w+)?[ _-]token$|^pwd$|^oldpwd$",
    re.IGNORECASE,
)
# Hugging Face, OpenAI and alike, GitHub, GitLab, AWS, Slack, Google, wandb, Replicate, Groq, Stripe, PyPI,
# npm; JSON in base64: JWT, Neptune's.
_VALUE = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{16,500}|api_org_[A-Za-z0-9]{16,500}|sk-(?=[\w-]{0,200}\d)[\w-]{16,500}"
    r"|gh[pousr]_[A-Za-z0-9]{20,500}|github_pat_\w{20,500}|gl(?:pat|dt|rt|cbt)-[\w-]{16,500}|A(?:KIA|SIA)[0-9A-Z]{16}"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,500}|AIza[0-9A-Za-z_-]{30,500}|ya29\.[\w-]{20,500}|wandb_v\d_\w{20,500}"
    r"|r8_[A-Za-z0-9]{30,500}|gsk_[A-Za-z0-9]{20,500}|[sr]k_(?:live|test)_\w{16,500}|pypi-[\w-]{40,500}"
    r"|npm_[A-Za-z0-9]{30,500}|eyJ[\w-]{20,2000}(?:\.[\w-]{0,4000}){0,2}={0,2})",
    re.ASCII,
)
_KEY_BLOCK = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)"
    r".*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_WEBHOOK = re.compile(
    r"(hooks\.slack\.com/(?:services|workflows)/|discord(?:app)?\.com/api/webhooks/|webhook\.office\.com/)"
    r"[^\s\"'<>]{1,500}",
    re.IGNORECASE,
)
_IN_ADDRESS = re.compile(r"(?<=://)(?:([^/\s:@\"']{0,100}:)[^/\s@\"']{1,500}|[^/\s:@\"']{20,500})(?=@)")
_HEADER = re.compile(
    r"(?i)(\bauthorization[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?:(?:bearer|basic|token|digest)\s{1,3})?|\bbearer\s{1,3})"
    r"[A-Za-z0-9._~+/=-]{8,4000}"
)
_LOGIN = re.compile(
    r"(?i)(\bwandb login (?:--\S{1,60} ){0,4}|\blogin \S{1,100}\s{1,3}password )(?!-)[^\s\"']{4,500}"
)
_ASSIGNED = re.compile(
    rf"(?i)(?:{_WORDS})(?:[_-](?:key|value|base64|b64))?"
    r"(?P<between>[\"']?\s{0,3}(?:=>|[=:])\s{0,3}|[\"']?\s{1,3}(?!-))"
    r"(?P<value>\"[^\"\n]{3,4000}\"|'[^'\n]{3,4000}'|[^\s\"'`]{6,4000})"
)
_BEFORE = re.compile(r"(?:[\w.-]{1,40} )?[\w.-]{0,60}\Z")
_NOT_A_VALUE = re.compile(
    r"[\"']?(?:\$|none\b|null\b|true\b|false\b|bearer\b|basic\b|\*\*\*|<[|\w]+>)", re.IGNORECASE
)


def is_secret_name(name: str) -> bool:
    """Tell whether a setting of this name holds a secret: `hf_token`, `apiKey`, not `pad_token`."""
    plain = _SEAM.sub("_", name[-_LONGEST_NAME:])
    return _NAME.search(plain) is not None and _VOCABULARY.search(plain) is None


def mask_secrets(text: str) -> str:
    """Return `text` with every value that looks like a secret, or is assigned to one, masked."""
    text = _KEY_BLOCK.sub(rf"\1{MASK}", text)
    text = _IN_ADDRESS.sub(lambda found: (found[1] or "") + MASK, text)
    for pattern in (_WEBHOOK, _HEADER, _LOGIN):
        text = pattern.sub(lambda found: found[1] + MASK, text)
    return _ASSIGNED.sub(_without_value, _VALUE.sub(MASK, text))


def _without_value(found: re.Match[str]) -> str:
    """Return an assignment without its value where the whole of its name is a secret's."""
    whole, begin = found[0], found.start("value") - found.start()
    before = _BEFORE.search(found.string, max(0, found.start() - 101), found.start())
    name = (before[0] if before is not None else "") + whole[: found.start("between") - found.start()]
    is_given = name.rpartition(" ")[2].startswith("-") or any(sign in found["between"] for sign in "=:")
    if not is_given or not is_secret_name(name.lstrip("-")) or _NOT_A_VALUE.match(found["value"]):
        return whole
    value = found["value"]
    if value[0] in "\"'":
        return f"{whole[:begin]}{value[0]}{MASK}{value[0]}"
    end = next((place for place, sign in enumerate(value) if sign in ",;&)}]"), len(value))
    return whole[:begin] + MASK + value[end:]
