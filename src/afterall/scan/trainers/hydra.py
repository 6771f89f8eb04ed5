"""Read which Hydra started a run; what it swept is read with the other parameters, from overrides.yaml.

Format: `.hydra/hydra.yaml` holds `hydra.runtime.version` since 1.0. What the program itself printed stands
in `<job name>.log` beside `.hydra`, where the log of a sweep's one job holds all its runs'. Source:
hydra/core/utils.py, hydra/_internal/callbacks.py.
"""

import re
from collections.abc import Sequence
from typing import IO

from afterall.model import Entry, Source
from afterall.scan.parameters.decoding import parse_yaml_file
from afterall.scan.provenance import version_of
from afterall.scan.traces import Origin, Trace
from afterall.scan.trainers.line_files import read_bounded
from afterall.scan.trainers.trainer import TraceFiles, Trainer, newest

NAME = "hydra"
_FILE = re.compile(r"(?:^|/)\.hydra/hydra\.yaml$")
_VERSION = "hydra.runtime.version"
MOST_BYTES = 1 << 20


def read_hydra(file: IO[bytes], name: str) -> Trace | None:
    """Return Hydra's version; None where the file does not tell it."""
    told = parse_yaml_file(read_bounded(file, name, MOST_BYTES), name).values.get(_VERSION)
    version = version_of("hydra-core", str(told.value), Source(name, f"key {_VERSION}")) if told else {}
    if not version:
        return None
    return Trace(trainer=NAME, origin=Origin.RESULTS, file=name, provenance=version, trains=False)


def _choose(entries: Sequence[Entry]) -> Sequence[Entry]:
    return newest([entry for entry in entries if _FILE.search(entry.path)])


HYDRA = Trainer(name=NAME, files=(TraceFiles(choose=_choose, read=read_hydra),))
