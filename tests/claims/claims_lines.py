"""Check what findings say of single lines of a log: the line stands there, and what is told stands in it."""

import re
from pathlib import Path

from claims.claims_checking import Checker, Facts
from claims.claims_reading import Json, Told, lines_of

_HOLES = "*"
"""Counted as one line: those that differ in their digits alone."""


def line(told: Told, finding: Json) -> Facts:
    """Return the evidence that the log's line holds word by word, and how often the line is there."""
    path = told.set_dir / finding["sources"][0]["file"]
    lines = lines_of(path)
    place = number_of_line(finding["sources"][0]["where"])
    here = lines[place - 1]
    assert finding["quote"] in here.replace("\r", "") or here.strip() in finding["quote"]
    stated = {key: value for key, value in finding["evidence"].items() if _is_told(key, value, here, lines)}
    alike = sum(_masked(each) == _masked(here) for each in lines)
    return {**stated, "count": alike}


def number_of_line(where: str) -> int:
    """Return the number in "line 120"."""
    found = re.match(r"line (\d+)", where)
    assert found is not None
    return int(found[1])


def _masked(line: str) -> str:
    return re.sub(r"\d+", _HOLES, line)


def _is_told(key: str, value: object, here: str, lines: list[str]) -> bool:
    """Tell whether a piece of evidence is in the line, or, of a traceback, in the lines above."""
    text = str(value)
    if key == "frame":
        file, _, number = text.rpartition(":")
        return any(Path(file).name in each and f"line {number}," in each for each in lines)
    if isinstance(value, int):
        return re.search(rf"(?<!\d){value}(?!\d)", here) is not None
    if text in here:
        return True
    return all(part in here for part in re.split(r"[, ]+", text))


def quotes_of(told: Told) -> list[tuple[Json, Path, int]]:
    """Return each finding that quotes a line of a text file, with the file and the line's number."""
    return [
        (finding, told.set_dir / source["file"], number_of_line(source["where"]))
        for finding in told.findings
        for source in finding["sources"][:1]
        if finding["quote"] and source["where"].startswith("line ")
    ]


CODES = (
    "line_time_limit",
    "line_preempted",
    "line_cancelled",
    "line_node_failure",
    "line_host_out_of_memory",
    "line_killed",
    "line_cuda_out_of_memory",
    "line_gpu_error",
    "line_nccl",
    "line_disk_full",
    "line_file_system",
    "line_file_damaged",
    "line_diverged",
    "line_hub_access",
    "line_module_missing",
    "line_file_missing",
    "line_traceback",
    "line_copy_failed",
    "line_wandb",
    "line_task_exited",
    "line_step_refused",
)
CHECKERS: dict[str, Checker] = dict.fromkeys(CODES, line)
