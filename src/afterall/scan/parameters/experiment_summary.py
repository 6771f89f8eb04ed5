"""Read what a set's plan says of one run: cruijff_kit's experiment_summary.yaml.

Invariant: total over any bytes; a run that the plan does not name by its own name has nothing of it. What was
planned is not what ran, so it stands behind every configuration of the run's own.

Format: `controls` {name: value} of all runs, `runs` [{"name", "model", "parameters" {name: value}}]. Source:
cruijff_kit docs/ARTIFACT_LOCATIONS.md and its design-experiment skill, 0.3.
"""

from collections.abc import Mapping
from functools import lru_cache

from afterall.model import Fact
from afterall.scan.parameters.flat import flatten
from afterall.scan.parameters.yaml_text import decode_yaml

FILE_NAME = "experiment_summary.yaml"
MOST_RUNS = 5000


def planned(data: bytes, file: str, run: str) -> dict[str, Fact]:
    """Return the parameters that a plan gives the run of this name."""
    controls, runs = _parts(data)
    found = runs.get(run)
    if found is None:
        return {}
    index, own = found
    model = {"model": own["model"]} if isinstance(own.get("model"), str) else {}
    told = {**flatten(controls, file, "controls").values, **flatten(model, file, f"runs[{index}]").values}
    return {**told, **flatten(own.get("parameters"), file, f"runs[{index}].parameters").values}


@lru_cache(maxsize=2)
def _parts(data: bytes) -> tuple[Mapping[str, object], Mapping[str, tuple[int, Mapping[str, object]]]]:
    """Return the controls and the runs by name, the first of a name; one plan serves many runs."""
    tree, _ = decode_yaml(data.decode("utf-8", "replace"))
    held = tree if isinstance(tree, dict) else {}
    controls, runs = held.get("controls"), held.get("runs")
    named: dict[str, tuple[int, Mapping[str, object]]] = {}
    for index, run in enumerate(runs[:MOST_RUNS] if isinstance(runs, list) else []):
        name = run.get("name") if isinstance(run, dict) else None
        if isinstance(run, dict) and isinstance(name, str):
            named.setdefault(name, (index, run))
    return (controls if isinstance(controls, dict) else {}), named
