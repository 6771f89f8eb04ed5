"""Render runs repeated with other seeds, and how far validation lies from training loss."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

from afterall.model import Replicates, Spread, ValidationGap
from afterall.render.composing import joined, md
from afterall.render.escaping import Markdown, text
from afterall.render.folding import fold
from afterall.render.page import Page
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.tables import Column, table
from afterall.render.words.metrics import Digits, metric_name
from afterall.render.words.numbers import MISSING

_VALIDATION = ("final_val_loss", "best_val_loss")
_TRAINING = ("mean_last_loss", "final_loss", "train_seconds")
_MOST = 4
_MOST_SCORES = 2


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield what the set tells of repeats."""
    if page.report.replicates:
        yield Subsection("Repeated Runs", (_repeats(page),))


def _repeats(page: Page) -> Block:
    """Return mean and standard deviation of every setting that ran more than once."""
    deciding = (page.deciding.metric,) if page.deciding else ()
    known = {metric for group in page.report.replicates for metric in group.metrics}
    scores = [r.metric for r in page.by_quality if "/" in r.metric and r.metric in known][:_MOST_SCORES]
    wanted = dict.fromkeys((*deciding, *_VALIDATION, *scores, *_TRAINING))
    metrics = [metric for metric in wanted if metric in known][: _MOST + len(scores)]
    columns = [Column(Markdown("Setting")), Column(Markdown("Seeds"))]
    columns += [Column(text(metric_name(metric).header), is_number=True) for metric in metrics]
    rows = [
        [_setting(group, page), text(", ".join(dict.fromkeys(str(seed) for seed in group.seeds)))]
        + [_spread(metric, group.metrics.get(metric), page) for metric in metrics]
        for group in page.report.replicates
    ]
    note = "Mean ± standard deviation over the seeds (n runs)."
    return Block(text=Markdown(note), table=table(columns, rows))


def _setting(group: Replicates, page: Page) -> Markdown:
    told = joined([page.setting(name, value) for name, value in group.settings.items()][:4])
    return told or joined([text(name) for name in group.experiments[:4]])


def _spread(metric: str, spread: Spread | None, page: Page) -> Markdown:
    if spread is None:
        return Markdown(MISSING)
    told = md(
        "{} ± {} ({})",
        page.digits.write(metric, spread.mean),
        page.digits.write_spread(metric, spread.sd),
        spread.n,
    )
    return md("{}, {} not finite", told, len(spread.not_finite)) if spread.not_finite else told


def gaps(page: Page) -> Block:
    """Return between which the runs' gaps lie, and behind a fold that of each with both losses."""
    if not page.report.gaps:
        return Block()
    columns = [Column(Markdown("Experiment"))]
    columns += [Column(Markdown(word), is_number=True) for word in ("Step", "Training", "Validation", "Gap")]
    found = page.report.gaps
    digits = Digits({"gap": [loss for gap in found for loss in (gap.train, gap.validation)]})
    rows = []
    for gap in found:
        step = text(MISSING) if gap.step is None else md("{}", gap.step)
        losses = [text(digits.write("gap", loss)) for loss in (gap.train, gap.validation)]
        told = text(digits.write_difference("gap", gap.validation - gap.train))
        rows.append([text(gap.experiment), step, *losses, told])
    note = Markdown(
        "Gap: validation minus training loss, the latter as the mean of the last logged steps (as the last "
        "one, where few were logged); a positive gap that grows during training speaks of overfitting."
    )
    words = f"Gap, validation minus training loss at the end: {_extremes(found, digits)}"
    return Block(table=fold(joined([note, table(columns, rows)], "\n\n"), words))


def _extremes(found: Sequence[ValidationGap], digits: Digits) -> str:
    """Return "-0.0173 (a) to +0.0078 (b)", or the one gap with its run."""
    known = [(gap.validation - gap.train, gap.experiment) for gap in found]
    ends = dict.fromkeys((min(known, key=itemgetter(0)), max(known, key=itemgetter(0))))
    return " to ".join(f"{digits.write_difference('gap', apart)} ({name})" for apart, name in ends)
