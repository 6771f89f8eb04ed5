"""Lines of the model hub, datasets and wandb, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_HUB_ACCESS,
        "huggingface_hub.utils._errors.GatedRepoError: 401 Client Error. (Request ID: Root=1-x)",
    ),
    (C.LINE_HUB_ACCESS, "huggingface_hub.errors.GatedRepoError: 403 Client Error."),
    (C.LINE_HUB_ACCESS, "huggingface_hub.errors.HfHubHTTPError: 429 Client Error: Too Many Requests for url"),
    *(
        (C.LINE_HUB_ACCESS, text)
        for text in (
            (
                "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: "
                "https://huggingface.co/x/y/resolve/main/config.json"
            ),
            (
                "[2026-01-01 15:55:06] CRITICAL [olmo.util:158, rank=6] Uncaught HfHubHTTPError: 429 Client "
                "Error: Too Many Requests for url: https://huggingface.co/api/datasets/x"
            ),
            "429 Client Error: Too Many Requests for url: https://huggingface.co/x/resolve/main/config.json",
            (
                "httpx.HTTPStatusError: Client error '429 Too Many Requests' for url "
                "'https://huggingface.co/api/models/x'"
            ),
        )
    ),
    (
        C.LINE_HUB_ACCESS,
        "huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. (Request ID: Root=1-x)",
    ),
    (
        C.LINE_HUB_ACCESS,
        (
            "huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the "
            "file on the Hub"
        ),
    ),
    (
        C.LINE_HUB_ACCESS,
        (
            "huggingface_hub.errors.OfflineModeIsEnabled: Cannot reach https://huggingface.co/x: offline "
            "mode is enabled."
        ),
    ),
    (
        C.LINE_HUB_ACCESS,
        "huggingface_hub.utils._http.OfflineModeIsEnabled: Cannot reach https://huggingface.co/x",
    ),
    (
        C.LINE_HUB_ACCESS,
        "Cannot access gated repo for url https://huggingface.co/meta-llama/x/resolve/main/config.json.",
    ),
    (C.LINE_HUB_ACCESS, "OSError: You are trying to access a gated repo."),
    (
        C.LINE_HUB_ACCESS,
        (
            "urllib3.exceptions.NameResolutionError: <x>: Failed to resolve 'huggingface.co' ([Errno -2] "
            "Name or service not known)"
        ),
    ),
    (
        C.LINE_HUB_ACCESS,
        (
            "ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded "
            "with url: /api"
        ),
    ),
    (
        C.LINE_HUB_ACCESS,
        (
            "requests.exceptions.SSLError: HTTPSConnectionPool(host='huggingface.co', port=443): Max "
            "retries exceeded with url: /x (Caused by SSLError(SSLCertVerificationError(1, '[SSL: "
            "CERTIFICATE_VERIFY_FAILED]"
        ),
    ),
    (C.LINE_HUB_ACCESS, "OSError: We couldn't connect to 'https://huggingface.co' to load this file"),
    (
        C.LINE_HUB_ACCESS,
        (
            "OSError: x/y is not a local folder and is not a valid model identifier listed on "
            "'https://huggingface.co/models'"
        ),
    ),
    (C.LINE_HUB_ACCESS, "OSError: /models/x does not appear to have a file named config.json. Checkout"),
    (C.LINE_HUB_ACCESS, "OSError: Can't load tokenizer for 'x/y'. If you were trying to load it from"),
    (
        C.LINE_HUB_ACCESS,
        (
            "datasets.exceptions.DatasetNotFoundError: Dataset 'x/y' doesn't exist on the Hub or cannot be "
            "accessed."
        ),
    ),
    (C.LINE_HUB_ACCESS, "ConnectionError: Couldn't reach 'x/y' on the Hub (LocalEntryNotFoundError)"),
    (C.LINE_HUB_ACCESS, "httpx.ConnectError: [Errno -2] Name or service not known"),
    (
        C.LINE_WANDB,
        "wandb.errors.errors.UsageError: api_key not configured (no-tty). call wandb.login(key=[x])",
    ),
    (C.LINE_WANDB, "wandb: Waiting for W&B process to finish... (failed 1)."),
    (C.LINE_WANDB, "wandb: WARNING Path ./out/wandb/ wasn't writable, using system temp directory."),
    (C.LINE_WANDB, "wandb: ERROR Error while calling W&B API"),
    (
        C.LINE_HUB_ACCESS,
        (
            "ValueError: Connection error, and we cannot find the requested files in the cached path. Please "
            "try again or make sure your Internet connection is on."
        ),
    ),
]
