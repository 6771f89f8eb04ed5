"""Choose the batch script that an experiment is submitted with, and how it was submitted.

Invariant: only a script that lies in the set is named; where several could be meant, none is guessed.
"""

from collections.abc import Sequence

from msgspec import Struct

from afterall.model import Experiment

_TRAINING_WORDS = ("train", "finetune", "fine_tune", "run", "submit", "job")
_SHORT_WITH_VALUE = frozenset("-" + letter for letter in "AabBcCDdeFGiJLMmnNopqStwx")
"""sbatch's short options that take their value as the next word (sbatch(1), 22.05 to 26.05)."""


class Submission(Struct, frozen=True):
    """How a job was submitted: sbatch's options, the script as given, and the script's arguments."""

    script: str
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def batch_script(experiment: Experiment) -> str | None:
    """Return the path, relative to the set, of the script that trains this experiment; None if unclear.

    The job's own submit line decides; else the only script; else the only one named like training.
    """
    scripts = _scripts(experiment)
    submitted = submission_of(experiment)
    if submitted is not None:
        same = [path for path in scripts if _name(path) == _name(submitted.script)]
        return min(same, key=lambda path: (not _ends_as(path, submitted.script), path))
    if len(scripts) == 1:
        return scripts[0]
    training = [path for path in scripts if _name(path).lower().startswith(_TRAINING_WORDS)]
    return training[0] if len(training) == 1 else None


def submission_of(experiment: Experiment) -> Submission | None:
    """Return how the job that counts was submitted, None where no record tells or its script is not here."""
    line = "" if experiment.latest is None else experiment.latest.submit_line
    return parse_submit_line(line, {_name(path) for path in _scripts(experiment)})


def parse_submit_line(line: str, scripts: set[str]) -> Submission | None:
    """Return the parts of an `sbatch` line as accounting keeps it (SubmitLine); None for anything else.

    Slurm joins the words with spaces and no quotes, so that the script is found by its name, one of
    `scripts`, and options that do not read as such are left out as a whole.
    """
    words = line.split()
    place = next((n for n, word in enumerate(words) if n and _name(word) in scripts), None)
    if place is None or _name(words[0]) != "sbatch":
        return None
    options = words[1:place]
    options = options if _are_options(options) else []
    return Submission(words[place], tuple(options), tuple(words[place + 1 :]))


def _scripts(experiment: Experiment) -> list[str]:
    layout = experiment.layout
    return [path for path in layout.scripts if path not in layout.eval_scripts]


def _are_options(words: Sequence[str]) -> bool:
    """Tell whether every word is an option, or the value of the one before it."""
    takes_value = False
    for word in words:
        if not word.startswith("-") and not takes_value:
            return False
        takes_value = word.startswith("-") and takes_next(word)
    return True


def takes_next(option: str) -> bool:
    """Tell whether an option may have its value as the next word."""
    return option in _SHORT_WITH_VALUE or (option.startswith("--") and "=" not in option)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _ends_as(path: str, submitted: str) -> bool:
    return f"/{path}".endswith("/" + submitted.removeprefix("./").lstrip("/"))
