"""Check what holds for any input: parsers are total, and order does not matter."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from afterall.model import Attempt, JobId, Observation, SlurmSource, SlurmState
from afterall.observe import (
    DOCUMENTED_COLUMNS,
    Dialect,
    Question,
    belonging,
    merge,
    over,
    parse_pyslurm,
    parse_recorded_sacct,
    parse_sacct,
    parse_scontrol,
    parse_squeue,
)
from afterall.observe.commands import clean_line
from afterall.observe.merging import Said
from afterall.observe.values import parse_duration, parse_epoch, parse_size, parse_state, parse_tres
from afterall.settings import SiteSettings
from observe.observe_slurm import NOW, SET, at, fixture, leg

PARSERS = {
    parse_sacct: fixture("sacct-22.05.8.txt"),
    parse_recorded_sacct: fixture("sacct-25.11.7.txt"),
    parse_scontrol: fixture("scontrol-25.11.7.txt"),
    parse_squeue: fixture("sacct-25.11.7.txt"),
    parse_pyslurm: fixture("pyslurm-25.11.7.json"),
}
Parser = Callable[[bytes], tuple[Attempt, ...]]
BITS = st.sampled_from(
    [
        b"\x1f",
        b"\n",
        b"7",
        b"7.0",
        b"=",
        b"JobId=7 ",
        b" JobState=",
        b"\xff",
        b"\x00",
        b"FAILED",
        b"{",
        b"9" * 30,
    ]
)
HOSTILE = st.binary(max_size=400) | st.lists(BITS, max_size=60).map(b"".join)

times = st.none() | st.integers(0, 7).map(lambda n: at(n * 100))
legs = st.builds(
    leg,
    st.sampled_from(["7", "8", "9"]),
    st.none() | st.sampled_from(list(SlurmState)),
    submit=times,
    end=times,
    cluster=st.sampled_from(["lab", ""]),
    source=st.sampled_from(list(SlurmSource)),
    reason=st.sampled_from(["", "JobHeldUser", "DependencyNeverSatisfied"]),
)
many = st.lists(legs, max_size=8)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@given(data=HOSTILE)
def test_parsers_are_total(parser: Parser, data: bytes) -> None:
    """Any bytes give attempts, never an exception."""
    assert all(isinstance(attempt, Attempt) for attempt in parser(data))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
@given(data=st.data())
def test_parsers_survive_damaged_recordings(parser: Parser, data: st.DataObject) -> None:
    """A real answer with a piece cut out or replaced gives attempts, never an exception."""
    whole = PARSERS[parser]  # type: ignore[index]  # the key's type is the parser's own
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 300)))
    assert parser(whole[:start] + data.draw(HOSTILE) + whole[end:]) is not None


@given(st.text())
def test_values_are_total(text: str) -> None:
    """Any text is a value or none."""
    for parse in (parse_epoch, parse_duration, parse_size, parse_state, parse_tres):
        parse(text)
    assert "\n" not in clean_line(text.encode("utf-8", "surrogatepass"))


@example([("a", "b", "c\n"), ("\n7", "", "\n7")])
@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]))] * 3), max_size=5))
def test_free_text_comes_back_whole(texts: list[tuple[str, str, str]]) -> None:
    """With a separator of one's own, whatever names, comments and submit lines hold comes back as it was."""
    separator = "\x1fa3f9\x1f"
    fixed = [["7", "7"], [""] * (len(DOCUMENTED_COLUMNS) - 5)]
    rows = [[*fixed[0], *fixed[1], *free] for free in texts if not any(separator in text for text in free)]
    data = "".join(separator.join(row) + "\n" for row in rows).encode()
    read = parse_sacct(data, Dialect(separator=separator))
    assert [[leg.name, leg.comment, leg.submit_line] for leg in read] == [row[-3:] for row in rows]


@given(many, many, st.randoms())
def test_merging_does_not_depend_on_order(
    accounting: list[Attempt], queue: list[Attempt], random: Random
) -> None:
    """Legs that are each said once by a source merge to the same list in whatever order they come."""
    once = {attempt.key: attempt for attempt in accounting}, {attempt.job_id: attempt for attempt in queue}
    said = [list(group.values()) for group in once]
    first = merge(Said(accounting=tuple(said[0]), queue=tuple(said[1])), NOW)
    for group in said:
        random.shuffle(group)
    assert merge(Said(accounting=tuple(said[0]), queue=tuple(said[1])), NOW) == first


@given(many, many)
def test_a_merge_has_each_leg_once_and_at_most_one_alive(
    accounting: list[Attempt], queue: list[Attempt]
) -> None:
    """No leg is told twice, and of one job on one cluster only the last leg lives."""
    merged = merge(Said(accounting=tuple(accounting), queue=tuple(queue)), NOW)
    keys = [attempt.key for attempt in merged]
    assert len(keys) == len(set(keys))
    alive = [(attempt.cluster, attempt.job_id) for attempt in merged if attempt.is_alive]
    assert len(alive) == len(set(alive))


@given(many, st.integers(0, 10**6), st.randoms())
def test_standing_does_not_depend_on_order(attempts: list[Attempt], later_s: int, random: Random) -> None:
    """Whether a set is over depends on its legs alone."""
    once = list({(attempt.cluster, attempt.job_id): attempt for attempt in attempts}.values())
    first = over(Observation(attempts=tuple(once)), SiteSettings(), at(later_s))
    random.shuffle(once)
    assert over(Observation(attempts=tuple(once)), SiteSettings(), at(later_s)) == first


@given(many, st.integers(0, 10**6))
def test_a_set_with_living_jobs_is_not_over(attempts: list[Attempt], later_s: int) -> None:
    """A set is over exactly when no job lives, may be requeued or may still be settled."""
    standing = over(Observation(attempts=tuple(attempts)), SiteSettings(), at(later_s))
    assert standing.is_over == (not standing.living and not standing.waiting_grace and not standing.unsettled)


@given(st.text(), st.text(), st.text())
def test_belonging_is_total(work_dir: str, submit_line: str, name: str) -> None:
    """Any strings of a job's are compared without an exception."""
    attempt = leg(work_dir=work_dir, submit_line=submit_line, name=name)
    assert len(belonging([attempt], Question(work_dir=SET, job_ids=(JobId("8"),)))) <= 1
