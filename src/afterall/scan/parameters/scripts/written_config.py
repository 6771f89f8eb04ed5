"""Find the configuration that a batch script writes for its run: `cat > config.yaml <<EOF … EOF`.

Invariant: only the one document counts that is written to the file which the training command names; of
several for one file, as in branches, none. A line that holds an unknown variable is left out.
"""

import re
from collections.abc import Iterator

from afterall.model import Fact
from afterall.scan.parameters.scripts.commands import MOST_BYTES, commands
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.here_documents import lines_of
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.yaml_text import parse_yaml

_TARGET = re.compile(r"(?<![>\d&])>\s{0,9}[\"']?([^\s\"'<>|&;]{1,300}\.ya?ml)\b")


def written_config(script: str, file: str, named: str, given: Given) -> dict[str, Fact]:
    """Return the values of the configuration `named` by the training command that the script itself writes.

    Variables are put in as they are at the script's end.
    """
    if "<<" not in script or not named:
        return {}
    known = Variables(given)
    for _ in commands(script, known):
        pass
    name = named.rpartition("/")[2]
    found = [text for target, text in _written(script[:MOST_BYTES], known) if target == name]
    return parse_yaml(found[0], file).values if len(found) == 1 else {}


def _written(script: str, variables: Variables) -> Iterator[tuple[str, str]]:
    """Yield the name of each file that is written and its text, variables put in as far as known."""
    for line, document in lines_of(script):
        target = _TARGET.search(line) if document is not None else None
        if document is None or target is None:
            continue
        body = document.lines
        if not document.is_literal:
            body = [told for each in body if "$" not in (told := variables.expand(each))]
        yield variables.expand(target[1]).rpartition("/")[2], "\n".join(body)
