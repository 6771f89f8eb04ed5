"""Find the configuration that a batch script writes for its run: `cat > config.yaml <<EOF … EOF`.

Invariant: only the one document counts that is written to the file which the training command names; of
several for one file, as in branches, none. A line that holds an unknown variable is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from afterall.model import Fact
from afterall.scan.parameters.scripts.commands import MOST_BYTES, commands
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.here_documents import Document, lines_of
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.yaml_text import parse_yaml

_TARGET = re.compile(r"(?<![>\d&])>\s{0,9}[\"']?([^\s\"'<>|&;]{1,300})")


def written_config(script: str, file: str, named: str, given: Given) -> dict[str, Fact]:
    """Return the values of the configuration `named` by the training command that the script itself writes.

    Variables are put in as they are where it is written; of several times, as in a loop, none counts where
    the texts differ.
    """
    if "<<" not in script or not named.endswith((".yaml", ".yml")):
        return {}
    known = _Writing(given, named.rpartition("/")[2], list(_documents(script[:MOST_BYTES])))
    for _ in commands(script, known):
        pass
    texts = known.texts.pop() if len(known.texts) == 1 else ()
    return parse_yaml(texts[0], file).values if len(texts) == 1 and not known.budget.is_spent else {}


class _Writing(Variables):
    """The variables of a script, and what it writes to files of one name."""

    def __init__(self, given: Given, name: str, documents: Sequence[tuple[str, Document]]) -> None:
        super().__init__(given)
        self.texts: set[tuple[str, ...]] = set()
        """The documents that there are for the file, each time that it is written."""
        self._name = name
        self._documents = documents

    def note_written(self, file: str) -> None:
        """Put in what is known when the file is written."""
        super().note_written(file)
        if file.rpartition("/")[2] == self._name and len(self.texts) < 2:
            self.texts.add(tuple(_written(self._documents, self._name, self)))


def _documents(script: str) -> Iterator[tuple[str, Document]]:
    """Yield each document that is written to a file, with the file's name as it stands there."""
    for line, document in lines_of(script):
        target = _TARGET.search(line) if document is not None else None
        if document is not None and target is not None:
            yield target[1], document


def _written(documents: Iterable[tuple[str, Document]], name: str, variables: Variables) -> list[str]:
    """Return the texts that are written to a file of that name, variables put in as far as known."""
    found = []
    for target, document in documents:
        if variables.expand(target).rpartition("/")[2] != name:
            continue
        body = document.lines
        if not document.is_literal:
            body = [told for each in body if "$" not in (told := variables.expand(each))]
        found.append("\n".join(body))
    return found
