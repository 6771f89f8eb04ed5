"""Render what the runs reached: the table of metrics and durations, what is missing from it and why."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

from afterall.model import Experiment, Fact, FindingCode, Ranking, State, VaryingParameter
from afterall.render.composing import listing, md
from afterall.render.escaping import Markdown, link, text
from afterall.render.figures import image
from afterall.render.folding import folded
from afterall.render.page import Page
from afterall.render.sections import durations
from afterall.render.sections.best import MEAN_LOSS
from afterall.render.sections.foremost import caption, foremost
from afterall.render.sections.standing import diverged, has_trained
from afterall.render.sections.state import state_cell
from afterall.render.tables import Column, table
from afterall.render.words.metrics import metric_name
from afterall.render.words.numbers import MISSING, real
from afterall.render.words.parameters import cell, cell_of
from afterall.render.words.sparkline import LOST
from afterall.render.words.states import never_ran
from afterall.settings import RESULTS_FILES, RESULTS_JSON

WIDEST = 11
"""Columns beyond which the table is split, for a page's width."""

LOSSES = ("final_loss", "final_val_loss")
_REWARDS = ("final_reward", "final_val_reward", "final_reward_accuracy", "final_val_reward_accuracy")
_MEAN = "mean_loss"
"""All that a trainer tells of the loss which logs nothing before its end."""
_SPEED = ("tokens_per_second_per_gpu",)
_MEMORY = ("peak_memory_active_gib", "peak_memory_alloc_gib", "peak_memory_reserved_gib")
_OTHER_SPEED = ("samples_per_second", "steps_per_second")
_SPEED_OF_ALL = "tokens_per_second"
"""Told where nothing else is known of the speed."""

Cells = tuple[Column, Callable[[Experiment], Markdown]]


class ResultsView(Struct, frozen=True, kw_only=True):
    """`second_table` holds the columns that would make the first too wide; it may be empty."""

    caption: Markdown
    """What `table` holds where it does not hold all experiments."""
    table: Markdown
    second_table: Markdown
    every: Markdown
    """All experiments, folded, where `table` does not hold them all."""
    image: Markdown
    """The loss curves, "" where no run logged any."""
    missing: tuple[Markdown, ...]
    files: Markdown
    durations: durations.DurationsView


@lru_cache(maxsize=1)
def view(page: Page) -> ResultsView:
    """Return the results of all experiments."""
    experiments = page.report.experiments
    settings, progress, speed = _settings(page), _progress(page), _speed(page)
    first = [*settings, *progress, *speed, _state(page)]
    second: list[Cells] = []
    if len(first) + 1 > WIDEST:
        first, second = [*settings[: WIDEST - 6], *progress, _state(page)], [*settings[WIDEST - 6 :], *speed]
    shown = foremost(page)
    every = Markdown("")
    if len(shown) < len(experiments):
        words = f"All {len(experiments)} experiments"
        every = folded(_draw([*first, *second], experiments), len(experiments), words)
    return ResultsView(
        caption=caption(page, len(shown)),
        table=_draw(first, shown) if shown else Markdown(""),
        second_table=_draw(second, shown) if second and shown else Markdown(""),
        every=every,
        image=image(page, "loss"),
        missing=_missing(page),
        files=_files(),
        durations=durations.view(experiments),
    )


def _draw(cells: Sequence[Cells], experiments: Sequence[Experiment]) -> Markdown:
    columns = [Column(Markdown("Experiment")), *(column for column, _ in cells)]
    return table(columns, [[text(e.name), *(fill(e) for _, fill in cells)] for e in experiments])


def _settings(page: Page) -> list[Cells]:
    """Return the columns of the model, where there are several, and of every varying parameter."""
    cells: list[Cells] = [(Column(text(page.names.title("model"))), lambda e: text(cell(page.model_of(e))))]
    if len(page.report.set.models) < 2:
        cells = []
    return [*cells, *(_parameter_cells(page, parameter) for parameter in page.columned)]


def _parameter_cells(page: Page, parameter: VaryingParameter) -> Cells:
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in parameter.values)
    column = Column(text(page.names.title(parameter.name)), is_number=numeric)
    return column, lambda experiment: text(cell_of(parameter, experiment.name))


def _progress(page: Page) -> list[Cells]:
    """Return epochs, steps and losses."""
    cells: list[Cells] = []
    if page.is_known("epochs"):
        cells.append((_column("epochs"), lambda e: _of_planned(page, e, "epochs", _planned_epochs(e))))
    steps = _column("global_step")
    cells.append((steps, lambda e: _of_planned(page, e, "global_step", e.metrics.get("planned_steps"))))
    cells += [_metric_cells(page, metric) for metric in reached(page)]
    named = [r for r in page.report.rankings if r.metric in page.settings.metrics]
    return [*cells, *(_score_cells(page, ranking) for ranking in named if not page.is_known(ranking.metric))]


def reached(page: Page) -> list[str]:
    """Return the metrics with a column after the steps: losses, rewards, others that the settings name."""
    found = [metric for metric in LOSSES if _shown(page, metric)]
    if any(_MEAN in e.metrics and "final_loss" not in e.metrics for e in page.report.experiments):
        found.append(_MEAN)
    if page.deciding is not None and page.deciding.metric == MEAN_LOSS:
        found.append(MEAN_LOSS)
    found += [metric for metric in _REWARDS if page.is_known(metric)]
    elsewhere = {"epochs", "global_step", *efficiency(page), *found}
    return [*found, *(m for m in page.settings.metrics if page.is_known(m) and m not in elsewhere)]


def efficiency(page: Page) -> list[str]:
    """Return the metrics of speed and memory that have a column."""
    found = [metric for metric in _SPEED if _shown(page, metric)]
    found += [metric for metric in _MEMORY if page.is_known(metric)]
    if not page.is_known(_SPEED[0]):
        found += _other_speed(page)
    return found


def _other_speed(page: Page) -> list[str]:
    known = [metric for metric in _OTHER_SPEED if page.is_known(metric)]
    return known or [metric for metric in (_SPEED_OF_ALL,) if page.is_known(metric)]


def _score_cells(page: Page, ranking: Ranking) -> Cells:
    values, metric = ranking.values, ranking.metric
    return _column(metric), lambda experiment: text(page.digits.write(metric, values.get(experiment.name)))


def _speed(page: Page) -> list[Cells]:
    samples, steps = _OTHER_SPEED
    asked = (*page.settings.metrics, *(() if page.is_known(samples) else (steps,)))
    told = [metric for metric in efficiency(page) if metric != steps or metric in asked]
    return [
        *(_metric_cells(page, metric) for metric in told),
        *durations.column(page.report.experiments),
        *_curve(page),
    ]


def _curve(page: Page) -> list[Cells]:
    """Return the column of each run's loss curve, on its own scale."""
    drawn = page.sparklines
    if not drawn:
        return []
    return [(Column(Markdown("Loss Curve")), lambda e: Markdown(drawn.get(e.name, MISSING)))]


def _metric_cells(page: Page, metric: str) -> Cells:
    return _column(metric), lambda experiment: text(page.metric(experiment, metric))


def _state(page: Page) -> Cells:
    lost = diverged(page.report)
    return Column(Markdown("State")), lambda e: state_cell(e, has_diverged=e.name in lost)


def _planned_epochs(experiment: Experiment) -> Fact | None:
    """Return what the trainer said it was to do, else what the configuration asks for."""
    return experiment.metrics.get("planned_epochs") or experiment.parameters.get("epochs")


def _of_planned(page: Page, experiment: Experiment, reached: str, due: Fact | None) -> Markdown:
    """Return "150", or "120 of 150" where fewer than planned were reached."""
    done = experiment.metrics.get(reached)
    told = page.metric(experiment, reached)
    if (
        done is None
        or due is None
        or not isinstance(done.value, int | float)
        or not isinstance(due.value, int | float)
    ):
        return text(told)
    return (
        text(told)
        if done.value >= real(due.value) * 0.999
        else md("{} of {}", told, page.digits.write(reached, due.value))
    )


def _column(metric: str) -> Column:
    return Column(text(metric_name(metric).header), is_number=True)


def _shown(page: Page, metric: str) -> bool:
    """Tell whether a metric gets a column: some run logged it, or none left anything, nor was evaluated."""
    has_others = any(page.is_known(other) for other in (*LOSSES, *_SPEED))
    return page.is_known(metric) or not (has_others or any(e.evaluations for e in page.report.experiments))


def _curve_note(page: Page) -> Markdown:
    experiments = page.report.experiments
    told = {"step": any("loss" in e.series for e in experiments)}
    told["epoch"] = any("loss" in e.by_epoch for e in experiments)
    places = " or ".join(place for place, is_told in told.items() if is_told)
    undrawn = " The figure has only runs that tell steps." if all(told.values()) else ""
    return Markdown(
        f"Loss Curve: training loss from the first to the last logged {places}, each run on its own scale "
        f"({LOST} = NaN).{undrawn}"
    )


def _missing(page: Page) -> tuple[Markdown, ...]:
    """Return what a column means, and why values are missing: metrics nobody has, then runs by reason."""
    wanted: tuple[str, ...] = ("global_step", *LOSSES, *_SPEED)
    if _other_speed(page):
        wanted = tuple(metric for metric in wanted if metric not in _SPEED or page.is_known(metric))
    nowhere = [metric for metric in wanted if not page.is_known(metric)]
    unlogged = [text(metric_name(metric).phrase) for metric in nowhere]
    if not any(page.is_known(metric) for metric in _MEMORY) and _may_have_used_gpus(page):
        unlogged.append(Markdown("GPU memory use"))
    lines: list[Markdown] = [_curve_note(page)] if _curve(page) else []
    if unlogged and page.report.experiments:
        # Lines of no known trainer may hold what nobody understood.
        is_sure = all(e.trainer is not None for e in page.report.experiments if e.metrics)
        lines.append(
            md(
                "No run logged {}." if is_sure else "Of no run could {} be read.",
                listing(unlogged, last="or"),
            )
        )
    reasons: dict[tuple[str, tuple[str, ...]], list[Markdown]] = defaultdict(list)
    for experiment in page.report.experiments:
        lacking = tuple(m for m in wanted if m not in experiment.metrics and m not in nowhere)
        if lacking:
            reasons[_reason(page, experiment), lacking].append(text(experiment.name))
    for (reason, lacking), names in reasons.items():
        whole = len(lacking) == len(wanted) - len(nowhere)
        what = "everything" if whole else listing([text(metric_name(m).phrase) for m in lacking])
        lack = "lacks" if len(names) == 1 else "lack"
        lines.append(md("**{}** {} {} ({}): {}.", listing(names), lack, what, MISSING, reason))
    return tuple(lines)


def _may_have_used_gpus(page: Page) -> bool:
    """Tell whether a run with numbers may have had a GPU: of those without a job nobody knows."""
    attempts = [experiment.latest for experiment in page.report.experiments if experiment.metrics]
    return any(attempt is None or attempt.gpus != 0 for attempt in attempts)


_REASONS = {
    FindingCode.LOG_MISSING: "the log was not found",
    FindingCode.LOG_UNREADABLE: "the log could not be read",
    FindingCode.SUBMISSION_UNKNOWN: "no trace of a job was found",
    FindingCode.ZERO_STEPS: "trained for 0 steps",
    FindingCode.NO_LOSS_FOUND: "no such value in logs and files",
}


def _reason(page: Page, experiment: Experiment) -> str:
    match experiment.state:
        case State.NOT_SUBMITTED:
            return "never submitted"
        case State.PENDING:
            return "waiting to start again" if experiment.metrics else "not started yet"
        case State.RUNNING:
            return "still running"
        case _:
            pass
    if never_ran(experiment):
        return "the job never ran"
    for code in page.codes.get(experiment.name, ()):
        if code in _REASONS:
            return _REASONS[code]
    if experiment.trainer is None:
        return "no known trainer's traces were found"
    return "not logged before it ended" if not has_trained(experiment) else "not logged"


def _files() -> Markdown:
    tables = (f"{RESULTS_FILES}/{name}.csv" for name in ("experiments", "checkpoints", "curves"))
    names = (RESULTS_JSON, *tables)
    return md(
        "Every value in full precision, with its source: {}; as tables: {}, {}, and {}.",
        *(link(name.rpartition("/")[2], name) for name in names),
    )
