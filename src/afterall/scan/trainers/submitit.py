"""Read submitit's word that the function it ran came back.

Format: `submitit INFO (2026-11-23 07:03:59,774) - Job completed successfully`, in the job's `_log.out`.
Source: submitit/core/submission.py.
"""

import re

from afterall.scan.trainers.line_format import LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "submitit"


def _parse(_: str) -> Row | None:
    return None


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"Job completed successfully",),
    parse=_parse,
    done=re.compile(r"^submitit INFO \([^)]{1,40}\) - Job completed successfully$"),
    done_kind="program_ended",
    trains=False,
)

SUBMITIT = Trainer(name=NAME, lines=(lines_of(FORMAT),))
