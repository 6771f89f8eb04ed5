"""List the programs whose evaluations are read, one row each: how their files are called, and their readers.

A new program is a new module of the same shape as its siblings and one row in PROGRAMS.
"""

import re
from collections.abc import Callable
from typing import IO

from msgspec import Struct

from afterall.model import Evaluation, SampleScores
from afterall.scan.evaluations import (
    bigcode,
    evalplus,
    harness,
    harness_named,
    held_out,
    inspect_ai,
    inspect_json,
)
from afterall.scan.evaluations.harness_samples import harness_sample_files, read_harness_samples
from afterall.scan.evaluations.inspect_samples import read_inspect_json_samples, read_inspect_samples

ReadSamples = Callable[[IO[bytes], str, Evaluation], dict[str, SampleScores]]


class Program(Struct, frozen=True):
    """How one program's files are recognised and read."""

    name: re.Pattern[str]
    read: Callable[[IO[bytes], str, str], tuple[Evaluation, ...]]
    """Of a file, its path, and the experiment's home as `checkpoint_of` takes it."""
    read_target: Callable[[IO[bytes], str], tuple[str, ...]] | None = None
    """What a file says of the model; None where only its place tells whose it is."""
    read_samples: ReadSamples | None = None
    """Of a file that holds an evaluation's samples, its path, and the evaluation; None where none does."""
    sample_files: Callable[[Evaluation], tuple[str, ...]] = lambda evaluation: (evaluation.source.file,)
    """Where an evaluation's samples may lie: by default in its own log."""
    most_files: int = 2000
    """How many files of one experiment are looked at."""
    is_log: bool = False
    """True where a file of this name is surely this program's, and one that cannot be read an evaluation."""


PROGRAMS = (
    Program(
        inspect_ai.FILE_NAME,
        inspect_ai.read_inspect_log,
        inspect_ai.read_inspect_target,
        read_inspect_samples,
        is_log=True,
    ),
    Program(
        inspect_json.FILE_NAME,
        inspect_json.read_inspect_json,
        inspect_json.read_inspect_json_target,
        read_inspect_json_samples,
    ),
    Program(
        harness.FILE_NAME,
        harness.read_harness_results,
        harness.read_harness_target,
        read_harness_samples,
        harness_sample_files,
    ),
    Program(held_out.FILE_NAME, held_out.read_held_out),
    Program(bigcode.FILE_NAME, bigcode.read_bigcode_results, bigcode.read_bigcode_target),
    Program(
        evalplus.FILE_NAME,
        evalplus.read_evalplus,
        evalplus.read_evalplus_target,
        most_files=harness_named.MOST_FILES,
    ),
    Program(harness_named.FILE_NAME, harness_named.read_named_results, most_files=harness_named.MOST_FILES),
)
"""A file is read by the first one whose names it has and which finds its own in it."""


def program_of(path: str) -> Program | None:
    """Return the first program that writes files of this name, None where none does."""
    return next((program for program in PROGRAMS if program.name.search(path)), None)


def read_evaluation_file(file: IO[bytes], path: str, home: str) -> tuple[Evaluation, ...]:
    """Return what a file says; raise BadInput where it is damaged. `home` is as `checkpoint_of` takes it."""
    for program in PROGRAMS:
        if program.name.search(path):
            file.seek(0)
            found = program.read(file, path, home)
            if found:
                return found
    return ()
