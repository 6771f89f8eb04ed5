"""Put one comparison of two runs, or of their replicates, into a sentence.

Invariant: both numbers are always there; the words of direction follow from the numbers; no ratio is claimed
for different points of training or for numbers that are not positive.
"""

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct

from afterall.model import ComparedAt, Comparison, Direction, Scalar, Side
from afterall.render.composing import joined, listing, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.page import Page
from afterall.render.sections.sampling import chance, of_samples
from afterall.render.sections.standing import has_trained, is_end_unknown
from afterall.render.words.measures import duration
from afterall.render.words.metrics import Style, is_quality, metric_name
from afterall.render.words.numbers import number, percent

AS_FACTOR = 1.1
"""Ratio from which a difference is told as a factor, not as a share."""
_BATCHES = frozenset({"batch_size", "gradient_accumulation_steps"})
MOST_PAIRS = 6
"""Comparisons told for one parameter and metric; the others are counted."""


def compared(comparison: Comparison, page: Page) -> Markdown:
    """Return "1B: rank 64 was 4.3× lower than rank 4 (0.00036 vs 0.00154, step 1,500)" with its caveats."""
    where = equal_settings(comparison, page)
    told = _told(comparison, page)
    caveats = caveats_of(comparison, page)
    return md(
        "{}{}{}",
        md("{}: ", where) if where else Markdown(""),
        told,
        md("; {}", caveats) if caveats else Markdown(""),
    )


def sentences(comparisons: Sequence[Comparison], page: Page) -> list[Markdown]:
    """Return a sentence for each of the first comparisons, and how many more there are."""
    told = [compared(comparison, page) for comparison in comparisons[:MOST_PAIRS]]
    if len(comparisons) > MOST_PAIRS:
        told.append(md("… and {}.", plural(len(comparisons) - MOST_PAIRS, "more pair")))
    return told


def equal_settings(comparison: Comparison, page: Page) -> Markdown:
    """Return what both sides have in common, of the parameters that vary."""
    shown = [page.setting(name, value) for name, value in comparison.equal.items()]
    return joined(shown[:4])


def factor(smaller: float, larger: float) -> str:
    """Return how many times `larger` is `smaller`, both positive: "4.3×"."""
    ratio = larger / smaller
    if not math.isfinite(ratio):
        return "many times"
    return f"{ratio:.1f}×" if ratio < 10 else f"{number(round(ratio))}×"


def words_of(metric: str) -> tuple[str, str]:
    """Return the words for a lower and a higher number of a metric."""
    is_time = metric_name(metric).style is Style.SECONDS
    return ("faster", "slower") if is_time else ("lower", "higher")


class Words(Struct, frozen=True):
    """What a comparison's sentence is made of: the better side first, or the one of the larger setting."""

    subject: Side
    other: Side
    values: tuple[str, str]
    numbers: Markdown
    """Both numbers with their spread, and where they stand: "0.00036 vs 0.00154, step 1,500"."""
    how_much: Markdown
    """"4.3× lower"; empty where the two tie or are equal, or no difference can be claimed."""
    is_at_one_point: bool


def words(c: Comparison, page: Page) -> Words:
    """Return the parts of a comparison's sentence."""
    low, high = (c.a, c.b) if c.a.value <= c.b.value else (c.b, c.a)
    # The better side is the subject; where nobody knows which is better, the one with the larger setting.
    better_is_high = c.direction is Direction.UP or (c.direction is Direction.UNKNOWN and high is c.b)
    subject, other = (high, low) if better_is_high else (low, high)
    values = page.digits.write(c.metric, subject.value), page.digits.write(c.metric, other.value)
    spreads = _spread(c.metric, subject, page), _spread(c.metric, other, page)
    is_at_one_point = c.compared_at is not ComparedAt.NEITHER and c.same_step
    differ = is_at_one_point and low.value != high.value and not is_tie(c) and values[0] != values[1]
    return Words(
        subject=subject,
        other=other,
        values=values,
        numbers=md("{}{} vs {}{}{}", values[0], spreads[0], values[1], spreads[1], _where(c)),
        how_much=_how_much(low.value, high.value, c.metric, subject is low) if differ else Markdown(""),
        is_at_one_point=is_at_one_point,
    )


def _told(c: Comparison, page: Page) -> Markdown:
    w = words(c, page)
    names = named(c, w.subject, page), named(c, w.other, page)
    if not w.is_at_one_point:
        steps = [md("{}{}", v, _at_step(s)) for v, s in zip(w.values, (w.subject, w.other), strict=True)]
        if metric_name(c.metric).style is Style.SECONDS:
            return md("{} took {}, {} {}: not for the same training", names[0], steps[0], names[1], steps[1])
        points = "not" if are_points_known(c) else "not known to be"
        form = "{} stood at {}, {} at {}: {} at the same point of training"
        return md(form, names[0], steps[0], names[1], steps[1], points)
    if w.how_much:
        return md("{} was {} than {} ({})", names[0], w.how_much, names[1], w.numbers)
    if c.a.value == c.b.value:
        return md("{} and {} were equal ({})", *names, w.numbers)
    if is_tie(c):
        return md("{} and {} tie ({}): replicates differ as much", *names, w.numbers)
    return md("{} and {} were about equal ({})", *names, w.numbers)


def are_points_known(c: Comparison) -> bool:
    """Tell whether both sides' points of training are known, by optimizer step or by epoch."""
    return None not in (c.a.step, c.b.step) or None not in (c.a.epoch, c.b.epoch)


def is_tie(c: Comparison) -> bool:
    """Tell whether replicates differ as much as the two sides do.

    A difference beyond its own 95 % interval is none, though it may be chance among many comparisons.
    """
    beyond = c.half_width is not None and abs(c.b.value - c.a.value) > c.half_width
    return bool(c.within_noise) and not beyond


def corrected(c: Comparison, page: Page) -> Markdown:
    """Return "p = 0.013", with the number of comparisons by this metric that it is corrected for."""
    tested = sum(o.p_value is not None for o in page.report.comparisons if o.metric == c.metric)
    p_value = Markdown("") if c.p_value is None else chance(c.p_value)
    return md("{} corrected for {} comparisons", p_value, tested) if tested > 1 else p_value


def named(c: Comparison, side: Side, page: Page) -> Markdown:
    """Return a side's setting, with its run where several pairs of runs are compared by the same settings."""
    shown = page.setting(c.parameter, side.setting)
    if side.n > 1 or page.compared_settings[page.settings_of(c)] < 2:
        return shown
    return md("{} ({})", shown, side.experiment)


def _how_much(low: float, high: float, metric: str, is_lower: bool) -> Markdown:
    seconds = metric_name(metric).style is Style.SECONDS
    lower, higher = words_of(metric)
    word = lower if is_lower else higher
    if low <= 0 or not math.isfinite(high / low):
        apart = duration(high - low) if seconds else number(high - low, 3)
        return md("{} {}", apart, word)
    if high / low >= AS_FACTOR:
        return md("{} {}", factor(low, high), word)
    return md("{} {}", percent((high - low) / (high if is_lower else low)), word)


def _spread(metric: str, side: Side, page: Page) -> Markdown:
    """Return " ± sd (n = 2)" for the mean of replicates, " ± 0.11" for a score with a standard error."""
    if side.n < 2:
        return Markdown("") if side.stderr is None else md(" ± {}", number(side.stderr, 2))
    if side.sd is None:
        return md(" (mean of {})", side.n)
    return md(" ± {} (n = {})", page.digits.write_spread(metric, side.sd), side.n)


def _where(c: Comparison) -> Markdown:
    if not is_quality(c.metric):
        return Markdown("")
    if c.compared_at is ComparedAt.STEP and c.a.step is not None:
        return md(", step {}", c.a.step)
    if c.compared_at is ComparedAt.EPOCH and c.a.epoch is not None:
        return md(", epoch {}", number(c.a.epoch, 3))
    return Markdown("")


def _at_step(side: Side) -> Markdown:
    return Markdown("") if side.step is None else md(" (step {})", side.step)


def caveats_of(c: Comparison, page: Page) -> Markdown:
    """Return what weakens or supports a comparison, "" where there is nothing to say."""
    parts: list[Markdown] = []
    runs = [name for side in (c.a, c.b) for name in side.experiments or (side.experiment,)]
    cut = [name for name in runs if not _has_trained(name, page)]
    untold = [name for name in cut if is_end_unknown(page.by_name[name])]
    if c.compared_at in (ComparedAt.STEP, ComparedAt.EPOCH):
        for names, form in (
            ([name for name in cut if name not in untold], "{} not finished"),
            (untold, "whether {} finished is not known"),
        ):
            parts += [md(form, listing([text(name) for name in names], 4))] if names else []
    parts += _unlike_data(c, page)
    if c.confounders:
        others = [_confounder(page, c, *each) for each in c.confounders[:3]]
        more = md(" and {} more", len(c.confounders) - 3) if len(c.confounders) > 3 else Markdown("")
        differ = "differs" if len(c.confounders) == 1 else "differ"
        parts.append(md("but {}{} {} too", joined(others), more, differ))
    if by_samples := of_samples(c):
        parts.append(by_samples)
    if c.same_seeds is False:
        parts.append(Markdown("the seeds differ"))
    lost = [*c.a.not_finite, *c.b.not_finite]
    if lost:
        parts.append(md("{} left out: not finite", joined([text(name) for name in lost[:4]])))
    if c.p_value is not None and c.within_noise is False:
        parts.append(md("more than seeds alone explain ({})", joined(_evidence(c, chance(c.p_value)))))
    elif c.p_value is not None and not is_tie(c):
        parts.append(md("may be chance of the seeds ({})", joined(_evidence(c, corrected(c, page)))))
    return joined(parts, "; ")


def _unlike_data(c: Comparison, page: Page) -> Iterator[Markdown]:
    """Yield that two sides at one step had not trained on as much data, where their batches differ."""
    if c.compared_at is not ComparedAt.STEP or not is_quality(c.metric):
        return
    if c.a.epoch is not None and c.b.epoch is not None:
        epochs = number(c.a.epoch, 3), number(c.b.epoch, 3)
        if epochs[0] != epochs[1]:
            names = named(c, c.a, page), named(c, c.b, page)
            yield md("{} at epoch {}, {} at epoch {}", names[0], epochs[0], names[1], epochs[1])
    elif not _BATCHES.isdisjoint({c.parameter, *(name for name, _, _ in c.confounders)}):
        yield Markdown("equal steps of unequal batches are not as much data")


def _has_trained(name: str, page: Page) -> bool:
    return name not in page.by_name or has_trained(page.by_name[name])


def _evidence(c: Comparison, p_value: Markdown) -> list[Markdown]:
    """Return the p-value, the difference with its 95 % interval, and its size in deviations."""
    told = [p_value]
    if c.half_width:
        apart = number(abs(c.b.value - c.a.value), 3)
        told.append(md("{} ± {} apart at 95 %", apart, number(c.half_width, 2)))
    if c.effect_size is not None:
        told.append(md("Hedges' g {}", number(abs(c.effect_size), 2)))
    return told


def _confounder(page: Page, c: Comparison, name: str, a: Scalar, b: Scalar) -> Markdown:
    told = page.value_of(name, a, c.a.experiment), page.value_of(name, b, c.b.experiment)
    return md("{} ({} vs {})", page.names.phrase(name), *told)
