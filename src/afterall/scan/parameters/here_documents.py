"""Find the configuration that a batch script writes for its run: `cat > config.yaml <<EOF … EOF`.

Invariant: only the one document counts that is written to the file which the training command names; of
several for one file, as in branches, none. A line that holds an unknown variable is left out.
"""

import re
from collections.abc import Iterator, Mapping

from afterall.model import Fact
from afterall.scan.parameters.shell import MOST_BYTES, commands
from afterall.scan.parameters.shell_output import Reader
from afterall.scan.parameters.shell_variables import Variables, no_file
from afterall.scan.parameters.yaml_text import parse_yaml

_BEGIN = re.compile(r"<<(-?)\s{0,9}(['\"]?)(\w{1,100})\2")
_TARGET = re.compile(r"(?<![>\d&])>\s{0,9}[\"']?([^\s\"'<>|&;]{1,300}\.ya?ml)\b")


def written_config(
    script: str, file: str, named: str, variables: Mapping[str, str], read: Reader = no_file
) -> dict[str, Fact]:
    """Return the values of the configuration `named` by the training command that the script itself writes.

    `variables` are known from outside; they are put in as they are at the script's end.
    """
    if "<<" not in script or not named:
        return {}
    known = Variables(variables, read)
    for _ in commands(script, known):
        pass
    name = named.rpartition("/")[2]
    found = [
        text for target, text in _documents(script[:MOST_BYTES], known) if target.rpartition("/")[2] == name
    ]
    return parse_yaml(found[0], file).values if len(found) == 1 else {}


def _documents(script: str, variables: Variables) -> Iterator[tuple[str, str]]:
    """Yield where each document goes and its text, with variables put in but where its mark is quoted."""
    lines = iter(script.split("\n"))
    for line in lines:
        begin = _BEGIN.search(line)
        if begin is None or line.lstrip().startswith("#"):
            continue
        body: list[str] = []
        for inner in lines:
            if inner.strip() == begin[3]:
                break
            body.append(inner.lstrip("\t") if begin[1] else inner)
        target = _TARGET.search(line)
        if target is not None:
            if not begin[2]:
                body = [told for each in body if "$" not in (told := variables.expand(each))]
            yield variables.expand(target[1]), "\n".join(body)
