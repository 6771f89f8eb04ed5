"""`afterall report`: observe, scan, and write a set's report."""

from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.choices import Observing, observer_of, observing_options, parse_jobs
from afterall.cli.console import print_path, progress, tell
from afterall.cli.exits import Exit
from afterall.errors import BadInput, SlurmUnavailable
from afterall.model import SetStatus, SlurmSource, Tier
from afterall.observe import Standing
from afterall.pipeline import Reading, Survey, report_on, survey


@click.command("report")
@click.argument("set_dir", metavar="SET", type=PATH)
@click.option(
    "--if-finished", is_flag=True, help="Write only when no job of the set is left; otherwise exit 3."
)
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0,
    help="Wait up to this long for the set's jobs to end and accounting to settle, then write what is known.",
)
@click.option("--deep", is_flag=True, help="Read every weight once: NaN, infinity, zeros, checksums.")
@click.option(
    "--html", is_flag=True, help="Write RESULTS.html too, a page with sortable runs and live curves."
)
@click.option("--no-cache", is_flag=True, help="Look at every checkpoint, whatever was found before.")
@observing_options
@click.option(
    "--jobs", default="", metavar="ID,ID…", help="Jobs that belong to the set though no file says so."
)
def command(
    set_dir: Path,
    *,
    if_finished: bool,
    wait_s: float,
    deep: bool,
    html: bool,
    no_cache: bool,
    no_slurm: bool,
    sacct_file: Path | None,
    jobs: str,
) -> int:
    """Write the report of the experiment set in SET now, finished or not.

    An unfinished set's report says so first. RESULTS.md, RESULTS.json and RESULTS_files/ appear in SET;
    what a person wrote between the report's notes markers survives. RESULTS.html is written with --html, or
    where it lies already.

    Example: afterall report /scratch/me/lora_rank_sweep
    """
    if if_finished and no_slurm:
        raise BadInput("--if-finished", "needs Slurm's answer, which --no-slurm rules out")
    asking = Observing(no_slurm=no_slurm, sacct_file=sacct_file, jobs=parse_jobs(jobs), wait_s=wait_s)
    with progress() as on_step:
        surveyed = survey(set_dir, observer_of(asking), on_step)
        if if_finished and not _is_over(surveyed):
            tell(f"{set_dir}: not finished: {_who_lives(surveyed.standing)}")
            return Exit.NOT_FINISHED
        depth = Tier.VALUES if deep else Tier.QUICK
        reading = Reading(depth=depth, remembers=not no_cache, progress=on_step, as_page=html)
        outcome = report_on(surveyed, reading)
    print_path(set_dir / surveyed.settings.report)
    if outcome.published.kept:
        tell(f"{set_dir}: the last report had been edited by hand; it is kept as {outcome.published.kept}")
    if outcome.report.set.status is SetStatus.INCOMPLETE:
        tell(f"{set_dir}: the set is not complete; the report says what is missing")
    return Exit.DONE


def _is_over(surveyed: Survey) -> bool:
    """Return whether no job is left; raise SlurmUnavailable where nobody could say so."""
    asked = surveyed.observation.asked
    answered = any(one.answered for one in asked if one.source is not SlurmSource.LOG)
    if not (answered and surveyed.standing.is_known):
        raise SlurmUnavailable(tuple(one.line for one in asked if not one.answered))
    return surveyed.standing.is_over


def _who_lives(standing: Standing) -> str:
    waiting = (*standing.living, *standing.waiting_grace, *standing.unsettled)
    ids = ", ".join(attempt.display_id or attempt.job_id for attempt in waiting[:10])
    more = f" and {len(waiting) - 10} more" if len(waiting) > 10 else ""
    return f"{len(waiting)} job(s) may still write: {ids}{more}"
