"""Read the logs that inspect-ai writes with `--log-format json`: one document, its samples within.

Invariant: a document of that name which holds no evaluation is another program's and says nothing.

Format: the header's fields at the top, and `samples`. Source: inspect_ai
src/inspect_ai/log/_recorders/json.py.
"""

import re
from collections.abc import Mapping
from typing import IO

from afterall.model import Evaluation, Source
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.inspect_ai import evaluation_in
from afterall.scan.evaluations.targets import said

FILE_NAME = re.compile(r"(?:^|/)\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\+|-)\d\d-\d\d_[^/]{1,300}\.json$", re.ASCII)


def read_inspect_json(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return the one evaluation in a document; raise BadInput where it is cut or damaged.

    `home` is as `checkpoint_of` takes it.
    """
    document = read_document(file, name)
    if _described(document) is None:
        return ()
    return (evaluation_in(document, Source(name, "key eval"), home),)


def read_inspect_json_target(file: IO[bytes], name: str) -> tuple[str, ...]:
    """Return what a document says of the model it evaluated."""
    return tuple(said(_described(read_document(file, name)) or {}))


def _described(document: Mapping[str, object]) -> Mapping[str, object] | None:
    evaluation = document.get("eval")
    return evaluation if isinstance(evaluation, dict) and isinstance(document.get("status"), str) else None
