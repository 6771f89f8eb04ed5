"""Read results of lm-evaluation-harness or lighteval from a file that a user named: `--output_path arc.json`.

Invariant: of a file that does not begin as the harness's results only the beginning is read, and it says
nothing, sound or damaged; nor does a document without the tasks' versions, which both programs always write.

Format: `results` comes first, before `versions` and `config`. Source: lm_eval/__main__.py, 0.3.0 to 0.4.9.
"""

import re
from typing import IO

from afterall.model import Evaluation
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.harness import evaluations_in

_ABOUT = r"results?|evals?|evaluations?|eval_results?|lm_?eval|(?:lm_?eval_?)?harness|benchmarks?|scores?"
FILE_NAME = re.compile(
    rf"(?:^|/)(?!(?:train|eval|all)_results\.json$)(?:(?:[^/]*[_.-])?(?:{_ABOUT})(?:[_.-][^/]*)?"
    rf"|(?:{_ABOUT})/(?:[^/]*/)?[^/]*)\.json$",
    re.IGNORECASE,
)
"""Names that tell of evaluations, and whatever lies in a directory of such a name or in one below it."""
MOST_FILES = 64
"""How many files of such names are looked at: many programs keep thousands."""
_BEGINS = re.compile(rb'\s{0,100}\{\s{0,100}"(?:results|config_general)"\s{0,100}:\s{0,100}\{')
_BEGINNING = 512


def read_named_results(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return an evaluation a task; none for another program's file.

    `home` is as `checkpoint_of` takes it. Raises BadInput where a file of the harness is damaged.
    """
    if _BEGINS.match(file.read(_BEGINNING)) is None:
        return ()
    file.seek(0)
    document = read_document(file, name)
    return evaluations_in(document, name, home) if "versions" in document else ()
