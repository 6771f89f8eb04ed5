"""Choose the columns of the page's table of runs, and fill them.

Invariant: a number stands in its cell twice: written as everywhere in the report, and in full for sorting;
what a run does not have is told apart from NaN.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from urllib.parse import quote

from markupsafe import Markup, escape
from msgspec import Struct
from msgspec.structs import replace

from afterall.model import Experiment, Scalar
from afterall.render.escaping import line, path_bytes
from afterall.render.html.prose import Prose
from afterall.render.page import Page
from afterall.render.sections.durations import job_seconds
from afterall.render.sections.results import LOSSES, efficiency, reached
from afterall.render.sections.standing import diverged
from afterall.render.sections.state import state_cell
from afterall.render.words.measures import clock
from afterall.render.words.metrics import METRICS, metric_name
from afterall.render.words.numbers import MISSING, not_finite, real
from afterall.render.words.parameters import cell, cell_of

MOST_MORE = 80
"""Columns beyond those of the report; a framework's configuration may vary in hundreds of keys."""

Valued = Callable[[Experiment], Scalar]
Written = Callable[[Scalar], str]


class Cell(Struct, frozen=True):
    """One cell: its HTML, and its number in full, "NaN", or "" where it is no number."""

    shown: Markup
    number: str = ""
    is_missing: bool = False


class Column(Struct, frozen=True, kw_only=True):
    """One column, and how it is filled; `is_more` where it is shown on demand alone."""

    heading: Markup
    key: str
    """Its name in RESULTS.json."""
    fill: Callable[[Experiment], Cell]
    is_number: bool = False
    is_sorted: bool = True
    is_more: bool = False

    @property
    def classes(self) -> Markup:
        """The attribute that its heading and cells have, "" where they have none."""
        names = [name for name, has in (("number", self.is_number), ("more", self.is_more)) if has]
        return Markup(' class="{}"').format(" ".join(names)) if names else Markup("")


class Row(Struct, frozen=True):
    """One run: its name, its log as a link's target ("" without one), and its cells by column."""

    name: str
    log: str
    cells: Sequence[Cell]


def columns(page: Page, prose: Prose) -> list[Column]:
    """Return the report's columns first, then what else is known and differs between the runs.

    A column of the report's that says the same of every run is shown on demand too, unless it is a loss.
    """
    told = [
        *_settings(page),
        *_metrics(page, ("epochs", "global_step", *reached(page))),
        *(_score(page, key) for key in _scores(page)),
        *_metrics(page, efficiency(page)),
        *_durations(page),
    ]
    same = [column for column in told if column.key not in LOSSES and _is_same(page, column)]
    first = [column for column in told if column not in same]
    more = [*same, *_more(page, {column.key for column in told})]
    return [*first, *_ends(page, prose), *(replace(column, is_more=True) for column in more)]


def rows(page: Page, shown: Sequence[Column]) -> list[Row]:
    """Return the rows of all runs in the report's order."""
    return [
        Row(
            name=line(experiment.name, 120),
            log=target(experiment.logs[-1].path) if experiment.logs else "",
            cells=[column.fill(experiment) for column in shown],
        )
        for experiment in page.report.experiments
    ]


def target(path: str) -> str:
    """Return a path relative to the set as a link's target: it leads to no other host, whatever it is."""
    quoted = quote(path_bytes(path), safe="/")
    return f"/{quoted.lstrip('/')}" if quoted.startswith("//") else quoted


def _settings(page: Page) -> Iterator[Column]:
    """Yield the model and every parameter that the report compares by, then the seeds."""
    if any(page.model_of(experiment) is not None for experiment in page.report.experiments):
        yield _column(page, "model", page.names.title("model"), page.model_of)
    for parameter in page.columned:
        full = {run: told for run in parameter.unset if (told := cell_of(parameter, run)) != MISSING}
        said = {**parameter.by_experiment, **full}
        yield _column(page, parameter.name, page.names.title(parameter.name), _of(said))


def _more(page: Page, told: set[str]) -> list[Column]:
    """Return the metrics and the parameters that differ between runs and have no column yet."""
    experiments = page.report.experiments
    metrics = {key for experiment in experiments for key in experiment.metrics} - told
    order = {key: place for place, key in enumerate(METRICS)}
    found = [_metric(page, key) for key in sorted(metrics, key=lambda k: (order.get(k, len(order)), k))]
    held = {key for experiment in experiments for key in experiment.parameters} - told
    differing = [key for key in sorted(held) if len({repr(_parameter(key)(e)) for e in experiments}) > 1]
    found += [_column(page, key, page.names.title(key), _parameter(key)) for key in differing]
    return found[:MOST_MORE]


def _ends(page: Page, prose: Prose) -> Iterator[Column]:
    """Yield each run's loss curve on its own scale, and how it ended."""
    curves = page.sparklines

    def curve(experiment: Experiment) -> Cell:
        drawn = curves.get(experiment.name)
        return Cell(escape(drawn or MISSING), is_missing=not drawn)

    if curves:
        yield Column(heading=escape("Loss Curve"), key="loss", fill=curve, is_sorted=False)
    lost = diverged(page.report)
    inline = cache(prose.inline)

    def state(experiment: Experiment) -> Cell:
        return Cell(inline(state_cell(experiment, has_diverged=experiment.name in lost)))

    yield Column(heading=escape("State"), key="state", fill=state)


def _scores(page: Page) -> list[str]:
    """Return the evaluations' scores that runs are ranked by."""
    return [ranking.metric for ranking in page.report.rankings if not page.is_known(ranking.metric)]


def _score(page: Page, key: str) -> Column:
    values = next(ranking.values for ranking in page.report.rankings if ranking.metric == key)
    return _column(page, key, metric_name(key).header, _of(values), lambda v: page.digits.write(key, v))


def _metrics(page: Page, keys: Sequence[str]) -> Iterator[Column]:
    """Yield a column for each of these metrics that any run has."""
    return (_metric(page, key) for key in keys if page.is_known(key))


def _durations(page: Page) -> Iterator[Column]:
    """Yield the columns of the jobs' times and of the trainers' own, as far as any run has one."""
    if any(job_seconds(experiment) is not None for experiment in page.report.experiments):
        heading = metric_name("elapsed_s").header
        yield _column(page, "elapsed_s", heading, job_seconds, _clock)
    if "train_seconds" not in reached(page):
        yield from _metrics(page, ("train_seconds",))


def _clock(value: Scalar) -> str:
    return clock(value) if isinstance(value, int | float) else cell(value)


def _metric(page: Page, key: str) -> Column:
    def value(experiment: Experiment) -> Scalar:
        fact = experiment.metrics.get(key)
        return None if fact is None else fact.value

    return _column(page, key, metric_name(key).header, value, lambda v: page.digits.write(key, v))


def _column(page: Page, key: str, heading: str, value: Valued, written: Written = cell) -> Column:
    values = [value(experiment) for experiment in page.report.experiments]
    numeric = all(_is_number(known) for known in values if known is not None)
    return Column(
        heading=_breakable(line(heading, 80)),
        key=line(key),
        fill=lambda experiment: _cell(value(experiment), written),
        is_number=numeric,
    )


def _breakable(heading: str) -> Markup:
    """Return a heading that may go on in the next line after each part of a key."""
    return Markup("/<wbr>").join(escape(part) for part in heading.split("/"))


def _of(values: Mapping[str, Scalar] | Mapping[str, float]) -> Valued:
    return lambda experiment: values.get(experiment.name)


def _parameter(key: str) -> Valued:
    def value(experiment: Experiment) -> Scalar:
        fact = experiment.parameters.get(key)
        return None if fact is None else fact.value

    return value


def _cell(value: Scalar, written: Written) -> Cell:
    if value is None:
        return Cell(escape(MISSING), is_missing=True)
    return Cell(escape(line(written(value), 120)), _in_full(value))


def _in_full(value: Scalar) -> str:
    """Return a number as scripts read it, "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    number = real(value)
    return repr(number) if math.isfinite(number) else not_finite(number)


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same(page: Page, column: Column) -> bool:
    """Tell whether a column says the same of several runs."""
    experiments = page.report.experiments
    return len(experiments) > 1 and len({column.fill(experiment) for experiment in experiments}) == 1
