"""Compute anew who was slower than its equals, from what each run took and where sacct says that it ran.

The sets here have nodes of plain names, and runs that differ in rank and seed alone.
"""

from statistics import median

from claims.claims_checking import Checker, Facts, known
from claims.claims_reading import Json, Told, number_at

RATE = "tokens_per_second_per_gpu_median"


def straggler(told: Told, finding: Json) -> Facts:
    """Return the run's number against its equals', by how much longer it took, and who else ran there."""
    measure: str = finding["evidence"]["measure"]
    times = {run["name"]: time for run in equals(told, finding["experiment"]) if (time := of(run, measure))}
    fast = fastest(sorted(times.values()))
    own, equal = times[finding["experiment"]], {who: time for who, time in times.items() if time in fast}
    assert own not in fast
    unit = "" if measure == RATE else "_s"
    return known(
        {
            "measure": measure,
            f"value{unit}": said(measure, own),
            f"usual{unit}": median(said(measure, time) for time in equal.values()),
            f"slowest{unit}": said(measure, max(fast)),
            "longer": own / median(fast) - 1,
            "equals": len(fast),
            **place(told, finding["experiment"], set(times) - set(equal), set(equal)),
        }
    )


def said(measure: str, time: float) -> float:
    """Return what is stated of a time: a rate is its inverse."""
    return 1 / time if measure == RATE else time


def equals(told: Told, name: str) -> list[Json]:
    """Return the runs of the same rank."""
    rank = told.run(name)["parameters"]["lora_rank"]
    return [run for run in told.runs if run["parameters"].get("lora_rank") == rank]


def of(run: Json, measure: str) -> float | None:
    """Return what a run took for its work."""
    value = number_at(run, measure)
    return 1 / value if value and measure == RATE else value


def fastest(times: list[float]) -> list[float]:
    """Return the times before the first gap of 15 %, and of three times what lies before it."""
    for many in range(3, len(times)):
        fast, gap = times[:many], times[many] - times[many - 1]
        if many >= 2 * (len(times) - many) and gap > max(0.15 * fast[-1], 3 * (fast[-1] - fast[0])):
            return fast
    return times


def place(told: Told, name: str, slow: set[str], equal: set[str]) -> Facts:
    """Return the node that slow runs share alone, or the run's own and how many equals ran there."""
    nodes = {who: told.jobs(who)[0]["NodeList"] for who in slow | equal}
    common = {nodes[who] for who in slow}
    if len(slow) > 1 and len(common) == 1 and not common & {nodes[who] for who in equal}:
        return {"shared_node": nodes[name], "slow_runs": len(slow)}
    there = sum(nodes[who] == nodes[name] for who in equal)
    return {"nodes": nodes[name], "equals_there": there or None, "none_there": None if there else True}


CHECKERS: dict[str, Checker] = {"straggler": straggler}
