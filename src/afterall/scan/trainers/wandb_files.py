"""Read what Weights & Biases keeps beside a run's history: environment, packages, its own settings.

Format: in `wandb/[offline-]run-<time>-<id>/files/`: `wandb-metadata.json` until 0.19; `requirements.txt`,
lines of `name==version`; `config.yaml`, online, whose `_wandb.value` has `cli_version`, `python_version`
and, under HF's Trainer, `huggingface_version`; `output.log`, what the program printed on both streams from
`wandb.init` to `wandb.finish`, unless the console is not captured.
"""

import re
from collections.abc import Callable, Sequence
from typing import IO

from afterall.model import Entry, Fact
from afterall.scan.parameters.yaml_text import parse_yaml
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_json, whole_lines
from afterall.scan.trainers.trainer import TraceFiles, newest
from afterall.scan.trainers.wandb_environment import of_metadata
from afterall.scan.trainers.wandb_file import NAME

_PACKAGE = re.compile(r"([A-Za-z0-9][\w.-]{0,80})==(\S{1,60})")
_RUN_FILE = re.compile(r"(?:^|/)(?:offline-)?run-[^/]+/files/[^/]+")
_CONFIG = {"cli_version": "wandb", "python_version": "python", "huggingface_version": "transformers"}
_MOST_LINES = 20_000
_MOST_BYTES = 1 << 20


def read_metadata(file: IO[bytes], name: str) -> Trace | None:
    """Return the environment in a wandb-metadata.json; raise BadInput where it is damaged."""
    metadata = read_json(file, name)
    trace = _trace(name, of_metadata(metadata, name))
    slurm = metadata.get("slurm")
    job_id = slurm.get("job_id") if isinstance(slurm, dict) else None
    trace.job_id = job_id if isinstance(job_id, str) and job_id.isdecimal() else None
    return trace if trace.provenance else None


def read_requirements(file: IO[bytes], name: str) -> Trace | None:
    """Return the versions in a requirements.txt."""
    trace = _trace(name, {})
    for number, line in whole_lines(file, name):
        found = _PACKAGE.fullmatch(line.strip())
        if found is not None:
            trace.provenance |= version_of(found[1], found[2], trace.source(f"line {number}"))
        if number > _MOST_LINES:
            break
    return trace if trace.provenance else None


def read_config(file: IO[bytes], name: str) -> Trace | None:
    """Return the versions that wandb wrote into a config.yaml beside the user's own values."""
    # A last line without its end may be half a version.
    text = file.read(_MOST_BYTES).decode("utf-8", "replace").rpartition("\n")[0]
    values = parse_yaml(text, name).values
    trace = _trace(name, {})
    for key, library in _CONFIG.items():
        told = values.get(f"_wandb.value.{key}")
        if told is not None:
            trace.provenance |= version_of(library, str(told.value), told.source)
    return trace if trace.provenance else None


def _trace(name: str, provenance: dict[str, Fact]) -> Trace:
    return Trace(trainer=NAME, origin=Origin.SUMMARY, file=name, provenance=provenance, trains=False)


def _newest_called(name: str, most: int = 1) -> Callable[[Sequence[Entry]], Sequence[Entry]]:
    def choose(entries: Sequence[Entry]) -> Sequence[Entry]:
        return newest([e for e in entries if e.name == name and _RUN_FILE.search(e.path)], most)

    return choose


choose_output = _newest_called("output.log", most=3)
"""Choose what the last runs printed: the very last may have evaluated."""

ENVIRONMENT_FILES = (
    TraceFiles(choose=_newest_called("wandb-metadata.json"), read=read_metadata),
    TraceFiles(choose=_newest_called("requirements.txt"), read=read_requirements, may_be_empty=True),
    TraceFiles(choose=_newest_called("config.yaml"), read=read_config, may_be_empty=True),
)
