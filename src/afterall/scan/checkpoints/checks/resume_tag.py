"""Find a DeepSpeed state inside of another trainer's checkpoint that is named as the newest and is not there.

Invariant: only what the file `latest` in the checkpoint itself names is missed.
Source: transformers, accelerate and Lightning call deepspeed's save_checkpoint with a directory in their own.
"""

import re
from collections.abc import Iterable

from afterall.model import Finding, FindingCode, Scalar, Severity
from afterall.scan.checkpoints.checks.material import Material, below, found
from afterall.scan.checkpoints.formats import resume_tag

_OURS = re.compile(r"global_step\d+|pytorch_model(_\d+)?|checkpoint")
"""What the Trainer, accelerate and Lightning call that directory; another name may be somebody else's."""


def check(material: Material) -> Iterable[Finding]:
    """Yield the directory that `latest` names, where the checkpoint holds no file of it."""
    for file in material.files:
        tag = (
            file.contents.document
            if file.contents is not None and file.name == resume_tag.DEEPSPEED
            else None
        )
        if not isinstance(tag, str):
            continue
        state = below(file.parent, tag)
        if not any(other.path.startswith(f"{state}/") for other in material.files):
            severity = None if _OURS.fullmatch(tag) else Severity.WARNING
            evidence: dict[str, Scalar] = {"which": "deepspeed_state", "told_by": f"file {file.name}"}
            yield found(FindingCode.CHECKPOINT_FILE_MISSING, state, evidence, severity)
