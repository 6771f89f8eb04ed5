"""Render the scores of evaluations, one row for each task and checkpoint of an experiment.

Scorers that gave the same scores throughout share a column; an evaluation by none of the scores that have
one shows its own behind their names. The appendix links to the logs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from afterall.model import Evaluation, EvaluationStatus, Experiment, StandIn, Verdict
from afterall.render.composing import all_experiments, joined, listing, md
from afterall.render.escaping import Markdown, code, text
from afterall.render.folding import folded
from afterall.render.page import Page
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.tables import Column, table
from afterall.render.words.metrics import Digits, error_of, score_name
from afterall.render.words.numbers import MISSING, count, number
from afterall.render.words.states import BAD, DOUBT, GOOD, VERDICTS
from afterall.settings import RESULTS_JSON

MOST_METRICS = 4
MOST_OTHERS = 2
MOST_ROWS = 400
_ERROR = "stderr"

_MARKS = {
    EvaluationStatus.SUCCESS: f"{GOOD} success",
    EvaluationStatus.ERROR: f"{BAD} error",
    EvaluationStatus.CANCELLED: f"{BAD} cancelled",
    EvaluationStatus.STARTED: f"{DOUBT} no end",
    EvaluationStatus.UNREADABLE: f"{DOUBT} unreadable",
}

Row = tuple[Experiment, Evaluation]


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield the one subsection on evaluations, where there are any: without, the best run's says so."""
    rows = [(e, evaluation) for e in page.report.experiments for evaluation in e.evaluations]
    if not rows:
        return
    shown = rows[:MOST_ROWS]
    which = "All" if len(shown) == len(rows) else "The first"
    blocks = [Block(table=folded(_table(shown), len(shown), f"{which} {count(len(shown))} evaluations"))]
    if len(rows) > MOST_ROWS:
        blocks.append(Block(text=md("… and {} more, in {}.", len(rows) - MOST_ROWS, RESULTS_JSON)))
    left_out = [code(score_name(name)) for name in _left_out(shown)]
    if left_out:
        blocks.append(Block(text=md("Scores without a column: {}, in {}.", listing(left_out), RESULTS_JSON)))
    blocks += [Block(text=line) for line in _stand_ins(page)]
    yield Subsection("Evaluation Results", tuple(blocks))


def _stand_ins(page: Page) -> list[Markdown]:
    """Return which last checkpoints have no score because another of the same state has one, and how told."""
    groups: dict[tuple[StandIn, Verdict], list[Markdown]] = {}
    for one in page.report.stand_ins:
        key = (replace(one, experiment=""), _verdict(one, page))
        groups.setdefault(key, []).append(text(one.experiment))
    total = len(page.report.experiments)
    every = text(all_experiments(total))
    return [
        _stand_in(one, verdict, every if len(runs) == total > 1 else listing(runs))
        for (one, verdict), runs in groups.items()
    ]


def _verdict(one: StandIn, page: Page) -> Verdict:
    """Return what verification found of the last checkpoint itself."""
    run = page.by_name.get(one.experiment)
    found = (c.verdict for c in (run.checkpoints if run else ()) if c.is_final and c.name == one.checkpoint)
    return next(found, Verdict.OK)


def _stand_in(one: StandIn, verdict: Verdict, runs: Markdown) -> Markdown:
    if verdict is not Verdict.OK:
        place = Markdown("at the same epoch") if one.step is None else md("at the same step ({})", one.step)
        return md(
            "{:code} of {} is {} and has no score of its own: that of {:code}, saved {}, stands for it.",
            one.checkpoint,
            runs,
            VERDICTS[verdict][1],
            one.evaluated,
            place,
        )
    head = md("{:code} of {} has no score of its own:", one.checkpoint, runs)
    if one.is_compared:
        return md("{} its weights are those of {:code}, byte for byte.", head, one.evaluated)
    place = Markdown("epoch") if one.step is None else md("step ({})", one.step)
    return md(
        "{} by its {} it is taken for the state that {:code} holds, which has one; their weights were not "
        "compared.",
        head,
        place,
        one.evaluated,
    )


def _table(rows: list[Row]) -> Markdown:
    names = _metrics(rows)
    written = Digits({name: [e.metrics[name] for _, e in rows if name in e.metrics] for name in names})
    filled = {name: tuple(_score(evaluation, name, written) for _, evaluation in rows) for name in names}
    alike: dict[tuple[Markdown, ...], list[Markdown]] = {}
    for name, cells in filled.items():
        alike.setdefault(cells, []).append(text(_called(name, names)))
    columns = [Column(Markdown(word)) for word in ("Experiment", "Checkpoint", "Task", "Status")]
    columns += [Column(joined(scorers, " and "), is_number=True) for scorers in alike.values()]
    others = [_others(evaluation, names) for _, evaluation in rows]
    columns += [Column(Markdown("Other Scores"))] if any(others) else []
    columns.append(Column(Markdown("Samples"), is_number=True))
    told = [
        [
            *_cells(row),
            *(column[n] for column in alike),
            *([others[n]] if any(others) else ()),
            _samples(row[1]),
        ]
        for n, row in enumerate(rows)
    ]
    return table(columns, told)


def _others(evaluation: Evaluation, shown: Sequence[str]) -> Markdown:
    """Return the first scores of an evaluation that has none of those shown, each behind its name."""
    if evaluation.status is not EvaluationStatus.SUCCESS or not evaluation.metrics.keys().isdisjoint(shown):
        return Markdown("")
    names = [name for name in evaluation.metrics if not _is_error(name)][:MOST_OTHERS]
    digits = Digits({name: [evaluation.metrics[name]] for name in names})
    return joined([md("{} {}", _called(name, names), _score(evaluation, name, digits)) for name in names])


def _called(name: str, among: Sequence[str]) -> str:
    """Return a score's short name, or its whole one where another score beside it is called the same."""
    short = score_name(name)
    return name if sum(score_name(each) == short for each in among) > 1 else short


def _cells(row: Row) -> list[Markdown]:
    experiment, evaluation = row
    return [
        text(experiment.name),
        text(evaluation.checkpoint or MISSING),
        text(evaluation.task),
        Markdown(_MARKS[evaluation.status]),
    ]


def _score(evaluation: Evaluation, name: str, written: Digits) -> Markdown:
    """Return a score with its standard error where the log has one: "0.93 ± 0.019"."""
    value = evaluation.metrics.get(name) if evaluation.status is EvaluationStatus.SUCCESS else None
    error = evaluation.metrics.get(f"{name}_{_ERROR}", evaluation.metrics.get(error_of(name)))
    if value is None or error is None:
        return text(written.write(name, value))
    return md("{} ± {}", written.write(name, value), number(error, 2))


def _metrics(rows: list[Row]) -> list[str]:
    """Return the scores that most evaluations have; standard errors stand with their scores."""
    counts = Counter(name for _, evaluation in rows for name in evaluation.metrics)
    scores = [name for name in counts if not _is_error(name)]
    return sorted(scores or counts, key=lambda name: (-counts[name], name))[:MOST_METRICS]


def _left_out(rows: list[Row]) -> list[str]:
    """Return the scores that stand in no cell of the table."""
    shown = _metrics(rows)
    left: dict[str, None] = {}
    for _, evaluation in rows:
        if evaluation.status is EvaluationStatus.SUCCESS:
            own = [name for name in evaluation.metrics if name not in shown and not _is_error(name)]
            told = MOST_OTHERS if evaluation.metrics.keys().isdisjoint(shown) else 0
            left |= dict.fromkeys(own[told:])
    return list(left)


def _is_error(name: str) -> bool:
    return name.endswith((f"/{_ERROR}", f"_{_ERROR}"))


def _samples(evaluation: Evaluation) -> Markdown:
    if evaluation.samples is None:
        return Markdown(MISSING)
    if evaluation.total_samples in (None, evaluation.samples):
        return md("{}", evaluation.samples)
    return md("{} of {}", evaluation.samples, evaluation.total_samples)
