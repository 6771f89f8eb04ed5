"""Render commands for this set's real paths, and links to every experiment's files.

Invariant: a command is only shown where what it works on is there.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from afterall.model import CheckpointFile, Experiment, FileRole, NextStepKind
from afterall.render.composing import joined, md
from afterall.render.escaping import Markdown, fence, link, text
from afterall.render.folding import folded
from afterall.render.page import Page
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.shell import shell_path, shell_paths, shell_word
from afterall.render.tables import Column, table
from afterall.render.words.numbers import MISSING
from afterall.settings import RESULTS_JSON

MOST_LOGS = 6
MOST_JOBS = 60
_ENDINGS = frozenset({".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".distcp", ".gguf", ".nemo"})
ACCOUNTING_FORMAT = "JobID%18,JobName%24,State%20,ExitCode,Elapsed,Timelimit,MaxRSS,NodeList"


class AppendixView(Struct, frozen=True, kw_only=True):
    """`enter` changes to the set's directory, from which every other command runs."""

    enter: Markdown
    commands: tuple[Subsection, ...]
    files: Markdown


def view(page: Page) -> AppendixView:
    """Return the appendix."""
    parts = (
        _logs(page),
        _checkpoints(page),
        _wandb(page),
        _evaluations(page),
        _accounting(page),
        _again(),
    )
    return AppendixView(
        enter=fence(f"cd {shell_word(page.report.set.path)}", "bash"),
        commands=tuple(part for part in parts if part is not None),
        files=_files(page.report.experiments),
    )


def _section(heading: str, *lines: str) -> Subsection:
    return Subsection(heading, (Block(fence=fence("\n".join(lines), "bash")),))


def _latest_logs(page: Page) -> list[str]:
    return [experiment.logs[-1].path for experiment in page.report.experiments if experiment.logs]


def _logs(page: Page) -> Subsection | None:
    logs = _latest_logs(page)
    if not logs:
        return None
    first = ["# The log of the latest attempt; progress bars redraw themselves with carriage returns"]
    views = [f"tr '\\r' '\\n' < {shell_path(path)} | less -R" for path in logs[:MOST_LOGS]]
    return _section("View Training Logs", *first, *views)


def _checkpoints(page: Page) -> Subsection | None:
    held = [c for e in page.report.experiments for c in e.checkpoints if c.files]
    if not held:
        return None
    pattern = _pattern(file for checkpoint in held for file in checkpoint.files)
    tops = list(dict.fromkeys(e.layout.path or "." for e in page.report.experiments if e.checkpoints))
    where = shell_paths(tops) if len(tops) <= MOST_LOGS else "."
    return _section(
        "Check Checkpoint Contents",
        f"find {where} -name '{pattern}' -ls",
        f"du -h --max-depth={1 if where != '.' else 2} {where}",
        "# Verify again, every weight included",
        f"afterall verify --deep {shell_paths(tops)}",
    )


def _pattern(files: Iterable[CheckpointFile]) -> str:
    """Return what `find` is to look for: adapters, else the most common ending of weights."""
    weights = (FileRole.ADAPTER, FileRole.FULL_WEIGHTS)
    names = [PurePosixPath(file.path) for file in files if file.role in weights]
    if any(name.stem == "adapter_model" for name in names):
        return "adapter_model.*"
    endings = Counter(name.suffix for name in names)
    ending = max(endings, key=lambda ending: (endings[ending], ending), default="")
    return f"*{ending}" if ending in _ENDINGS else "*"


def _wandb(page: Page) -> Subsection | None:
    runs = [run for experiment in page.report.experiments for run in experiment.wandb_runs]
    if not runs:
        return None
    lines = ["# One run", f"wandb sync {shell_path(runs[0])}"]
    if len(runs) > 1:
        listed = " \\\n           ".join(shell_path(run) for run in runs)
        lines += ["", "# All runs of the set", f"for run in {listed}; do", '    wandb sync "$run"', "done"]
    return _section("Sync Wandb Logs", *lines)


def _evaluations(page: Page) -> Subsection | None:
    """Return a command that is due, else one for the first experiment with a script and a checkpoint."""
    due = [step for step in page.report.next_steps if step.kind is NextStepKind.EVALUATE and step.command]
    if due:
        line = due[0].command.partition("\n")[0]
        others = [] if "next_steps" in page.settings.omit else ["# The others stand under Next Steps"]
        return _section("Run Evaluations", *others, line)
    for experiment in page.report.experiments:
        scripts = [path for path in experiment.layout.eval_scripts if path.endswith(".py")]
        saved = [
            checkpoint.path for checkpoint in experiment.checkpoints if checkpoint.files and checkpoint.path
        ]
        if scripts and saved:
            model = f"--model hf/local -M model_path={shell_word(saved[-1])}"
            return _section("Run Evaluations", f"inspect eval {shell_path(scripts[0])} {model}")
    return None


def _accounting(page: Page) -> Subsection | None:
    told = {str(a.display_id or a.job_id) for e in page.report.experiments for a in e.attempts}
    ids = sorted(told, key=lambda job_id: (len(job_id), job_id))
    if not ids:
        return None
    asked = ",".join(shell_word(job_id) for job_id in ids[:MOST_JOBS])
    more = [f"# … and {len(ids) - MOST_JOBS} more jobs, in {RESULTS_JSON}"] if len(ids) > MOST_JOBS else []
    return _section(
        "Ask Slurm Accounting", f"sacct --duplicates -j {asked} --format={ACCOUNTING_FORMAT}", *more
    )


def _again() -> Subsection:
    """Return how to write this report again."""
    return _section(
        "Write This Report Again", "afterall report .", "afterall report --deep .  # every weight read"
    )


def _files(experiments: Sequence[Experiment]) -> Markdown:
    """Return links to logs, configurations and scripts of each experiment."""
    if not experiments:
        return Markdown("")
    columns = [
        Column(Markdown(word))
        for word in ("Experiment", "Logs", "Configuration", "Batch Script", "Evaluation")
    ]
    rows = [
        [
            text(e.name),
            _links([log.path for log in reversed(e.logs)] or [log.path for log in e.layout.logs]),
            _links(e.layout.configs),
            _links(e.layout.scripts),
            _links(e.layout.eval_scripts),
        ]
        for e in experiments
    ]
    return folded(table(columns, rows), len(rows), md("Files of all {} experiments", len(rows)))


def _links(paths: Sequence[str], most: int = 2) -> Markdown:
    links = [link(path.rpartition("/")[2], path) for path in dict.fromkeys(paths)]
    if len(links) > most:
        links = [*links[:most], text(f"+{len(links) - most}")]
    return joined(links) if links else Markdown(MISSING)
