"""What the report says of time, hours and memory is what the rows of sacct give."""

import re
from collections.abc import Callable

import pytest

from claims.claims_costs import used_by
from claims.claims_reading import Json, Told, finite_at
from claims.claims_report import is_finished, prints, section, subsections, tables, tokens
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]


def sentences(report: Told) -> str:
    """Return the subsection on efficiency."""
    return subsections(section(report.report, "Key Findings")).get("Training Efficiency", "")


@pytest.mark.parametrize("name", SETS)
def test_elapsed_times_are_accountings(name: str, told: ToldOf) -> None:
    """The attempt that counts took as long as its row says, and attempts stand with their own times."""
    for run in told(name).runs:
        rows = {row["JobIDRaw"]: row for row in told(name).jobs(run["name"])}
        for attempt in run["attempts"]:
            row = rows.get(attempt["job_id"])
            if row is not None and attempt["elapsed_s"] is not None:
                assert attempt["elapsed_s"] == int(row["ElapsedRaw"])
                assert attempt["slurm_state"] == row["State"]


@pytest.mark.parametrize("name", SETS)
def test_durations_are_those_of_the_attempts(name: str, told: ToldOf) -> None:
    """A cell has the job's clock, and in brackets the trainer's own; the span is that of finished runs."""
    told_ = section(told(name).report, "Training Results Summary")
    times = {run["name"]: (elapsed_of(run), finite_at(run, "train_seconds")) for run in told(name).runs}
    for row in (row for table in tables(told_) for row in table if "Duration (Training)" in row):
        job, _, own = row["Duration (Training)"].removesuffix(")").partition(" (")
        printed = [next(tokens(part.removesuffix(" so far")), None) for part in (job, own)]
        for time, token in zip(times[row["Experiment"]], printed, strict=True):
            assert (time is None) == (token is None), row
            assert time is None or token is None or token.is_of(time), row
    for row in (row for table in tables(told_) for row in table if "Training Time" in row):
        time = times[row["Experiment"]][1]
        assert [token.is_of(time or 0) for token in tokens(row["Training Time"])] == [True] * (
            time is not None
        )
    ended = {run["name"] for run in told(name).runs if is_finished(run)}
    known = {who: job for who, (job, _) in times.items() if who in ended and job is not None}
    for word, end in (("shortest", min), ("longest", max)):
        found = re.search(rf"{word} (?:took )?~?([^(]+) \((.+?)\)", told_)
        if found is not None:
            assert next(tokens(found[1])).is_of(end(known.values()))
            assert known[re.split(", | and ", found[2])[0]] == end(known.values())


def elapsed_of(run: Json) -> int | None:
    """Return how long the attempt that counts took."""
    elapsed: int | None = run["attempts"][-1]["elapsed_s"] if run["attempts"] else None
    return elapsed


@pytest.mark.parametrize("name", SETS)
def test_hours_are_sums_over_the_jobs(name: str, told: ToldOf) -> None:
    """GPU or CPU hours of all, and of attempts that did not bring training to its end."""
    used = used_by(told(name))
    text = sentences(told(name))
    found = re.search(r"\*\*Cost:\*\* (\S+) (GPU|CPU) hours in all, over (\d+) experiments?\.", text)
    assert (found is not None) == any(each.cpu_hours for each in used.values())
    if found is None:
        return
    gpu = found[2] == "GPU"
    assert int(found[3]) == sum(each.elapsed_s is not None for each in used.values())
    assert prints(found[1], sum(each.gpu_hours if gpu else each.cpu_hours for each in used.values()))
    lost = re.search(r" (\S+) of (\S+) (GPU|CPU) hours went into.*\((.*)\)", text)
    amounts = {n: each.lost_gpu_hours if gpu else each.lost_cpu_hours for n, each in used.items()}
    assert (lost is not None) == any(amounts.values())
    if lost is not None:
        assert prints(lost[1], sum(amounts.values()))
        assert lost[2] == found[1]
        names = [n for n in re.split(r", (?:and )?| and ", lost[4]) if n in amounts]
        assert all(amounts[n] for n in names)


@pytest.mark.parametrize("name", SETS)
def test_limits_and_peaks_are_accountings(name: str, told: ToldOf) -> None:
    """The most memory, the longest wait and the largest share of a limit are those of the named runs."""
    used, text = used_by(told(name)), sentences(told(name))
    memory = re.search(r"Host memory: at most (.+?) of (.+?) asked for \((\S+)\)", text)
    if memory is not None:
        own = used[memory[3]]
        assert own.rss == max(each.rss for each in used.values())
        assert next(tokens(memory[1])).is_of(own.rss)
        assert next(tokens(memory[2])).is_of(own.asked)
    limit = re.search(r"Time limit: (\S+) used most of it, (.+?) of (.+?) \((.+?)\)", text)
    if limit is not None:
        shares = {
            n: each.elapsed_s / each.limit_s for n, each in used.items() if each.elapsed_s and each.limit_s
        }
        assert shares[limit[1]] == max(shares.values())
        facts = (used[limit[1]].elapsed_s or 0, used[limit[1]].limit_s or 0, shares[limit[1]])
        assert all(next(tokens(part)).is_of(f) for part, f in zip(limit.groups()[1:], facts, strict=True))
    wait = re.search(r"longest wait in the queue was (.+?) \((\S+)\)", text)
    if wait is not None:
        assert used[wait[2]].waited_s == max(each.waited_s for each in used.values())
        assert next(tokens(wait[1])).is_of(used[wait[2]].waited_s)


@pytest.mark.parametrize("name", SETS)
def test_advice_on_memory_leaves_a_quarter(name: str, told: ToldOf) -> None:
    """What "would do" is a quarter more than was used, in whole 256 MiB, and less than any run asked for."""
    used = used_by(told(name))
    found = re.search(r"(\S+ GiB) would do \(`--mem=(\d+)M`\)", sentences(told(name)))
    if found is not None:
        most = max(each.rss for each in used.values())
        wanted = int(found[2]) << 20
        assert 1.25 * most <= wanted < 1.25 * most + (256 << 20)
        assert wanted < min(each.asked for each in used.values() if each.asked)
        assert next(tokens(found[1])).is_of(wanted)


@pytest.mark.parametrize("name", SETS)
def test_counts_of_the_set_are_counts_of_its_experiments(name: str, told: ToldOf) -> None:
    """`counts` and `status` follow from the experiments' states."""
    results = told(name).results
    states = [run["state"] for run in told(name).runs]
    assert results["set"]["counts"] == {state: states.count(state) for state in sorted(set(states))}
    if results["set"]["status"] == "complete":
        assert all(map(is_finished, told(name).runs))
