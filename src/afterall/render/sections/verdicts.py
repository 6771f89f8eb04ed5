"""Say what comparisons by one measure have in common, with each of them in the same line or below it.

Invariant: a line that speaks for several comparisons holds both numbers of each; what weakens one of them
gives every one a sentence of its own.
"""

from collections.abc import Sequence

from afterall.model import ComparedAt, Comparison, Direction
from afterall.render.composing import joined, listing, md, plural
from afterall.render.escaping import Markdown
from afterall.render.page import Page
from afterall.render.sections.comparing import caveats_of, equal_settings, named, sentences, words, words_of

MOST_IN_LINE = 3
"""Comparisons that one line holds."""


def bullet(label: Markdown, comparisons: Sequence[Comparison], page: Page) -> Markdown:
    """Return a bullet of one measure: what its comparisons have in common, and each of them."""
    if in_line := together(comparisons, page):
        return md("**{}:** {}", label, in_line)
    return nested(label, summary(comparisons, page), sentences(comparisons, page))


def nested(label: Markdown, overall: Markdown, lines: Sequence[Markdown]) -> Markdown:
    """Return a bullet with one below it for each line; a line that stands alone goes on in the bullet."""
    if not overall and len(lines) == 1:
        return md("**{}:** {}", label, lines[0])
    head = md("**{}:** {}", label, overall) if overall else md("**{}:**", label)
    return joined([head, *lines], "\n  - ")


def together(comparisons: Sequence[Comparison], page: Page) -> Markdown:
    """Return a few comparisons of the same two settings that go one way without a caveat, in one line.

    That is "rank 64 was lower than rank 4 in 2 of 2 comparisons: 1B 4.3× lower (0.00036 vs 0.00154, step
    1,500); 3B …"; "" where they cannot be told so.
    """
    if not 1 < len(comparisons) <= MOST_IN_LINE:
        return Markdown("")
    sides, told = set(), []
    for c in comparisons:
        w, where = words(c, page), equal_settings(c, page)
        names = [page.setting(c.parameter, side.setting) for side in (w.subject, w.other)]
        is_plain = names == [named(c, side, page) for side in (w.subject, w.other)]
        if not (w.how_much and where and is_plain) or caveats_of(c, page):
            return Markdown("")
        sides.add((names[0], w.how_much.rpartition(" ")[2], names[1]))
        told.append(md("{} {} ({})", where, w.how_much, w.numbers))
    if len(sides) > 1:
        return Markdown("")
    ((subject, word, other),) = sides
    times = plural(len(comparisons), "comparison")
    head = md("{} was {} than {} in {} of {}", subject, Markdown(word), other, len(comparisons), times)
    return md("{}: {}", head, joined(told, "; "))


def summary(comparisons: Sequence[Comparison], page: Page) -> Markdown:
    """Return which of a parameter's two values had the better number how often; "" where it has others.

    Where nobody knows which is better, the lower one.
    """
    judged = [c for c in comparisons if c.compared_at is not ComparedAt.NEITHER and c.a.value != c.b.value]
    pairs = {(repr(c.a.setting), repr(c.b.setting)) for c in judged}
    if len(judged) < 2 or len(pairs) != 1:
        return Markdown("")
    first = judged[0]
    is_up = first.direction is Direction.UP
    won_a = sum((c.a.value > c.b.value) is is_up for c in judged)
    times = max(won_a, len(judged) - won_a)
    winner = first.a if won_a > len(judged) - won_a else first.b
    setting, number_of = page.setting(first.parameter, winner.setting), plural(len(judged), "comparison")
    depends = _depends(judged, page, is_a=winner is first.a)
    if times * 2 == len(judged):
        told = md(": {} was {}", setting, depends) if depends else Markdown("")
        return md("No consistent direction over {}{}.", number_of, told)
    ties = sum(bool(c.within_noise) for c in judged)
    tied = md(" ({} may be chance of the seeds)", ties) if ties else Markdown("")
    told = md(": {}", depends) if depends else Markdown("")
    word = words_of(first.metric)[is_up]
    return md("{} was {} in {} of {}{}{}.", setting, word, times, number_of, tied, told)


def _depends(judged: Sequence[Comparison], page: Page, *, is_a: bool) -> Markdown:
    """Return with which values of another parameter one side is lower or higher; "" where none tells.

    A parameter tells where each of its values goes one way throughout, no tie among them, and not all alike.
    """
    for name in judged[0].equal:
        if any(name not in c.equal or c.within_noise for c in judged):
            continue
        ways: dict[str, set[bool]] = {}
        for c in judged:
            is_lower = (c.a.value < c.b.value) is is_a
            ways.setdefault(page.setting(name, c.equal[name]), set()).add(is_lower)
        if all(len(way) == 1 for way in ways.values()) and len(set().union(*ways.values())) > 1:
            told = [
                md("{} with {}", word, listing([Markdown(v) for v in ways if ways[v] == {is_low}], 4))
                for word, is_low in zip(words_of(judged[0].metric), (True, False), strict=True)
            ]
            return joined(told)
    return Markdown("")
