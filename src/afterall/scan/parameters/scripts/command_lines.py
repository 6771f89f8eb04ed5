"""Read the settings that a batch script gives to its training program: `--lr 3e-3`, `--rank=16`, `lr=0.1`.

Invariant: launchers' own options are not taken for the program's; a value that needs a shell is left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from afterall.model import Fact, Scalar, Source
from afterall.scan.parameters.scripts.commands import commands, words
from afterall.scan.parameters.scripts.output import Reader
from afterall.scan.parameters.scripts.variables import Variables, no_file
from afterall.scan.parameters.values import typed

MOST_ARGUMENTS = 500
_OPTION = re.compile(r"--?([A-Za-z][\w.-]{0,100})(?:=(.*))?$", re.DOTALL)
_PAIR = re.compile(r"\+{0,2}([A-Za-z_][\w./@-]{0,200})=(.*)$", re.DOTALL)
_CONFIG = re.compile(r"[\w-]\.(?:ya?ml|toml|json)$")
# Programs that are no scripts, with the number of their own words before the settings begin.
_PROGRAMS = {
    "tune": 3,
    "litgpt": 2,
    "axolotl": 2,
    "llamafactory-cli": 2,
    "trl": 2,
    "swift": 2,
    "oumi": 2,
    "xtuner": 2,
}
_SHELL = re.compile(r"(?:^|/)(?:ba|da|z)?sh$")
_EVALUATORS = frozenset({"inspect", "lm_eval", "lm-eval", "lighteval", "vllm"})
_OTHER_WORK = r"inspect|eval|merge|export|convert|download|tokeni[sz]e|preprocess|prepare"
# `train_eval.py` trains, `eval_finetuned.py` does not: what stands first says what is done.
_NOT_TRAINING = re.compile(
    rf"^(?:run[_-])?(?:{_OTHER_WORK})|^(?!.*(?:(?<!pre)train|fine_?tun|sft|dpo|grpo)).*(?:{_OTHER_WORK})",
    re.IGNORECASE,
)


def submit_variables(submit_line: str, scripts: Sequence[str]) -> dict[str, str]:
    """Return what an sbatch line gives its script: positional words as "1", "2", …, and --export's variables.

    `scripts` are the names by which the script is recognised among the line's words.
    """
    line = words(submit_line)
    names = {script.rpartition("/")[2] for script in scripts}
    values: dict[str, str] = {}
    for index, word in enumerate(line):
        if word.rpartition("/")[2] in names:
            values |= {str(number): text for number, text in enumerate(line[index + 1 : index + 21], start=1)}
            break
        exported = word.removeprefix("--export=") if word.startswith("--export=") else ""
        if line[index - 1] == "--export" and index:
            exported = word
        pairs = [pair.partition("=") for pair in exported.split(",") if "=" in pair]
        values |= {name: value for name, _, value in pairs}
    return values


def script_settings(
    script: str, file: str, variables: Mapping[str, str], read: Reader = no_file
) -> dict[str, Fact]:
    """Return the settings of the last training command in a script.

    `variables` are known from outside, and `read` gives the lines of the files that the script looks into.
    """
    found: dict[str, Fact] = {}
    for command in _all_commands(script, Variables(variables, read)):
        settings = dict(arguments(command))
        if settings:
            found = {
                name: Fact(value, Source(file, f"option {name}")) for name, value in settings.items() if name
            }
    return found


def _all_commands(script: str, variables: Variables) -> Iterator[list[str]]:
    """Yield a script's commands, those of `bash -c "…"` in its place."""
    for command in commands(script, variables):
        at = next((at for at, word in enumerate(command[:-2]) if _SHELL.search(word)), None)
        if at is not None and command[at + 1] in ("-c", "-lc"):
            yield from commands(command[at + 2], variables.of_child(command[:at]))
        else:
            yield command


def arguments(command: Sequence[str]) -> Iterator[tuple[str, Scalar]]:
    """Yield names and typed values of the settings in a command; nothing where it starts no training."""
    start = _first_argument(command)
    if start is None:
        return
    index = start
    while index < min(len(command), start + MOST_ARGUMENTS):
        word = command[index]
        index += 1
        option, pair = _OPTION.match(word), _PAIR.match(word)
        if option is not None and option[2] is None:
            values = _values(command, index)
            index += len(values)
            name, text = option[1], ", ".join(values) if values else "true"
        elif option is not None or pair is not None:
            found = option or pair
            assert found is not None
            name, text = found[1], found[2]
        elif _CONFIG.search(word):
            name, text = "config", word
        else:
            continue
        if "$" not in text and "`" not in text:
            yield name.replace("-", "_"), typed(text)


def _values(command: Sequence[str], index: int) -> list[str]:
    """Return the words that belong to the option before `index`: all up to the next option or pair."""
    values: list[str] = []
    for word in command[index:]:
        is_number = re.fullmatch(r"-[\d.]\S*", word) is not None
        if (word.startswith("-") and not is_number) or _PAIR.match(word) or word in ("2>&1", ">", ">>", "<"):
            break
        values.append(word)
    return values


def _first_argument(command: Sequence[str]) -> int | None:
    """Return where the training program's own words begin; None for a command that trains nothing."""
    for index, word in enumerate(command):
        name = word.rpartition("/")[2]
        if name in _EVALUATORS:
            return None
        if word.endswith(".py") or (
            word == "-m" and index + 1 < len(command) and _runs_module(command, index)
        ):
            start = index + (1 if word.endswith(".py") else 2)
            return None if _NOT_TRAINING.search(command[start - 1].rpartition("/")[2]) else start
        if name in _PROGRAMS and index + 1 < len(command):
            return None if _NOT_TRAINING.search(command[index + 1]) else index + _PROGRAMS[name]
    return None


def _runs_module(command: Sequence[str], index: int) -> bool:
    """Tell `python -m train` and `accelerate launch -m train` from another program's `-m`."""
    module = command[index + 1]
    if module.startswith(("torch.distributed", "accelerate.", "deepspeed.")):
        return False
    before = [word.rpartition("/")[2] for word in command[:index]]
    return any(name.startswith(("python", "accelerate", "torchrun", "deepspeed")) for name in before)
