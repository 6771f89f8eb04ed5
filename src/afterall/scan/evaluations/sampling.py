"""Add to an experiment's evaluations what each of their samples scored, where their logs hold it.

Invariant: bounded, and nothing is lost: an evaluation whose samples cannot be read, or would be more than an
experiment may hold, is the same as before.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from afterall.model import Evaluation, EvaluationStatus, FindingCode, SampleScores
from afterall.scan.evaluations.programs import Program, ReadSamples, program_of
from afterall.scan.evaluations.targets import FINAL
from afterall.scan.guarded import read_guarded

MOST_VALUES = 50_000
"""Scores of samples that one experiment holds, 16 bytes each; those of its last checkpoints come first."""
_NUMBER = re.compile(r"[0-9]{1,12}$", re.ASCII)


def with_samples(set_dir: Path, evaluations: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """Return the evaluations in their order, those that succeeded with the scores of their samples."""
    found = list(evaluations)
    left = MOST_VALUES
    for place in sorted(range(len(found)), key=lambda n: _lateness(found[n]), reverse=True):
        program = program_of(found[place].source.file)
        if program is None or program.read_samples is None or left < (found[place].samples or 0):
            continue
        scores = _samples(set_dir, found[place], program, program.read_samples)
        held = sum(each.count for each in scores.values())
        if 0 < held <= left:
            left -= held
            found[place] = replace(found[place], sample_scores=scores)
    return tuple(found)


def _lateness(evaluation: Evaluation) -> tuple[bool, int]:
    """Return what is larger for a later checkpoint, and largest for a run's final model."""
    checkpoint = evaluation.checkpoint or ""
    number = _NUMBER.search(checkpoint)
    return (checkpoint == FINAL, int(number[0]) if number else -1)


def _samples(
    set_dir: Path, evaluation: Evaluation, program: Program, read: ReadSamples
) -> dict[str, SampleScores]:
    if evaluation.status is not EvaluationStatus.SUCCESS or not evaluation.metrics:
        return {}
    for path in program.sample_files(evaluation):
        reading = partial(_read, read=read, evaluation=evaluation)
        found, _ = read_guarded(set_dir, path, FindingCode.EVALUATION_UNREADABLE, reading)
        if found:
            return found
    return {}


def _read(file: IO[bytes], path: str, read: ReadSamples, evaluation: Evaluation) -> dict[str, SampleScores]:
    return read(file, path, evaluation)
