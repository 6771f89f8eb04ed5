"""List the lines of huggingface_hub, transformers, datasets and wandb where a service cannot be reached.

Sources: huggingface_hub's errors.py and utils/_http.py, transformers' utils/hub.py, datasets' load.py and
exceptions.py, wandb's errors.
"""

import re

from afterall.model import FindingCode as Code
from afterall.scan.logs.signatures.signature import Signature, raised

_TRIED_AGAIN = re.compile(rb"Retrying in|cached version|thrown while requesting HEAD")
_CACHED = "a cached copy used instead, or a request that is tried again"

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"huggingface_hub.",
        is_error=True,
        pattern=re.compile(
            rb"huggingface_hub\.(?:utils\.)?\w{1,30}\.(?P<error>(?!HFValidation)\w{1,60}Error)"
            rb": (?:(?P<status>40[134]) |(?P<busy>\d{3}) )?"
        ),
        era="huggingface_hub, before and after 0.25",
        is_not=(
            "a wrong name for certain: a private model and one that is not there give one answer; nor an "
            "upload that was refused"
        ),
        refusal=re.compile(rb"/api/repos/create|/api/[\w./-]{1,300}/(?:preupload|commit)/|/info/lfs/objects"),
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"OfflineModeIsEnabled: ",
        pattern=re.compile(rb"(?P<offline>OfflineModeIsEnabled): "),
        era="huggingface_hub",
        is_not="a missing network: somebody set `HF_HUB_OFFLINE`, and the file is not in the cache",
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"gated repo",
        pattern=re.compile(
            rb"Cannot access gated repo for url (?P<url>https://[^\s?]{1,500})"
            rb"|OSError: You are trying to access a gated repo"
        ),
        era="huggingface_hub, transformers",
        is_not="a missing model: its licence was not accepted, or no token was sent",
        continues=True,
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"huggingface.co",
        is_error=True,
        pattern=re.compile(
            rb"Error\b[^\n]{0,300}Failed to resolve '[\w.-]{0,60}huggingface\.co'"
            rb"|Error\b[^\n]{0,60}host='huggingface\.co'[^\n]{0,200}Max retries exceeded"
            rb"|(?:OSError|ConnectionError): We couldn't connect to 'https://huggingface\.co'"
            rb"|OSError: (?P<model>\S{1,300}) is not a local folder and is not a valid model identifier"
            rb"|(?:^|(?P<error>HfHubHTTPError|HTTP(?:Status)?Error): )(?:Client error ')?"
            rb"(?P<busy>429) (?:Client Error: )?Too Many Requests'? for url:? '?https://huggingface\.co/"
        ),
        era="requests, httpx, transformers",
        is_not=_CACHED,
        refusal=_TRIED_AGAIN,
        continues=True,
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"does not appear to have a file named",
        is_error=True,
        pattern=re.compile(
            rb"OSError: (?P<model>\S{1,300}) does not appear to have a file named "
            rb"(?P<file>[^\s,]{1,200}?)(?=[.,]?(?:\s|$))"
        ),
        era="transformers",
        is_not="the hub for certain: a directory that is no model gives the same line",
    ),
    Signature(
        code=Code.LINE_HUB_ACCESS,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"OSError|ValueError|ConnectionError|FileNotFoundError|DatasetNotFoundError|ConnectError",
            rb"(?:Can't load (?:the \w+|\w+) (?:for|of) '(?P<model>[^'\n]{1,300})'"
            rb"|Dataset '(?P<dataset>[^'\n]{1,300})' (?:doesn't exist on the Hub|is a gated dataset)"
            rb"|Couldn't (?:reach|find cache for|find a dataset script at|find any data file at) "
            rb"(?P<unreached>[^\s,]{1,300})"
            rb"|Connection error, and we cannot find the requested files in the cached path"
            rb"|\[Errno -[23]\] (?:Name or service not known|Temporary failure in name resolution))",
        ),
        era="transformers, datasets, httpx",
        is_not=_CACHED,
        refusal=_TRIED_AGAIN,
    ),
    Signature(
        code=Code.LINE_WANDB,
        literal=b"wandb",
        pattern=re.compile(
            rb"wandb(?:\.sdk\.lib|\.errors){1,3}\.(?P<error>\w{1,60}Error): |wandb: (?:ERROR |Network error)"
            rb"|wandb: Waiting for W&B process to finish[^\n]{0,20}\.\.\. \(failed (?P<exit_code>\d{1,5})\)"
            rb"|wandb: WARNING Path \S+ wasn't writable"
        ),
        era="0.8 to today",
        is_not="a failed training; and `wandb: WARNING` alone is in every log",
    ),
)
