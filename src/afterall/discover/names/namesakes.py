"""Tie files in common directories to experiments by name: `logs/train_rank4-123.out`, `configs/rank4.yaml`.

Invariant: a tie holds only where one experiment's name stands in the file's and every other word of it is
neutral; "rank4_big" is no "rank4".
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from afterall.discover.names.directories import words_of
from afterall.discover.names.logs import parse_log_name

_NEUTRAL = frozenset(
    {
        "array", "config", "e", "err", "error", "finetune", "ft", "job", "log", "lora", "o", "out", "output",
        "run", "sbatch", "sft", "slurm", "std", "stderr", "stdout", "task", "train", "training",
    }
)  # fmt: skip


class Namesakes:
    """Knows the names of a set's experiments and whose name a file bears."""

    def __init__(self, names: Sequence[str], set_name: str) -> None:
        """Take the experiments' names in order; the set's own name is neutral in file names."""
        last = Counter(name.rpartition("/")[2] for name in names)
        forms: dict[str, set[int]] = {}
        for index, name in enumerate(names):
            short = name.rpartition("/")[2]
            for form in {re.sub("/", joint, name) for joint in "_-."} | (
                {short} if last[short] == 1 else set()
            ):
                forms.setdefault(form, set()).add(index)
        unique = {form: min(indices) for form, indices in forms.items() if len(indices) == 1}
        self._forms = dict(sorted(unique.items(), key=lambda item: (-len(item[0]), item[0])))
        self._neutral = _NEUTRAL | words_of(set_name)

    def of_log(self, path: str) -> int | None:
        """Return the index of the experiment whose name the log's file name bears, or None."""
        named = parse_log_name(path.rpartition("/")[2])
        return self._of_stem(named.stem) if named else None

    def of_file(self, path: str) -> int | None:
        """Return the index of the experiment whose name a file's name bears before its extension, or None."""
        return self._of_stem(path.rpartition("/")[2].rpartition(".")[0])

    def of_text(self, text: str) -> int | None:
        """Return the index of the experiment whose name a job's name bears, or None."""
        return self._of_stem(text)

    def _of_stem(self, stem: str) -> int | None:
        if stem in self._forms:
            return self._forms[stem]
        for form, index in self._forms.items():
            if form not in stem or not re.search(r"[A-Za-z].|.[A-Za-z]", form):
                continue
            found = re.search(rf"(?<![^\W_]){re.escape(form)}(?![^\W_])", stem)
            if found:
                other = f"{stem[: found.start()]} {stem[found.end() :]}"
                return index if words_of(other) <= self._neutral else None
        return None


def names_of(keys: Iterable[tuple[str, ...]], paths: Sequence[str], set_name: str) -> tuple[str, ...]:
    """Return each experiment's name: its place without what all share, else its path, else the set's."""
    keys = list(keys)
    shared = 0
    while (
        len(keys) > 1
        and all(len(key) > shared + 1 for key in keys)
        and len({key[shared] for key in keys}) == 1
    ):
        shared += 1
    if len(keys) == 1:
        shared = max(0, len(keys[0]) - 1)
    names = ["/".join(key[shared:]) for key in keys]
    count = Counter(names)
    return tuple(
        name if name and count[name] == 1 else path or set_name
        for name, path in zip(names, paths, strict=True)
    )
