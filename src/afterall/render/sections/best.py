"""Render who is best, by every measure of quality that ranks the runs differently.

Invariant: only finite values of finished runs are ranked; the others are named behind them. A training loss
that ranks the same runs as the validation loss does, or as the training loss that decides, is only said to.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from afterall.model import Checkpoint, Experiment, Ranking, Verdict
from afterall.render.composing import joined, listing, md
from afterall.render.escaping import Markdown, code, text
from afterall.render.figures import image
from afterall.render.page import Page
from afterall.render.sections.better import better_checkpoints
from afterall.render.sections.standing import has_trained, is_end_unknown
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.words.metrics import METRICS, metric_name
from afterall.render.words.numbers import number, real
from afterall.render.words.states import VERDICTS

MOST_RANKED = 6
MEAN_LOSS = "mean_last_loss"
LAST_LOSS = "final_loss"
TRAINING = frozenset({LAST_LOSS, MEAN_LOSS})
VALIDATION = frozenset({"final_val_loss", "best_val_loss"})


def subsection(page: Page) -> Subsection:
    """Return who is best by each measure of quality."""
    rankings = page.by_quality
    leading = leading_loss(page)
    asked = page.settings.metrics
    told = [r for r in rankings if r is leading or r.metric in asked or not _only_repeats(r, rankings)]
    repeating = [r for r in told if leading and r is not leading and _repeats(r, leading, page)]
    groups = _alike([r for r in told if r not in repeating])
    lines = [line for line in (_ranked(alike, leading, repeating, page) for alike in groups) if line]
    unscored = not any(experiment.evaluations for experiment in page.report.experiments)
    better = better_checkpoints(page)
    if not lines:
        form = "None can be named: {}. No evaluation was found." if unscored else "None can be named: {}."
        return Subsection("Best Run", (Block(text=md(form, _why_none(page))), Block(bullets=tuple(better))))
    alone = (Markdown("No evaluation was found: the order is by what training logged."),) if unscored else ()
    first, *others = lines
    bullets = (joined([first, *_where_it_lies(rankings[0], page)], " "), *others, *_why_score(page), *better)
    return Subsection(
        "Best Run", (Block(bullets=(*bullets, *alone)), Block(image=image(page, "final_metric")))
    )


def leading_loss(page: Page) -> Ranking | None:
    """Return the ranking by the loss that others are held against: validation where there is one."""
    losses = [r for r in page.by_quality if r.metric in TRAINING | VALIDATION]
    return next((r for r in losses if r.metric in VALIDATION), losses[0] if losses else None)


def finished_in(ranking: Ranking) -> list[str]:
    """Return the runs that came to their end with a finite value, best first."""
    return [name for name in _finite_in(ranking) if name not in ranking.unfinished]


def _finite_in(ranking: Ranking) -> list[str]:
    return [name for name in ranking.order if math.isfinite(ranking.values.get(name, math.nan))]


def _why_score(page: Page) -> tuple[Markdown, ...]:
    """Return why a score decides where the runs have training losses and nobody asked for it."""
    names = [ranking.metric for ranking in page.by_quality]
    losses = [place for place, name in enumerate(names) if name in TRAINING]
    if not losses or "/" not in names[0] or names[0] in page.settings.metrics:
        return ()
    several = sum("/" in name for name in names[: losses[0]]) > 1
    other = " Of several scores the first decides, unless `[metrics]` in `afterall.toml` names another."
    return (
        md(
            "The score of an evaluation decides, not the training loss: no validation loss ranks the runs, "
            "and a training loss falls by learning its data by heart too.{}",
            Markdown(other if several else ""),
        ),
    )


def _why_none(page: Page) -> str:
    losses = (LAST_LOSS, "final_val_loss", "best_val_loss")
    numbers = [e for e in page.report.experiments if any(_is_finite(e, metric) for metric in losses)]
    if not numbers:
        return "no experiment has numbers to be ranked by"
    if len(page.report.experiments) == 1:
        return "there is only one experiment"
    finished = sum(map(has_trained, numbers))
    if any(map(is_end_unknown, numbers)):
        return f"of {'none' if not finished else 'only one'} with numbers it is known that it came to its end"
    return f"{'no' if not finished else 'only one'} experiment came to its end with numbers"


def _is_finite(experiment: Experiment, metric: str) -> bool:
    fact = experiment.metrics.get(metric)
    return fact is not None and isinstance(fact.value, int | float) and math.isfinite(real(fact.value))


def labelled(metrics: Iterable[str]) -> Markdown:
    """Return metrics as a label: words for known ones, the key of an evaluation's score as code."""
    named = [text(metric_name(m).heading) if m in METRICS else code(metric_name(m).phrase) for m in metrics]
    return joined(named, " and ")


def _only_repeats(mean: Ranking, rankings: Sequence[Ranking]) -> bool:
    """Tell whether a ranking is by the means of the last steps' losses, and the last losses rank alike."""
    if mean.metric != MEAN_LOSS:
        return False
    return any(ranking.metric == LAST_LOSS and ranking.order == mean.order for ranking in rankings)


def _repeats(ranking: Ranking, leading: Ranking, page: Page) -> bool:
    """Tell whether a training loss says of the same runs what the leading loss does, ties included.

    One that the settings name is asked for, and told.
    """
    if ranking.metric not in TRAINING or ranking.metric in page.settings.metrics:
        return False
    return _standing(ranking) == _standing(leading)


def _standing(ranking: Ranking) -> tuple[object, ...]:
    """Return all that a ranking says, its numbers aside: who is equal, tied, unfinished, diverged."""
    finished = finished_in(ranking)
    steps = tuple(ranking.values[a] == ranking.values[b] for a, b in pairwise(finished))
    known = frozenset(ranking.values)
    lost = {name for name, value in ranking.values.items() if not math.isfinite(value)}
    return finished, steps, set(ranking.tied_with_best), lost, known & set(ranking.unfinished)


def _alike(rankings: Sequence[Ranking]) -> list[list[Ranking]]:
    """Return rankings, those of several scorers that gave the same scores together."""
    groups: dict[tuple[object, ...], list[Ranking]] = {}
    for ranking in rankings:
        key = (ranking.order, tuple(ranking.values.items()), ranking.checkpoint)
        groups.setdefault(key, []).append(ranking)
    return list(groups.values())


def _ranked(
    alike: Sequence[Ranking], leading: Ranking | None, repeating: Sequence[Ranking], page: Page
) -> Markdown:
    """Return a line on rankings that say the same; `repeating` are those that `leading` speaks for too."""
    ranking = alike[0]
    words = {n: page.digits.write(ranking.metric, value) for n, value in ranking.values.items()}
    finished = finished_in(ranking)
    if len(finished) < 2:
        return Markdown("")
    at = _scored_at(ranking.checkpoint) if ranking.checkpoint else Markdown("")
    first = [name for name in finished if ranking.values[name] == ranking.values[finished[0]]]
    behind_first = [md("{} ({})", name, words[name]) for name in finished[len(first) :]]
    told = md("{}{}: {}", labelled(r.metric for r in alike), at, _best(first, words[first[0]]))
    if behind_first:
        told = md("{}, then {}", told, listing(behind_first, MOST_RANKED))
    behind = [md("{} ({})", name, words[name]) for name in _finite_in(ranking) if name in ranking.unfinished]
    lost = [md("{} ({})", n, number(v)) for n, v in ranking.values.items() if not math.isfinite(v)]
    repeats = _repeats_of(first[0], page)
    tied = [text(name) for name in ranking.tied_with_best if name not in repeats]
    whose = Markdown("runs of other settings tied" if repeats else "tied")
    more = (
        (md("{} with the best within the noise of replicates", whose), tied),
        ("unfinished", behind),
        ("diverged", lost),
    )
    tails = [md("; {}: {}", what, listing(names, MOST_RANKED)) for what, names in more if names]
    if repeating and leading in alike:
        named = listing([text(metric_name(other.metric).phrase) for other in repeating])
        tails.append(md("; the same order by {}", named))
    return md("{}{}.", told, joined(tails, ""))


def _scored_at(checkpoint: str) -> Markdown:
    """Return which checkpoint of each run was evaluated: the last one, or that of a name."""
    return Markdown(" on the final checkpoint") if checkpoint == "final" else md(" on {:code}", checkpoint)


def _repeats_of(name: str, page: Page) -> tuple[str, ...]:
    """Return the runs that only repeat a run's setting: that these tie says nothing of any other."""
    return next((g.experiments for g in page.report.replicates if name in g.experiments), ())


def _best(names: Sequence[str], value: str) -> Markdown:
    """Return the best run with its value, or those that share the best value to the last digit."""
    bold = [md("**{}**", name) for name in names]
    return md("{} ({})", bold[0], value) if len(bold) == 1 else md("{} are equal ({})", listing(bold), value)


def _where_it_lies(ranking: Ranking, page: Page) -> tuple[Markdown, ...]:
    """Return where the weights of the best run are, if they are good and no other run is as good."""
    first = finished_in(ranking)[:2]
    values = [ranking.values[name] for name in first]
    if not first or values[1:] == values[:1]:
        return ()
    best = page.by_name.get(first[0])
    last = best.checkpoints[-1] if best and best.checkpoints else None
    if best is None or last is None:
        return ()
    if last.verdict is not Verdict.OK:
        return _where_its_like_lies(best, last, page)
    return (md("The last checkpoint of {} lies in {:code}.", best.name, last.path),) if last.path else ()


def _where_its_like_lies(best: Experiment, last: Checkpoint, page: Page) -> tuple[Markdown, ...]:
    """Return where the good checkpoint is that stands for a last one of which the files are not."""
    stands = {(one.experiment, one.checkpoint): one.evaluated for one in page.report.stand_ins}
    name = stands.get((best.name, last.name))
    path = next((c.path for c in best.checkpoints if c.name == name), "")
    if not path:
        return ()
    what = VERDICTS[last.verdict][1]
    form = "The last checkpoint of {} is {}; the one that its score is of lies in {:code}."
    return (md(form, best.name, what, path),)
