"""Render what the runs cost: time, throughput, memory, GPU hours."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from afterall.model import Comparison, Cost, Ranking
from afterall.render.composing import capital, joined, listing, md, plural
from afterall.render.escaping import Markdown, text
from afterall.render.figures import image
from afterall.render.page import Page
from afterall.render.sections import allocation
from afterall.render.sections.agreement import agree, agreeing, is_alike
from afterall.render.sections.comparing import sentences
from afterall.render.sections.standing import has_trained
from afterall.render.sections.subsection import Block, Subsection
from afterall.render.sections.verdicts import nested, together
from afterall.render.words.metrics import Style, is_quality, metric_name
from afterall.render.words.numbers import number, real


def subsections(page: Page) -> Iterator[Subsection]:
    """Yield the one subsection on efficiency, where anything of it is known."""
    told, folds = _pairs(page)
    lines = [*told, *_rankings(page), *_sampled(page), *_costs(page)]
    images = joined([drawn for name in ("throughput", "cost") if (drawn := image(page, name))], "\n")
    if lines or folds or images:
        blocks = (Block(bullets=tuple(lines)), *(Block(table=each) for each in folds), Block(image=images))
        yield Subsection("Training Efficiency", blocks)


def _rankings(page: Page) -> Iterator[Markdown]:
    paired = {comparison.metric for comparison in page.report.comparisons}
    wanted = [r for r in page.report.rankings if not is_quality(r.metric) and r.metric not in paired]
    return (line for line in (_ranked(ranking, page) for ranking in wanted) if line)


def _ranked(ranking: Ranking, page: Page) -> Markdown:
    """Return a row as "Throughput: 3B rank 64 (486) > 3B rank 4 (321)", the best first."""
    known = [name for name in ranking.order if name in ranking.values and name not in ranking.unfinished]
    if len(known) < 2:
        return Markdown("")
    name = metric_name(ranking.metric)
    unit = " in tokens/s per GPU" if ranking.metric.startswith("tokens_per_second") else ""
    first = "shortest first" if name.style is Style.SECONDS else "highest first"
    told = [md("{} ({})", n, page.digits.write(ranking.metric, ranking.values[n])) for n in known]
    return md("{}{}, {}: {}.", name.heading, Markdown(unit), first, listing(told, 6))


def _pairs(page: Page) -> tuple[list[Markdown], list[Markdown]]:
    """Return comparisons of time and throughput, and behind folds those that only say what time says."""
    order = [parameter.name for parameter in page.varying]
    pairs = [c for c in page.report.comparisons if not is_quality(c.metric) and c.parameter in order]
    times = [c for c in pairs if metric_name(c.metric).style is Style.SECONDS]
    told, folds = [], []
    for metric in dict.fromkeys(c.metric for c in pairs):
        every = sorted((c for c in pairs if c.metric == metric), key=lambda c: order.index(c.parameter))
        line = _bullet(metric, every, page)
        if metric in page.settings.metrics or every[0] in times or not agree(every, times, of_cost=True):
            told.append(line)
        elif not all(map(is_alike, every)):
            folds.append(agreeing(_labelled(metric), line, every, times))
    return told, folds


def _bullet(metric: str, every: Sequence[Comparison], page: Page) -> Markdown:
    own = [c for c in every if not is_alike(c)]
    by_parameter = [list(pairs) for _, pairs in groupby(own, key=lambda c: c.parameter)]
    in_line = [(together(pairs, page), pairs) for pairs in by_parameter]
    others = [c for told, pairs in in_line if not told for c in pairs]
    lines = [*(told for told, _ in in_line if told), *sentences(others, page)]
    if len(own) < len(every):
        left = _pairs_left(len(every) - len(own), len(every))
        lines.append(md("within 1 % of each other in {}.", left))
    return nested(text(_labelled(metric)), Markdown(""), lines)


def _labelled(metric: str) -> str:
    unit = " (tokens/s per GPU)" if metric.startswith("tokens_per_second") else ""
    return f"{metric_name(metric).heading}{unit}"


def _pairs_left(alike: int, every: int) -> str:
    return f"all {every} pairs" if alike == every and every > 1 else plural(alike, "pair")


def _sampled(page: Page) -> Iterator[Markdown]:
    """Yield what a monitor sampled of the GPUs: how busy they were, their power and their energy."""
    told = [part for part in (_spread("gpu_utilization_mean_percent", page), *_powers(page)) if part]
    if told:
        yield md("{}.", capital(joined(told, "; ")))


def _powers(page: Page) -> Iterator[Markdown]:
    yield _spread("gpu_power_mean_w", page)
    energies = _values("gpu_energy_wh", page)
    if energies:
        total = number(sum(value for value, _ in energies), 3)
        yield md("{} Wh in all, over {}", total, plural(len(energies), "experiment"))


def _spread(metric: str, page: Page) -> Markdown:
    """Return the greatest and least value of a metric, as "Mean GPU power: 350 W (a) to 120 W (b)"."""
    known = _values(metric, page)
    if not known:
        return Markdown("")
    unit = {"gpu_utilization_mean_percent": " %", "gpu_power_mean_w": " W"}[metric]
    ends = dict.fromkeys((max(known, key=lambda pair: pair[0]), min(known, key=lambda pair: pair[0])))
    told = [md("{}{} ({})", number(value, 3), Markdown(unit), name) for value, name in ends]
    return md("{}: {}", metric_name(metric).phrase, joined(told, " to "))


def _values(metric: str, page: Page) -> list[tuple[float, str]]:
    """Return a metric's values with their experiments' names."""
    facts = [(e.metrics[metric].value, e.name) for e in page.report.experiments if metric in e.metrics]
    return [(real(value), name) for value, name in facts if isinstance(value, int | float)]


def _costs(page: Page) -> Iterator[Markdown]:
    """Yield one line of hours, waits, memory and limits, as far as any is known."""
    costs = page.report.costs
    trained = frozenset(experiment.name for experiment in page.report.experiments if has_trained(experiment))
    told = [part for part in (_hours(costs), _waits(costs), *allocation.told(costs, trained)) if part]
    if told:
        yield md("**Cost:** {}", joined(told, " "))


def _hours(costs: tuple[Cost, ...]) -> Markdown:
    """Return the GPU hours of all experiments whose are known, or the CPU hours where no GPU was used."""
    gpu = [cost.gpu_hours for cost in costs if cost.gpu_hours is not None]
    if any(gpu):
        return md("{} GPU hours in all, over {}.", number(sum(gpu), 3), plural(len(gpu), "experiment"))
    cpu = [cost.cpu_hours for cost in costs if cost.cpu_hours is not None]
    if any(cpu):
        return md("{} CPU hours in all, over {}.", number(sum(cpu), 3), plural(len(cpu), "experiment"))
    return Markdown("")


def _waits(costs: tuple[Cost, ...]) -> Markdown:
    """Return the longest wait in the queue, where it was longer than a minute."""
    waited = [(c.waited_s, c.experiment) for c in costs if c.waited_s is not None]
    if not waited or max(waited)[0] < 60:
        return Markdown("")
    longest = max(waited)
    return md("The longest wait in the queue was {:duration} ({}).", longest[0], longest[1])
