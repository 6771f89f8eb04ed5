"""Read the settings in a training command's words: `--lr 3e-3`, `--rank=16`, `lr=0.1`.

Invariant: launchers' own options are not taken for the program's; a value that needs a shell is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from afterall.model import Scalar
from afterall.scan.parameters.values import typed

MOST_ARGUMENTS = 500
_OPTION = re.compile(r"--?([A-Za-z][\w.-]{0,100})(?:=(.*))?$", re.DOTALL)
_PAIR = re.compile(r"\+{0,2}([A-Za-z_][\w./@-]{0,200})=(.*)$", re.DOTALL)
_WORDS = re.compile(r"\$(?:[@*]|\{[@*][^}]*\}|\{\w+\[[@*]\][^}]*\})", re.ASCII)
_VARIABLE = re.compile(r"\$(?:\?|\w+|\{\w[^{}]*\})|`[^`]*`", re.ASCII)
_OF_OPTIONS = re.compile(r"arg|opt|flag|extra|param|overrid|cmd", re.IGNORECASE)
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
    "autotrain": 2,
    "fairseq-train": 1,
    "fairseq-hydra-train": 1,
    "onmt_train": 1,
    "mlx_lm.lora": 1,
}
_EVALUATORS = frozenset({"inspect", "lm_eval", "lm-eval", "lighteval", "vllm"})
_OTHER_WORK = r"inspect|eval|merge|export|convert|download|tokeni[sz]e|preprocess|prepare"
_LATER_WORK = (
    r"(?<![A-Za-z])"
    r"(?:predict|infer|generat|test|plot|visuali|analy[sz]|benchmark|collect|aggregat|summar|score|report)"
)
# `train_eval.py` trains, `eval_finetuned.py` does not: what stands first says what is done.
_NOT_TRAINING = re.compile(
    rf"^(?:run[_-])?(?:{_OTHER_WORK})"
    rf"|^(?!.*(?:(?<!pre)train|fine_?tun|sft|dpo|grpo)).*(?:{_OTHER_WORK}|{_LATER_WORK})",
    re.IGNORECASE,
)

RUNNING_NOTHING = frozenset(
    {
        ":", "[", "[[", "test", "awk", "cat", "cd", "chmod", "cmp", "cp", "diff", "dos2unix", "du", "echo",
        "egrep", "git", "grep", "head", "ln", "ls", "md5sum", "mkdir", "mv", "printf", "realpath", "rm",
        "rsync", "scp", "sed", "sha256sum", "stat", "tail", "tar", "tee", "touch", "trap", "wc",
    }
)  # fmt: skip
"""Commands that programs and scripts are only named to."""
_MODES = frozenset({"mode", "phase", "action", "stage", "run_mode"})
_LATER_MODES = re.compile(r"(?:test|eval|predict|infer|generat|valid)\w*", re.IGNORECASE)
_ONLY_LATER = re.compile(r"(?:test|eval|evaluate|predict|inference|validate)_only|only_(?:test|eval|predict)")


class Told(NamedTuple):
    """One setting as it stands in a command."""

    name: str
    text: str
    is_last_word: bool = True
    """False where words follow that nobody knows, as `"$@"`, which may say otherwise."""

    @property
    def is_known(self) -> bool:
        """False where only a shell knows the value."""
        return self.is_last_word and "$" not in self.text and "`" not in self.text


def known_values(told: Iterable[Told]) -> dict[str, Scalar]:
    """Return the typed values of settings; of one that is told twice the last counts."""
    last = {each.name: each for each in told}
    return {name: typed(each.text) for name, each in last.items() if each.is_known}


def arguments(command: Sequence[str]) -> Iterator[tuple[str, Scalar]]:
    """Yield names and typed values of the settings in a command; nothing where it starts no training."""
    yield from known_values(told_by(command)).items()


def trains(program: str, told: Iterable[Told]) -> bool:
    """Return whether a program trains that is told these settings: not with `--mode test`, `--eval_only`.

    Hugging Face's `run_glue.py` and its like train where they are told `--do_train`.
    """
    last = {each.name: each.text.lower() for each in told}
    does = {name for name, text in last.items() if text == "true"}
    if any(_LATER_MODES.fullmatch(last.get(name, "")) for name in _MODES):
        return False
    is_as_example = program.startswith("run_") and not does.isdisjoint({"do_eval", "do_predict"})
    is_untrained = is_as_example and last.get("do_train", "false") == "false"
    return not is_untrained and not any(map(_ONLY_LATER.fullmatch, does))


def program_of(command: Sequence[str]) -> str:
    """Return the script or program that a command trains with, "" where it trains nothing."""
    start = _first_argument(command)
    return "" if start is None else command[start - 1].rpartition("/")[2]


def told_by(command: Sequence[str]) -> Iterator[Told]:
    """Yield the settings in a training command in order, their names with underscores."""
    start = _first_argument(command)
    if start is None:
        return
    index, unknown = start, _last_unknown(command, start)
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
        yield Told(name.replace("-", "_"), text, is_last_word=index > unknown)


def _last_unknown(command: Sequence[str], start: int) -> int:
    """Return the place of the last word that may stand for any options: `"$@"`, `$EXTRA`; -1 for none."""
    for place in range(len(command) - 1, start - 1, -1):
        word = command[place]
        before = _OPTION.match(command[place - 1]) if place > start else None
        is_value = before is not None and before[2] is None and not _OF_OPTIONS.search(word)
        name, equals, _ = word.partition("=")
        is_option = "$" in name and (word.startswith("-") or (bool(equals) and not is_value))
        if is_option or _WORDS.search(word) or (_VARIABLE.fullmatch(word) and not is_value):
            return place
    return -1


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
    for index, word in enumerate(command if command[:1] and command[0] not in RUNNING_NOTHING else ()):
        name = word.rpartition("/")[2]
        if name in _EVALUATORS:
            return None
        if word.endswith(".py") or (
            word in ("-m", "--module") and index + 1 < len(command) and _runs_module(command, index)
        ):
            start = index + (1 if word.endswith(".py") else 2)
            return None if _NOT_TRAINING.search(command[start - 1].rpartition("/")[2]) else start
        if name in _PROGRAMS and index + _PROGRAMS[name] <= len(command):
            start = index + _PROGRAMS[name]
            is_other = _PROGRAMS[name] > 1 and _NOT_TRAINING.search(command[index + 1]) is not None
            return None if is_other else start
    return None


def _runs_module(command: Sequence[str], index: int) -> bool:
    """Tell `python -m train` and `accelerate launch -m train` from another program's `-m`."""
    module = command[index + 1]
    if module.startswith(("torch.distributed", "accelerate.", "deepspeed.")):
        return False
    before = [word.rpartition("/")[2] for word in command[:index]]
    return any(name.startswith(("python", "accelerate", "torchrun", "deepspeed")) for name in before)
