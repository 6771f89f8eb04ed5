"""Lead a set from its directory to its report; the stages meet here and nowhere else."""

from afterall.pipeline.lead import Outcome, Reading, read, report, report_on, report_with
from afterall.pipeline.observers import Observer, files_only, handed_over, own_commands, recorded, slurm
from afterall.pipeline.question import question_of
from afterall.pipeline.survey import Survey, standing_of, survey
from afterall.pipeline.telling import Progress, silent
from afterall.pipeline.waiting import Patience, patient

__all__ = [
    "Observer",
    "Outcome",
    "Patience",
    "Progress",
    "Reading",
    "Survey",
    "files_only",
    "handed_over",
    "own_commands",
    "patient",
    "question_of",
    "read",
    "recorded",
    "report",
    "report_on",
    "report_with",
    "silent",
    "slurm",
    "standing_of",
    "survey",
]
