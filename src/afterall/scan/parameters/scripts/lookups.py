"""Look up what variables, sums and commands within a word stand for, as far as a script's text tells it.

Invariant: what only a shell could know is None, and so is what is done to a value of which not all is known.
"""

import posixpath
import re

from afterall.scan.parameters.scripts.arithmetic import calculated, changed_names
from afterall.scan.parameters.scripts.budget import cost_of_fitting, cost_of_lines
from afterall.scan.parameters.scripts.given import Lines
from afterall.scan.parameters.scripts.held import Held, Value, is_all_known
from afterall.scan.parameters.scripts.outputs import output_of
from afterall.scan.parameters.scripts.words.expansion import Within, filled, one_word, pattern_of, words_of
from afterall.scan.parameters.scripts.words.parameter import Parameter, parse_parameter
from afterall.scan.parameters.scripts.words.patterns import changed
from afterall.scan.parameters.scripts.words.syntax import (
    BLANKS,
    LITERAL,
    UNSURE,
    is_sure,
    split_commands,
    told,
)

_NAME = re.compile(r"\$?\{?([A-Za-z_]\w{0,100})\}?", re.ASCII)
_PART = re.compile(r"\s*(\d{1,6})(?::\s*(\d{1,6}))?\s*", re.ASCII)
_UNKNOWN_PART = re.compile(rf"{UNSURE}(?:\w+|\{{[^}}]*\}}|[?@*#])", re.ASCII)
_FROM_ELSEWHERE = re.compile(
    r"S?RANDOM$|SECONDS$|LINENO$|PWD$|OLDPWD$|HOME$|USER$|LOGNAME$|SHELL|PATH$|LD_|LANG$|LC_|TERM$|TMP|HOST|E?UID$|PPID$"
    r"|OSTYPE$|MACHTYPE$|BASH|EPOCH(?:SECONDS|REALTIME)$|OPT(?:IND|ARG|ERR)$|IFS$|PS\d$|SHLVL$|HIST|GROUPS$|DIRSTACK$|PIPESTATUS$|REPLY$|SLURM|SBATCH|CUDA_"
    r"|ROCR_|GPU|HIP_|OMP_|ENVIRONMENT$|MODULE|LMOD|CONDA|VIRTUAL_ENV|SINGULARITY|APPTAINER|XDG_|_$"
)
"""Variables that the shell itself, Slurm or a login sets, whatever is handed on."""
_NAMED = re.compile(r"[A-Za-z_]\w{0,100}", re.ASCII)


class Lookups(Held):
    """The variables of one shell, looked up."""

    _is_within = False
    """Whether a command within another is looked at: what it sets ends with it."""

    @property
    def separators(self) -> str | None:
        """What separates the words of a value that is put in; None where the script's own are not known."""
        if "IFS" in self.unknown:
            return None
        held = self.values.get("IFS", BLANKS)
        return held if isinstance(held, str) and is_sure(held) else None

    def lines(self, file: str) -> Lines | None:
        """Return the lines of a file, None where it cannot be told."""
        lines = self.read(file)
        return None if lines is None else [line.replace("$", LITERAL) for line in lines]

    def read(self, file: str) -> Lines | None:
        """Return the lines of a file as they are, where it works now; None for one that it writes itself."""
        path = posixpath.normpath(posixpath.join(self.directory, file))
        lines = None if "$" in file or path in self.written else self.given.read(path)
        if lines is not None:
            self.budget.commands -= cost_of_lines(lines)
        return lines

    def value_of(self, piece: str, depth: int, within: Within) -> str | list[str] | None:
        """Return what `$NAME` or `${…}` stands for."""
        parameter = parse_parameter(piece)
        value = None if parameter is None else self._value_of(parameter, depth, within)
        if isinstance(value, list) and parameter is not None and parameter.is_joined:
            value = self._joined(value, within)
        self.budget.characters -= len(value) if isinstance(value, str) else sum(map(len, value or ()))
        return value if self.budget.characters > 0 else None

    def output_of(self, text: str, depth: int) -> str | None:
        """Return what a command within another prints."""
        parts = [part for part in split_commands(text) if part[0].strip()]
        if not parts:
            return ""
        before, self._is_within = self._is_within, True
        stages = [words_of(part, self, depth) for part, _ in parts]
        self._is_within = before
        if any(end != "|" for _, end in parts[:-1]) or not all(
            is_sure(word) for stage in stages for word in stage
        ):
            return None
        return output_of([[told(word) for word in stage] for stage in stages], self.lines)

    def sum_of(self, text: str, depth: int = 0) -> str | None:
        """Return the value of an arithmetic expression; what it changes is not followed here."""
        changed_here = changed_names(text)
        for name in changed_here:
            self.forget(name)
        return None if changed_here else calculated(_NAME.sub(self._operand, filled(text, self, depth)))

    def _operand(self, found: re.Match[str]) -> str:
        """Return what a name stands for in a sum: its value is worked out first, unlike that of `$NAME`."""
        held = self.values.get(found[1])
        return f"({held})" if isinstance(held, str) and held.strip() else found[0]

    def _value_of(self, parameter: Parameter, depth: int, within: Within) -> str | list[str] | None:
        if parameter.sign == "!":
            return self._named_by(parameter)
        held = self._held(parameter)
        is_changed = parameter.sign == "#" or bool(parameter.operator)
        if is_changed and isinstance(held, list) and not is_all_known(held):
            return None
        if parameter.sign == "#":
            kept = self.values.get(parameter.name) if parameter.is_of_all else None
            counted = kept if isinstance(kept, dict) else held
            is_partly_known = counted is None or (isinstance(counted, str) and not is_sure(counted))
            return None if counted is None or is_partly_known else str(len(counted))
        if parameter.is_defaulted:
            return self._defaulted(parameter, held, depth, within)
        if not parameter.operator or held is None:
            return held
        read = pattern_of if parameter.is_by_pattern else one_word
        words = tuple(
            (one_word if place else read)(word, self, depth) for place, word in enumerate(parameter.words)
        )
        if isinstance(held, list) and parameter.operator == ":":
            return _part_of(["", *held] if parameter.name in ("@", "*") else held, words[0])
        if not all(is_sure(text) for text in (*words, held if isinstance(held, str) else "")):
            return None
        texts = [held] if isinstance(held, str) else held
        self.budget.commands -= cost_of_fitting(texts)
        if self.budget.is_spent:
            return None
        if isinstance(held, str):
            return changed(held, parameter.operator, words)
        value = [changed(item, parameter.operator, words) for item in held]
        known = [item for item in value if item is not None]
        return known if len(known) == len(value) else None

    def _named_by(self, parameter: Parameter) -> str | list[str] | None:
        """Return the keys of an array, or the value of the variable whose name a variable holds."""
        if parameter.is_of_all:
            return self.keys_of(parameter.name)
        name = self.values.get(parameter.name)
        is_name = isinstance(name, str) and _NAMED.fullmatch(name) is not None
        held = self.values.get(str(name)) if is_name and not parameter.operator else None
        return held if isinstance(held, str) else None

    def _held(self, parameter: Parameter) -> str | list[str] | None:
        """Return the value as it is kept, all items where all are meant; None for none and for unknown."""
        name = parameter.name
        if name in ("@", "*"):
            return None if any("$" in word for word in self.arguments or ()) else self.arguments
        if name == "#":
            return None if self.arguments is None else str(len(self.arguments))
        if name.isdecimal():
            place = int(name)
            is_there = self.arguments is not None and 0 < place <= len(self.arguments)
            value = self.arguments[place - 1] if self.arguments is not None and is_there else "$"
            return None if "$" in value else value
        held = self.values.get(name)
        if parameter.place is None:
            first = held[0] if isinstance(held, list) and held and is_all_known(held[:1]) else None
            return held if isinstance(held, str) else first
        if parameter.is_of_all and parameter.operator == ":" and isinstance(held, str):
            return None
        if parameter.is_of_all:
            return list(held.values()) if isinstance(held, dict) and len(held) < 2 else _items(held)
        key = None if held is None else self.index_of(parameter.place, held)
        if isinstance(held, list) and isinstance(key, int):
            is_sure_place = is_all_known(held if key < 0 else held[: key + 1])
            return held[key] if -len(held) <= key < len(held) and is_sure_place else None
        return held.get(key) if isinstance(held, dict) and isinstance(key, str) else None

    def _defaulted(
        self, parameter: Parameter, held: str | list[str] | None, depth: int, within: Within
    ) -> str | list[str] | None:
        """Return a value or what stands for it, `held` being None also where it is not known."""
        is_absent = held is None and self._is_unset(parameter)
        if held is None and not is_absent:
            return None
        if isinstance(held, str) and ":" in parameter.operator and _may_be_empty(held):
            return None
        is_there = held is not None and (bool(held) or ":" not in parameter.operator)
        if parameter.operator[-1] == "+":
            return self._default(parameter.words[0], depth, within) if is_there else ""
        if is_there:
            return held
        value = None if parameter.operator[-1] == "?" else self._default(parameter.words[0], depth, within)
        if "=" in parameter.operator and not self._is_within:
            self._take_default(parameter, value)
        return value

    def _take_default(self, parameter: Parameter, value: str | None) -> None:
        """Take the value that `${NAME:=…}` gives a variable."""
        if value is None or parameter.place is not None or not self.is_surely_run:
            self.forget(parameter.name)
        else:
            self.put(parameter.name, value)

    def _joined(self, items: list[str], within: Within) -> str | list[str] | None:
        """Return the items of an array as `"${A[*]}"` joins them; without quotes they stay words."""
        if within is Within.SPLIT:
            return items
        return None if self.separators is None else self.separators[:1].join(items)

    def _default(self, text: str, depth: int, within: Within) -> str | None:
        """Return what is written for a value that is not there; None where its quotes mean more."""
        value = one_word(text, self, depth)
        signs = set(text)
        if within is Within.DOUBLE:
            is_odd = not signs.isdisjoint("'\\")
        else:
            is_odd = within is Within.SPLIT and not signs.isdisjoint("'\"\\") and not value.isalnum()
        return value if is_sure(value) and not is_odd else None

    def _is_unset(self, parameter: Parameter) -> bool:
        """Tell whether a name surely has no value: nobody gave it one."""
        name = parameter.name
        if name.isdecimal():
            return self.arguments is not None and int(name) > len(self.arguments)
        if name in ("@", "*"):
            return False
        is_not_handed_on = self.given.is_whole and not self.may_have_more and not _FROM_ELSEWHERE.match(name)
        is_unset = name in self.given.unset or is_not_handed_on
        return is_unset and name not in self.unknown and name not in self.values

    def index_of(self, text: str, held: Value) -> int | str | None:
        """Return which item of an array is meant."""
        if isinstance(held, dict):
            key = one_word(text, self)
            return key if key and is_sure(key) else None
        value = self.sum_of(text)
        return int(value) if value is not None else None


def _part_of(items: list[str], text: str) -> list[str] | None:
    """Return the items that `${A[@]:FIRST:COUNT}` means; of the positional words the first is the script."""
    found = _PART.fullmatch(text)
    if found is None or (items[:1] == [""] and not int(found[1])):
        return None
    rest = items[int(found[1]) :]
    return rest if found[2] is None else rest[: int(found[2])]


def _items(held: Value | None) -> list[str] | None:
    return [held] if isinstance(held, str) else held if isinstance(held, list) else None


def _may_be_empty(text: str) -> bool:
    """Return whether nothing of a value is known, so that it may be empty."""
    rest = _UNKNOWN_PART.sub("", text)
    return bool(text) and (not rest or (text[0] == UNSURE and "{" in text))
