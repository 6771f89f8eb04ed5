"""Read submitit's word that the function it ran came back.

Format: `submitit INFO (2026-11-23 07:03:59,774) - Job completed successfully`, in the job's `_log.out`; an
error is `submitit ERROR (…) - Submitted job triggered an exception`, in its `_log.err`. A job that was
requeued at its time limit says neither before it ends. Source: submitit/core/submission.py,
job_environment.py.
"""

import re

from afterall.model import Source
from afterall.scan.trainers.line_format import FormatLines, LineFormat, Row, lines_of
from afterall.scan.trainers.trainer import Trainer

NAME = "submitit"
_BEGUN_ANEW = re.compile(
    r"^submitit (?:ERROR \([^)]{1,40}\) - Submitted job |INFO \([^)]{1,40}\) - Starting with JobEnvironment)"
)


class SubmititLines(FormatLines):
    """Believes only the last leg of a job, and no word before an error."""

    def tell(self, text: str, source: Source) -> None:
        """Forget an end that was none."""
        if _BEGUN_ANEW.search(text):
            self.forget_end()


def _parse(_: str) -> Row | None:
    return None


FORMAT = LineFormat(
    trainer=NAME,
    triggers=(b"Job completed successfully", b"triggered an exception", b"Starting with JobEnvironment"),
    parse=_parse,
    done=re.compile(r"^submitit INFO \([^)]{1,40}\) - Job completed successfully$"),
    done_kind="program_ended",
    trains=False,
)

SUBMITIT = Trainer(name=NAME, lines=(lines_of(FORMAT, SubmititLines),))
