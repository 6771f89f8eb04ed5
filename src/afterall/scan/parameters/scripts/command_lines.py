"""Find a batch script's training commands, and tell which of them a run's own is.

Invariant: of several commands the one counts that names the run's directory; where none does, or several do,
only what they all say the same counts.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters.scripts.arguments import (
    RUNNING_NOTHING,
    Told,
    known_values,
    program_of,
    told_by,
    trains,
)
from afterall.scan.parameters.scripts.budget import Budget
from afterall.scan.parameters.scripts.commands import DEEPEST, commands
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.variables import Variables

MOST_TRAININGS = 2_000
CONFIGS = ("config", "config_file", "cfg")
"""Options by which training commands name their configuration."""
_SHELL = re.compile(r"(?:^|/)(?:ba|da|z|k)?sh$")
_SCRIPT = re.compile(r"\.(?:sh|bash|slurm|sbatch)$")
_OPTION = re.compile(r"-\w+$|--\w[\w-]*$")
_NAMING = re.compile(
    r"(?:^|[._])(?:(?:out|output|save|saving|run|exp|experiment|log|logging|work|model|result|results|ckpt|checkpoint"
    r"|default_root)_?(?:dir|path|folder|name)|out|output|save|name|exp|run|tag|save_as|save_to|dest|logdir|outdir)$"
)
"""Options that say where a run goes or how it is called."""

_PLACING = re.compile(r"(?:dir|path|folder|out|output|save|save_to|dest)$")
"""Those of them that say where it goes."""


class Training(NamedTuple):
    """One training command: where it stands, what it runs, and its settings."""

    file: str
    program: str
    told: tuple[Told, ...]

    def values(self) -> dict[str, Scalar]:
        """Return its settings as far as they are known, the last of each name."""
        return known_values(self.told)

    def named(self) -> list[tuple[list[str], bool]]:
        """Return the known end of each path or name by which an option calls the run, True for a path."""
        naming = (each for each in self.told if _NAMING.search(each.name) and "model" not in each.name)
        ends = ((_components(each.text), _PLACING.search(each.name) is not None) for each in naming)
        return [(parts, is_path) for parts, is_path in ends if parts]

    def closeness(self, places: Iterable[Sequence[str]]) -> int:
        """Return how many components, from the last, an option that names the run shares with a place.

        Where none does, its configuration may be called after the run: `--config configs/rank8.yaml`.
        """
        named = [_components(each.text) for each in self.told if _NAMING.search(each.name)]
        if not named:
            configured = (each.text for each in self.told if each.name in CONFIGS)
            named = [_components(text)[-1:] for text in map(_without_suffix, configured)]
        return max((_shared_end(one, place) for one in named for place in places), default=0)


def script_settings(script: str, file: str, given: Given, places: Collection[str] = ()) -> dict[str, Fact]:
    """Return the settings that a script gives the training of the run which lies at one of `places`."""
    return settings_in({file: script}, given, places)


def settings_in(
    scripts: Mapping[str, str],
    given: Given,
    places: Collection[str] = (),
    is_others: Callable[[Training], bool] = lambda _: False,
) -> dict[str, Fact]:
    """Return the settings of a run's training, which one of several scripts starts, their texts by file.

    Where no command names the run, `is_others` tells those that train another.
    """
    budget = Budget()
    by_script = [
        list(islice(trainings_in(text, file, given, budget), MOST_TRAININGS))
        for file, text in scripts.items()
    ]
    own = own_trainings([trainings for trainings in by_script if trainings], places)
    parts = [_components(place) for place in places if place]
    if not any(training.closeness(parts) for training in own):
        own = [training for training in own if not is_others(training)]
    if not own or any(len(trainings) == MOST_TRAININGS for trainings in by_script):
        return {}
    first, *others = [training.values() for training in own]
    agreed = {
        name: value
        for name, value in first.items()
        if name and all(name in other and _same(other[name], value) for other in others)
    }
    return {name: Fact(value, Source(own[-1].file, f"option {name}")) for name, value in agreed.items()}


def own_trainings(by_script: Sequence[Sequence[Training]], places: Iterable[str]) -> list[Training]:
    """Return the commands that may be a run's: which name its directory best, else each script's last."""
    parts = [_components(place) for place in places if place]
    close = [(training.closeness(parts), training) for trainings in by_script for training in trainings]
    best = max((shared for shared, _ in close), default=0)
    if best:
        return [training for shared, training in close if shared == best]
    return [
        training
        for trainings in by_script
        for training in trainings
        if training.program == trainings[-1].program
    ]


def trainings_in(script: str, file: str, given: Given, budget: Budget | None = None) -> Iterator[Training]:
    """Yield a script's training commands, those of the shells and scripts that it starts in their place.

    Where it does more than is followed, by a `budget` that several scripts may share, the last one says
    nothing.
    """
    variables = Variables(given)
    variables.budget = budget or variables.budget
    yield from _trainings(script, file, variables, 0)
    if variables.budget.is_spent:
        # Of those that come later nothing is known.
        yield Training(file, "", ())


def _trainings(script: str, file: str, variables: Variables, depth: int) -> Iterator[Training]:
    for command in commands(script, variables):
        inner = _inner(command, variables) if depth < DEEPEST else None
        if inner is not None:
            name, text, child = inner
            yield from _trainings(text, name or file, child, depth + 1)
            continue
        told, program = tuple(told_by(command)), program_of(command)
        if told and trains(program, told):
            yield Training(file, program, told)


def _inner(command: Sequence[str], variables: Variables) -> tuple[str, str, Variables] | None:
    """Return the script that a command starts: its file, "" for `bash -c`, its text and what it is given."""
    if command[0] in RUNNING_NOTHING or command[0] == "sbatch":
        return None
    at = next((at for at, word in enumerate(command[:-1]) if _SHELL.search(word)), None)
    if at is None:
        at = next((at for at, word in enumerate(command) if _SCRIPT.search(word)), None)
        if at is None:
            return None
        return _file(command, at, at, variables)
    before = at
    at += 1
    while at < len(command) and _OPTION.match(command[at]) is not None:
        if command[at].startswith("-") and not command[at].startswith("--") and command[at].endswith("c"):
            if at + 1 == len(command):
                return None
            given = command[at + 3 :]
            # Words that only this script's own shell knows may stand in the text already: `bash -c "… $1"`.
            is_unknown = not given and variables.arguments is None
            child = variables.of_child(command[:before], None if is_unknown else given)
            return "", command[at + 1], child
        at += 1
    return _file(command, at, before, variables) if at < len(command) else None


def _file(
    command: Sequence[str], at: int, before: int, variables: Variables
) -> tuple[str, str, Variables] | None:
    lines = variables.text_of(command[at])
    if lines is None:
        return None
    return command[at], lines, variables.of_child(command[:before], command[at + 1 :])


def _same(one: Scalar, other: Scalar) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))


def _components(path: str) -> list[str]:
    """Return a path's parts; what comes before one that only a shell knows is left out."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    unknown = [place for place, part in enumerate(parts) if "$" in part or "`" in part]
    return parts[unknown[-1] + 1 :] if unknown else parts


def _without_suffix(path: str) -> str:
    return path.rpartition(".")[0] if path.endswith((".yaml", ".yml", ".json", ".toml")) else ""


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    shared = 0
    for mine, theirs in zip(reversed(one), reversed(other), strict=False):
        if mine != theirs:
            break
        shared += 1
    return shared
