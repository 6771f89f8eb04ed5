"""`afterall submit`: let a job of the user's write the report when the set's jobs have ended."""

from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.console import print_path, progress, tell
from afterall.cli.exits import Exit
from afterall.errors import PublishRefused, SlurmUnavailable
from afterall.model import Observation, SlurmSource
from afterall.pipeline import Patience, Reading, Survey, own_commands, patient, report_on, slurm, survey
from afterall.submit import Summary, dependency_ids, own_command, sbatch_argv, send, summary_script


@click.command("submit")
@click.argument("set_dir", metavar="SET", type=PATH)
@click.argument("sbatch_options", metavar="[-- SBATCH OPTIONS]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    default=300,
    show_default=True,
    type=click.IntRange(min=0),
    help="How long to wait, in the summary job or now, for accounting to settle.",
)
def command(set_dir: Path, sbatch_options: tuple[str, ...], wait_s: int) -> int:
    """Submit a small job that writes SET's report after all of its unfinished jobs have ended.

    The job depends on them with afterany, so that it also runs when some fail, and its id is printed. Options
    after -- go to sbatch. Where no job is left to wait for, the report is written at once.

    Example: afterall submit /scratch/me/lora_rank_sweep -- --partition=cpu --time=0:10:00
    """
    surveyed = survey(set_dir, slurm(own_commands()))
    _require_queue(surveyed.observation)
    standing = surveyed.standing
    path = Path(surveyed.layout.path)
    waits_for = dependency_ids((*standing.living, *standing.waiting_grace))
    if not waits_for:
        tell(f"{set_dir}: no job of this set is left to wait for; writing the report now")
        with progress() as on_step:
            report_on(_settled(surveyed, wait_s), Reading(progress=on_step))
        print_path(set_dir / surveyed.settings.report)
        return Exit.DONE
    for stuck in standing.stuck:
        tell(f"{set_dir}: job {stuck.display_id or stuck.job_id} will not start by itself ({stuck.reason})")
    summary = Summary(set_dir=path, waits_for=waits_for, wait_s=wait_s, sbatch_options=sbatch_options)
    _make_output_directory(path)
    click.echo(send(sbatch_argv(summary, summary_script(), own_command())))
    tell(f"{set_dir}: waits for {len(waits_for)} job(s): {', '.join(waits_for)}")
    return Exit.DONE


def _settled(surveyed: Survey, wait_s: int) -> Survey:
    """Return the survey once accounting has the whole record of jobs that have only just ended."""
    if not surveyed.standing.late:
        return surveyed
    return survey(surveyed.set_dir, patient(slurm(own_commands()), Patience(wait_s)))


def _require_queue(observation: Observation) -> None:
    """Raise SlurmUnavailable where the queue did not answer: jobs to wait for would be missed."""
    if not any(one.answered and one.source is SlurmSource.SQUEUE for one in observation.asked):
        raise SlurmUnavailable(tuple(one.line for one in observation.asked if not one.answered))


def _make_output_directory(set_dir: Path) -> None:
    # Slurm does not make the directory of --output, and a job whose output cannot be opened fails at once.
    try:
        (set_dir / ".afterall").mkdir(exist_ok=True)
    except OSError as error:
        raise PublishRefused(set_dir / ".afterall", (error.strerror or str(error)).lower()) from error
