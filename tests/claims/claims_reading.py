"""Read a written report and the files it was made from, with nothing of the program's own.

Invariant: what the checks compare with comes from RESULTS.json, the tables beside it, the set's files and the
accounting text, each read here anew.
"""

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

Json = dict[str, Any]
Curve = list[tuple[int, float]]
"""Steps and values, in the order of the steps."""

COLUMNS = (
    "JobIDRaw", "JobID", "Cluster", "User", "UID", "State", "ExitCode", "DerivedExitCode", "Submit",
    "Eligible", "Start", "End", "ElapsedRaw", "TimelimitRaw", "NNodes", "NCPUS", "AllocTRES",
    "ReqTRES", "MaxRSS", "TRESUsageInMax", "Reason", "NodeList", "WorkDir", "JobName", "Comment",
    "SubmitLine",
)  # fmt: skip
"""Of the documented sacct command: docs/reference/recorded-accounting.md."""

_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


class Told(Struct, frozen=True):
    """A report as it was written, and what it was made from."""

    set_dir: Path
    results: Json
    report: str
    curves: dict[tuple[str, str], Curve]
    """By experiment and metric."""
    accounting: tuple[dict[str, str], ...]
    """The rows of sacct, by column, in their order."""

    @property
    def findings(self) -> list[Json]:
        """All findings."""
        found: list[Json] = self.results["findings"]
        return found

    @property
    def runs(self) -> list[Json]:
        """All experiments."""
        experiments: list[Json] = self.results["experiments"]
        return experiments

    def subject(self, finding: Json) -> Path:
        """Return the file or directory that a finding is about."""
        place: str = finding["subject"]
        return self.set_dir / place

    def run(self, name: str) -> Json:
        """Return one experiment."""
        return next(run for run in self.runs if run["name"] == name)

    def curve(self, name: str, metric: str) -> Curve:
        """Return a curve's finite points."""
        return [(s, v) for s, v in self.curves.get((name, metric), []) if math.isfinite(v)]

    def jobs(self, name: str) -> list[dict[str, str]]:
        """Return the rows of an experiment's jobs, by the ids and times that its attempts have."""
        ids = {attempt["job_id"] for attempt in self.run(name)["attempts"]}
        return [row for row in self.accounting if row["JobIDRaw"] in ids]

    def steps(self, job_id: str) -> list[dict[str, str]]:
        """Return the rows of a job's steps."""
        return [row for row in self.accounting if row["JobIDRaw"].startswith(f"{job_id}.")]


def read_told(set_dir: Path, accounting: Path | None) -> Told:
    """Return what a report of a set says, and what it rests on."""
    results = json.loads((set_dir / "RESULTS.json").read_text("utf-8"))
    report = (set_dir / "RESULTS.md").read_text("utf-8")
    rows = () if accounting is None else tuple(_rows(accounting.read_text("utf-8")))
    return Told(set_dir, results, report, _curves(set_dir / "RESULTS_files" / "curves.csv"), rows)


def number_at(run: Json, metric: str) -> float | None:
    """Return a metric's value, NaN and infinities too; None where the run has none."""
    measured = run["metrics"].get(metric)
    return None if measured is None or measured["value"] is None else float(measured["value"])


def finite_at(run: Json, metric: str) -> float | None:
    """Return a metric's value where it is finite."""
    value = number_at(run, metric)
    return value if value is not None and math.isfinite(value) else None


def lines_of(path: Path) -> list[str]:
    """Return a text file's lines as an editor counts them."""
    return path.read_bytes().decode("utf-8", "replace").split("\n")


def in_bytes(tres: str, what: str = "mem") -> int | None:
    """Return an amount of memory out of TRES, as "cpu=4,mem=900M,node=1" has it."""
    found = re.search(rf"(?:^|,){what}=([0-9.]+)([KMGT]?)", tres)
    return None if found is None else int(float(found[1]) * _UNITS[found[2]])


def _rows(text: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        yield dict(zip(COLUMNS, line.split("\x1f"), strict=True))


def _curves(path: Path) -> dict[tuple[str, str], Curve]:
    curves: dict[tuple[str, str], Curve] = {}
    if not path.exists():
        return curves
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            points = curves.setdefault((row["experiment"], row["metric"]), [])
            points.append((int(row["step"]), float(row["value"])))
    return curves
