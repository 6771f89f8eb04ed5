"""Render what was asked of the cluster against what was used, and what attempts cost that failed.

Invariant: advice comes only where the whole set used far less than was asked for, or came close to its end;
a margin of a quarter stays. What a run used that did not come to its end never tells what would do.
"""

from collections.abc import Collection, Iterator, Sequence

from afterall.model import Cost
from afterall.render.composing import md
from afterall.render.escaping import Markdown, text
from afterall.render.words.numbers import number

SPARE = 0.5
"""Share of what was asked for below which less would do."""
CLOSE = 0.9
"""Share from which the next run may not fit."""
MARGIN = 1.25
_LEAST_MEMORY = 256 << 20
_LEAST_TIME_S = 600


def told(costs: Sequence[Cost], trained: Collection[str]) -> Iterator[Markdown]:
    """Yield a sentence each on memory, time and failed attempts, as far as they are known.

    `trained` are the experiments that came to their end.
    """
    whole = [cost for cost in costs if cost.experiment in trained]
    yield from (part for part in (_memory(costs, whole), _time(costs, whole), _lost(costs)) if part)


def _memory(costs: Sequence[Cost], whole: Sequence[Cost]) -> Markdown:
    """Return the most host memory that a run used of that asked for."""
    used = [(c.max_rss_bytes, c.requested_memory_bytes, c.experiment) for c in costs if c.max_rss_bytes]
    if not used:
        return Markdown("")
    most, asked, name = max(used, key=lambda item: item[0] or 0)
    of = md(" of {:memory} asked for", asked) if asked else Markdown("")
    said = md("Host memory: at most {:memory}{} ({}).", most, of, text(name))
    least = min((request for _, request, _ in used if request), default=0)
    is_known = any(cost.max_rss_bytes for cost in whole)
    if is_known and most and least and most < SPARE * least and least > _LEAST_MEMORY:
        grain = 1 << 28
        wanted = -(-int(most * MARGIN) // grain) * grain
        return (
            md("{} {:memory} would do (`--mem={}M`).", said, wanted, str(wanted >> 20))
            if wanted < least
            else said
        )
    if most and asked and CLOSE * asked <= most < asked:
        return md("{} That is close to the limit: a larger batch or longer sequence may not fit.", said)
    return said


def _time(costs: Sequence[Cost], whole: Sequence[Cost]) -> Markdown:
    """Return the longest job's share of its time limit, where it is small or large."""
    longest = max((cost for cost in costs if _limited(cost)), key=_share, default=None)
    if longest is None or (_share(longest) < CLOSE and not any(map(_limited, whole))):
        return Markdown("")
    elapsed, limit = longest.elapsed_s or 0, longest.time_limit_s or 1
    share = md(
        "Time limit: {} used most of it, {:duration} of {:duration} ({:percent})",
        longest.experiment, elapsed, limit, elapsed / limit,
    )  # fmt: skip
    if elapsed < SPARE * limit and limit > _LEAST_TIME_S:
        return md("{}; a shorter `--time` is scheduled sooner.", share)
    if elapsed >= limit:
        return md("{}.", share)
    if elapsed >= CLOSE * limit:
        return md("{}: a slower node would have ended it.", share)
    return Markdown("")


def _limited(cost: Cost) -> bool:
    return bool(cost.elapsed_s and cost.time_limit_s and cost.time_limit_s > 0)


def _share(cost: Cost) -> float:
    return (cost.elapsed_s or 0) / (cost.time_limit_s or 1)


def _lost(costs: Sequence[Cost]) -> Markdown:
    """Return what attempts took that did not bring training to its end."""
    for hours, lost, what in (
        ([c.gpu_hours for c in costs], [c.lost_gpu_hours for c in costs], "GPU"),
        ([c.cpu_hours for c in costs], [c.lost_cpu_hours for c in costs], "CPU"),
    ):
        total, vain = sum(h for h in hours if h), sum(h for h in lost if h)
        if total and vain:
            whose = [
                text(c.experiment) for c in costs if (c.lost_gpu_hours if what == "GPU" else c.lost_cpu_hours)
            ]
            named = whose[0] if len(whose) == 1 else md("{} experiments", len(whose))
            return md(
                "{} of {} {} hours went into attempts that did not bring training to its end ({}).",
                number(vain, 3), number(total, 3), what, named,
            )  # fmt: skip
        if total:
            return Markdown("")
    return Markdown("")
