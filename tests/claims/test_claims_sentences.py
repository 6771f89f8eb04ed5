"""No sentence states a number that no fact carries: each one is found again in what it rests on.

Numbers in tables are compared cell by cell elsewhere; those in code and in links are no statements.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from statistics import fmean, stdev

import pytest

from claims.claims_comparing import all_compared, ends_of
from claims.claims_costs import used_by
from claims.claims_reading import Json, Told
from claims.claims_report import finished, numbers_in, prose, section, subsections, tokens, without_names
from claims.claims_scores import chances_beside_the_last
from claims.claims_seeds import hedges, holm, welch
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]

NO_STATEMENTS = (
    (r"\d+ more", "what a list leaves out is counted against the runs below"),
    (r"at 95 %", "the level of every interval"),
    (r"within 1 %", "the bound of what counts as the same cost"),
    (r"safetensors 0\\?\.8\\?\.0", "a release's name"),
    (r"mode 0600, whatever", "what that release does"),
    (r"signal 9\b", "Slurm's kill"),
    (r"learning rate is not 0", "advice"),
    (r"before 1\.6", "a release's number"),
    (r"first 10 of|at most 10\)", "the bound of a long set's table"),
    (r"fp16|bf16", "names of number formats"),
    (r"or 128 more", "what sacct subtracts from a code"),
    (r"NaN or infinite loss, no run of 0 steps", "what was looked for"),
    (r"has 0 bytes", "an empty file's size"),
    (r"no step of 0", "a run that was to do nothing"),
    (r"\b\d+\\?\.\d+\\?\.\d+\S*", "versions of programs"),
    (r"exit code \S+:\d+", "compared by itself below"),
    (r"step \d+\.(?:\d+|batch)", "a step's id"),
    (r"\d{4}-\d\d-\d\d(?:T| )\d\d:\d\d:\d\d", "times"),
    (
        r"task \d+(?:-\d+)? on|local rank \d+|workers? [\d, ]+|port \d+|job [\d, ]+",
        "ids, held by the line's test",
    ),
    (r"HTTP \d+", "held by the line's test"),
)
"""Numbers that state nothing of a run, and why."""


def numbers_of(line: str, report: Told, facts: list[float]) -> list[str]:
    """Return the numbers of a line that no fact prints as."""
    line = without_names(line, report)
    for pattern, _ in NO_STATEMENTS:
        line = re.sub(pattern, "…", line)
    return [token.text for token in tokens(line) if not any(map(token.is_of, facts))]


def named_in(line: str, report: Told) -> list[str]:
    """Return the runs that a line names in bold; all of them where it names none, or not every one."""
    bold = " ".join(re.findall(r"\*\*(.+?)\*\*", line))
    names = [
        run["name"] for run in report.runs if re.search(rf"(?<![\w-]){re.escape(run['name'])}(?![\w-])", bold)
    ]
    return names if names and " more" not in bold else [run["name"] for run in report.runs]


def evidence_of(line: str, report: Told) -> Iterator[float]:
    """Yield the numbers of the findings on the runs that a line names, and on the set."""
    names = named_in(line, report)
    for finding in report.findings:
        if finding["experiment"] is None or finding["experiment"] in names:
            yield from numbers_in(finding["evidence"])


@pytest.mark.parametrize("name", SETS)
def test_issues_state_what_findings_carry(name: str, told: ToldOf) -> None:
    """Each number of an issue or note is evidence of a finding on its runs, or the place of a line."""
    places = [*places_of(told(name)), float(len(told(name).runs))]
    wrong: dict[str, list[str]] = {}
    for line in prose(section(told(name).report, "Issues and Notes")):
        left = numbers_of(line, told(name), [*evidence_of(line, told(name)), *places])
        wrong |= {line: left} if left else {}
    assert wrong == {}


def places_of(report: Told) -> Iterator[float]:
    """Yield the numbers of the lines that findings name, and how many findings of each code there are."""
    for finding in report.findings:
        yield from (each for source in finding["sources"] for each in numbers_in(source["where"]))
    for _, alike in itertools.groupby(sorted(finding["code"] for finding in report.findings)):
        yield float(len(list(alike)))


@pytest.mark.parametrize("name", SETS)
def test_anomalies_state_what_findings_carry(name: str, told: ToldOf) -> None:
    """The anomalies are sentences of findings; runs with numbers are counted, gaps are the runs'."""
    body = subsections(section(told(name).report, "Key Findings")).get("Anomalies", "")
    counted = [
        run for run in told(name).runs if "final_loss" in run["metrics"] or "final_val_loss" in run["metrics"]
    ]
    for line in prose(body):
        found = re.match(r"None in (\d+) runs? with numbers", line)
        if found:
            assert int(found[1]) == len(counted)
        elif line.startswith("Gap, "):
            assert numbers_of(line, told(name), list(gaps(told(name)))) == [], line
        else:
            assert numbers_of(line, told(name), list(evidence_of(line, told(name)))) == [], line


@pytest.mark.parametrize("name", SETS)
def test_suggestions_state_their_details(name: str, told: ToldOf) -> None:
    """Each number of a suggestion is one of its details, or counts its experiments."""
    facts = [float(len(told(name).runs))]
    for step in told(name).results["next_steps"]:
        details = dict(step["details"])
        facts += [*numbers_in(details), float(len(step["experiments"]))]
        facts += [mib * 2.0**20 for key, mib in details.items() if key.endswith("_mib")]
        listed = (str(details.get(key, "0")) for key in ("values", "tried", "measured"))
        facts += [float(value) for each in listed for value in each.split(", ")]
    for line in prose(section(told(name).report, "Next Steps")):
        assert numbers_of(line, told(name), facts) == [], line


@pytest.mark.parametrize("name", SETS)
def test_key_findings_state_what_runs_carry(name: str, told: ToldOf) -> None:
    """Each number of a comparison, ranking or cost is a run's, or derived from runs' as listed here."""
    report = told(name)
    facts = [
        *measured(report),
        *derived(report),
        *costs(report),
        *gaps(report),
        *numbers_in([f["evidence"] for f in report.findings]),
    ]
    wrong: dict[str, list[str]] = {}
    for heading, body in subsections(section(report.report, "Key Findings")).items():
        for line in prose(body) if heading != "Anomalies" else []:
            left = numbers_of(line, report, facts)
            wrong |= {line: left} if left else {}
    assert wrong == {}


@pytest.mark.parametrize("name", SETS)
def test_results_state_what_runs_carry(name: str, told: ToldOf) -> None:
    """Each number below the results table is a run's."""
    facts = [*measured(told(name)), *costs(told(name)), float(len(told(name).runs))]
    facts += [
        a["elapsed_s"] for run in told(name).runs for a in run["attempts"] if a["elapsed_s"] is not None
    ]
    for run in told(name).runs:
        times = [a["elapsed_s"] for a in run["attempts"] if a["elapsed_s"]]
        facts += [float(sum(times)), float(len(times))] if len(times) > 1 else []
    for line in prose(section(told(name).report, "Training Results Summary")):
        assert numbers_of(line, told(name), facts) == [], line


@pytest.mark.parametrize("name", SETS)
def test_the_headline_states_what_runs_carry(name: str, told: ToldOf) -> None:
    """Result, status and variants state numbers of runs, parameters, counts, or derived from them."""
    report = told(name)
    head = report.report.partition("## Overview")[0]
    codes = [finding["code"] for finding in report.findings]
    facts = [*measured(report), *derived(report), *(float(codes.count(code)) for code in {*codes})]
    facts += [
        *numbers_in([run["parameters"] for run in report.runs]),
        *map(float, report.results["set"]["counts"].values()),
    ]
    finished = sum(bool(run["training_completed"]) for run in report.runs)
    facts += [
        float(len(report.runs)),
        float(finished),
        *map(float, seeds_of(report)),
        float(len(seeds_of(report))),
    ]
    for line in head.splitlines():
        if line.startswith(("**Result", "**Status", "**Variants")):
            assert numbers_of(line, report, facts) == [], line


def seeds_of(report: Told) -> set[int]:
    """Return the seeds that runs say they used."""
    return {run["parameters"]["seed"] for run in report.runs if "seed" in run["parameters"]}


@pytest.mark.parametrize("name", SETS)
def test_figures_are_described_by_what_runs_carry(name: str, told: ToldOf) -> None:
    """The words that stand for a figure state ends of curves, metrics, their means, and hours in minutes."""
    report = told(name)
    ends = [v for curve in report.curves.values() for _, v in (curve[0], curve[-1], *finite_ends(curve))]
    used = used_by(report).values()
    times = [h * n for each in used for h in (each.gpu_hours, each.cpu_hours) for n in (1, 60)]
    times += [each.elapsed_s / n for each in used if each.elapsed_s for n in (60, 3600)]
    facts = [*ends, *measured(report), *derived(report), *times, *counts(report)]
    facts += list(numbers_in([run["parameters"] for run in report.runs]))
    for alt in re.findall(r"^!\[(.*)\]\(", report.report, flags=re.MULTILINE):
        assert numbers_of(alt, report, facts) == [], alt


def finite_ends(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return the first and the last finite point of a curve."""
    finite = [(step, value) for step, value in curve if value - value == 0]
    return finite[:1] + finite[-1:]


def counts(report: Told) -> Iterator[float]:
    """Yield how many runs there are, and how many have each curve or metric."""
    yield float(len(report.runs))
    for metric in {metric for _, metric in report.curves}:
        yield float(sum(name == metric for _, name in report.curves))
    for metric in {metric for run in report.runs for metric in run["metrics"]}:
        yield float(sum(metric in run["metrics"] for run in report.runs))


def measured(report: Told) -> Iterator[float]:
    """Yield what runs measured: metrics, scores with their errors, and steps of checkpoints."""
    for run in report.runs:
        yield from numbers_in([each["value"] for each in run["metrics"].values()])
        yield from numbers_in([evaluation["metrics"] for evaluation in run["evaluations"]])
        yield from (
            step for (who, _), curve in report.curves.items() if who == run["name"] for step, _ in curve[-1:]
        )
        yield from numbers_in(
            [run["parameters"].get(key) for key in ("lora_rank", "learning_rate", "epochs", "seed")]
        )


def derived(report: Told) -> Iterator[float]:
    """Yield what follows from pairs: means, deviations, ratios, shares, p-values, intervals, counts."""
    pairs = [pair for _, pair in all_compared(report)]
    yield from counts(report)
    yield from means_of_ranks(report)
    for step in report.results["next_steps"]:
        if step["kind"] == "earlier_checkpoint" and "metric" in step["details"]:
            task, _, metric = step["details"]["metric"].partition("/")
            chances = chances_beside_the_last(report, task, metric)
            yield from (*chances, float(len(chances)))
    for pair in pairs:
        first, second = fmean(pair.first.values), fmean(pair.second.values)
        low, high = sorted((first, second))
        yield from (first, second, high / low, abs(first - second), abs(first - second) / second)
        yield from (stdev(s.values) for s in (pair.first, pair.second) if s.n > 1)
        yield from (float(s.n) for s in (pair.first, pair.second))
    for metric in {pair.metric for pair in pairs}:
        own = [pair for pair in pairs if pair.metric == metric]
        yield float(len(own))
        yield from map(float, range(len(own)))
        repeated = [(p.first.values, p.second.values) for p in own if p.first.n > 1 and p.second.n > 1]
        yield from holm([welch(*each)[0] for each in repeated])
        yield from (number for each in repeated for number in (welch(*each)[1], hedges(*each)))


def means_of_ranks(report: Told) -> Iterator[float]:
    """Yield the mean and the deviation of each metric over the finished runs of one rank."""
    ranks = {run["name"]: run["parameters"].get("lora_rank") for run in report.runs}
    for metric in {metric for run in report.runs for metric in run["metrics"]}:
        values = finished(report, metric)
        for rank in set(ranks.values()):
            own = [value for name, value in values.items() if ranks[name] == rank]
            yield from (fmean(own), stdev(own)) if len(own) > 1 else ()


def gaps(report: Told) -> Iterator[float]:
    """Yield validation less training loss of each run that has both."""
    for who in {who for who, metric in report.curves if metric == "val_loss"}:
        if (who, "loss") in report.curves:
            _, validation, train = ends_of(report, who)
            yield validation - train


def costs(report: Told) -> Iterator[float]:
    """Yield what jobs cost: hours, memory, times, waits, shares, and how many there are."""
    used = list(used_by(report).values())
    yield from (sum(each.gpu_hours for each in used), sum(each.cpu_hours for each in used))
    yield from (sum(each.lost_gpu_hours for each in used), sum(each.lost_cpu_hours for each in used))
    yield float(sum(each.elapsed_s is not None for each in used))
    yield float(sum(each.lost_cpu_hours > 0 for each in used))
    for each in used:
        yield from (each.rss, each.asked, each.waited_s, each.elapsed_s or 0, each.limit_s or 0)
        yield (each.elapsed_s or 0) / (each.limit_s or 1)
        yield -(-int(1.25 * each.rss) // (1 << 28)) * (1 << 28)


@pytest.mark.parametrize("name", SETS)
def test_exit_codes_are_those_of_the_findings(name: str, told: ToldOf) -> None:
    """Where a sentence names exit code and signal, a finding on its runs has them."""
    for line in prose(section(told(name).report, "Issues and Notes")):
        for code, signal in re.findall(r"exit code (\d+):(\d+)", line):
            own = [
                f["evidence"] for f in told(name).findings if f["experiment"] in named_in(line, told(name))
            ]
            assert any((e.get("exit_code"), e.get("signal")) == (int(code), int(signal)) for e in own), line


@pytest.mark.parametrize("name", SETS)
def test_each_message_states_its_own_evidence(name: str, told: ToldOf) -> None:
    """In RESULTS.json a finding's sentence states no number that is not its own evidence."""
    wrong: dict[str, list[str]] = {}
    for finding in told(name).findings:
        left = [*numbers_of(of_message(finding), told(name), list(numbers_in(finding["evidence"])))]
        wrong |= {finding["message"]: left} if left else {}
    assert wrong == {}


def of_message(finding: Json) -> str:
    """Return a finding's sentence without the paths and quoted words in it."""
    told: str = finding["message"]
    words = [
        finding["subject"] if "/" in finding["subject"] else "",
        *(v for v in finding["evidence"].values() if isinstance(v, str) and "/" in v),
    ]
    for word in sorted(filter(None, words), key=len, reverse=True):
        told = told.replace(word, "…")
    return told
