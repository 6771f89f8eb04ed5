"""`afterall submit`: let a job of the user's write the report when the set's jobs have ended."""

from pathlib import Path

import click

from afterall.cli.exits import Exit
from afterall.errors import BadInput, SlurmUnavailable
from afterall.model import Observation, SlurmSource
from afterall.pipeline import own_commands, report_on, slurm, survey
from afterall.submit import Summary, dependency_ids, own_command, sbatch_argv, send, summary_script


@click.command("submit", context_settings={"ignore_unknown_options": True})
@click.argument("set_dir", metavar="SET", type=click.Path(path_type=Path))
@click.argument("sbatch_options", metavar="[-- SBATCH OPTIONS]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    default=300,
    show_default=True,
    type=click.IntRange(min=0),
    help="How long the summary job waits for accounting to settle.",
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
        click.echo(
            f"afterall: {set_dir}: no job of this set is left to wait for; writing the report now", err=True
        )
        report_on(surveyed)
        click.echo(str(set_dir / surveyed.settings.report))
        return Exit.DONE
    for stuck in standing.stuck:
        waiting = f"job {stuck.display_id or stuck.job_id} will not start by itself ({stuck.reason})"
        click.echo(f"afterall: {set_dir}: {waiting}", err=True)
    summary = Summary(set_dir=path, waits_for=waits_for, wait_s=wait_s, sbatch_options=sbatch_options)
    _make_output_directory(path)
    click.echo(send(sbatch_argv(summary, summary_script(), own_command())))
    click.echo(f"afterall: {set_dir}: waits for {len(waits_for)} job(s): {', '.join(waits_for)}", err=True)
    return Exit.DONE


def _require_queue(observation: Observation) -> None:
    """Raise SlurmUnavailable where the queue did not answer: jobs to wait for would be missed."""
    if not any(one.answered and one.source is SlurmSource.SQUEUE for one in observation.asked):
        raise SlurmUnavailable(tuple(f"{one.source.value}: {one.detail}" for one in observation.asked))


def _make_output_directory(set_dir: Path) -> None:
    # Slurm does not make the directory of --output, and a job whose output cannot be opened fails at once.
    try:
        (set_dir / ".afterall").mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(set_dir / ".afterall", (error.strerror or str(error)).lower()) from error
