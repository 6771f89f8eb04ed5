"""Share the options by which report and status choose who speaks for Slurm."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct

from afterall.cli.arguments import PATH
from afterall.errors import BadInput
from afterall.model import JobId
from afterall.pipeline import Observer, Patience, files_only, own_commands, patient, recorded, slurm

Command = TypeVar("Command", bound=Callable[..., Any])


class Observing(Struct, frozen=True, kw_only=True):
    """What the options said."""

    no_slurm: bool = False
    sacct_file: Path | None = None
    jobs: tuple[JobId, ...] = ()
    wait_s: float = 0


def observing_options(command: Command) -> Command:
    """Add --no-slurm and --sacct-file to a command."""
    with_file = click.option(
        "--sacct-file",
        type=PATH,
        metavar="FILE",
        help="Read what sacct said from FILE instead of asking (see docs: recorded accounting).",
    )
    with_none = click.option(
        "--no-slurm", is_flag=True, help="Ask no Slurm command; use the set's files alone."
    )
    return with_none(with_file(command))


def observer_of(observing: Observing) -> Observer:
    """Return who speaks for Slurm; raise BadInput for options that contradict each other."""
    if observing.no_slurm and observing.sacct_file:
        raise BadInput("--no-slurm", "contradicts --sacct-file")
    if observing.no_slurm:
        return files_only
    if observing.sacct_file:
        return recorded(observing.sacct_file)
    asking = slurm(own_commands(), observing.jobs)
    return patient(asking, Patience(observing.wait_s)) if observing.wait_s else asking


def parse_jobs(text: str) -> tuple[JobId, ...]:
    """Return the job ids of a comma-separated list; raise BadInput naming the one that is none."""
    ids = [part.strip() for part in text.split(",") if part.strip()]
    for job_id in ids:
        if not re.fullmatch(r"[0-9]+(_[0-9]+)?", job_id):
            raise BadInput("--jobs", f"'{job_id}' is no job id such as 1234 or 1234_5")
    return tuple(JobId(job_id) for job_id in ids)
