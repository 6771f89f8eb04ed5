"""Render commands for this set's real paths, and links to every experiment's files.

Invariant: a command is only shown where what it works on is there; the words on the fold name what is in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from afterall.model import CheckpointFile, Experiment, FileRole, NextStepKind
from afterall.render.composing import joined, md, plain_listing
from afterall.render.escaping import Markdown, fence, link, text
from afterall.render.folding import fold_words
from afterall.render.page import Page
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.shell import from_set, shell_path, shell_paths, shell_word
from afterall.settings import RESULTS_JSON

MOST_LOGS = 6
MOST_JOBS = 60
MOST_LINKS = 2
MOST_EVALUATIONS = 8
_ENDINGS = frozenset({".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".distcp", ".gguf", ".nemo"})
_IN_A_SENTENCE = {
    "View Training Logs": "view training logs",
    "Check Checkpoint Contents": "check checkpoint contents",
    "Sync Wandb Logs": "sync wandb logs",
    "Run Evaluations": "run evaluations",
    "Ask Slurm Accounting": "ask Slurm accounting",
    "Write This Report Again": "write this report again",
}
ACCOUNTING_FORMAT = "JobID%18,JobName%24,State%20,ExitCode,Elapsed,Timelimit,MaxRSS,NodeList"


class AppendixView(Struct, frozen=True, kw_only=True):
    """`enter` changes to the set's directory, from which every other command runs."""

    summary: Markdown
    """What the fold says that all of it stands behind."""
    enter: Markdown
    commands: tuple[Subsection, ...]
    files: tuple[Markdown, ...]
    """A line for each experiment: links to its logs, configurations, scripts and evaluations."""


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
    commands = tuple(part for part in parts if part is not None)
    return AppendixView(
        summary=fold_words(_summary(commands)),
        enter=fence(f"cd {shell_word(page.report.set.path)}", "bash"),
        commands=commands,
        files=_files(page.report.experiments),
    )


def _summary(commands: Sequence[Subsection]) -> str:
    told = plain_listing([_IN_A_SENTENCE[part.heading] for part in commands], len(_IN_A_SENTENCE))
    return f"How to {told}; links to the files of every experiment"


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
    """Return where the commands that are due stand, else one for the first experiment with what it needs."""
    due = [step for step in page.report.next_steps if step.kind is NextStepKind.EVALUATE and step.command]
    if due and "next_steps" not in page.settings.omit:
        return Subsection(
            "Run Evaluations", (Block(text=Markdown("Those that are due stand under *Next Steps*.")),)
        )
    if due:
        commands = due[0].command.split("\n")
        return _section("Run Evaluations", *(from_set(line, page.report.set.path) for line in commands))
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


def _files(experiments: Sequence[Experiment]) -> tuple[Markdown, ...]:
    """Return links to each experiment's logs, configurations, scripts, and logs of evaluations."""
    return tuple(md("**{}**: {}", e.name, joined(_kinds(e), "; ") or "no file") for e in experiments)


def _kinds(e: Experiment) -> list[Markdown]:
    """Return the links to an experiment's files, those of a kind together."""
    logs = [log.path for log in reversed(e.logs)] or [log.path for log in e.layout.logs]
    kinds = [_links(paths) for paths in (logs, e.layout.configs, e.layout.scripts, e.layout.eval_scripts)]
    scored = [(one.checkpoint or one.task, one.source.file) for one in e.evaluations if one.source.file]
    evaluated = [link(label, path) for label, path in dict.fromkeys(scored)]
    if evaluated:
        kinds.append(md("evaluations {}", _in_a_row(evaluated, MOST_EVALUATIONS)))
    return [links for links in kinds if links]


def _links(paths: Sequence[str]) -> Markdown:
    return _in_a_row([link(path.rpartition("/")[2], path) for path in dict.fromkeys(paths)], MOST_LINKS)


def _in_a_row(links: Sequence[Markdown], most: int) -> Markdown:
    more = [text(f"+{len(links) - most}")] if len(links) > most else []
    return joined([*links[:most], *more])
