"""Read which experiments the logs in a common directory name.

Invariant: of each log only its beginning and end are read, and of all logs a bounded number; a longer name is
no mention of a shorter one in it.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from afterall.discover.names import directories
from afterall.discover.reading import read_ends
from afterall.model import SetLayout

_HEAD_BYTES = 64 << 10
_TAIL_BYTES = 16 << 10
_MOST_LOGS = 2_000
_SHORTEST_NAME = 3
# Lightning's bars show the logger's version, tqdm's as "v_num=3", rich's as "v_num: 3.000" (lightning
# pytorch/callbacks/progress/progress_bar.py, `get_standard_metrics`); one of many digits is rounded.
_VERSION = re.compile(r"\bv_num(?:=|: )(\d{1,3})(?:\.000)?(?=[,\]\s])", re.ASCII)


def shared_log_mentions(set_dir: Path, layout: SetLayout) -> dict[str, tuple[str, ...]]:
    """Return, by a shared log's path, the names of the experiments that its head and tail mention."""
    finder = MentionFinder((one.name, one.roots) for one in layout.experiments)
    return {
        log.path: finder.mentioned_in(read_ends(str(set_dir), log.path, _HEAD_BYTES, _TAIL_BYTES))
        for log in layout.shared_logs[:_MOST_LOGS]
    }


class MentionFinder:
    """Finds the experiments whose directories a text names, or, where it names none, their names."""

    def __init__(self, experiments: Iterable[tuple[str, Sequence[str]]]) -> None:
        """Take each experiment's name and its directories relative to the set."""
        experiments = list(experiments)
        self._paths = _Table((root, name) for name, roots in experiments for root in roots if "/" in root)
        self._names = _Table((name, name) for name, _ in experiments if _tells_apart(name))
        self._versions = _versions(experiments)

    def mentioned_in(self, data: bytes) -> tuple[str, ...]:
        """Return the mentioned experiments' names, sorted; bytes that are no UTF-8 match themselves."""
        text = data.decode("utf-8", "surrogateescape")
        return self._paths.found_in(text) or self._names.found_in(text) or self._in_bars(text)

    def _in_bars(self, text: str) -> tuple[str, ...]:
        shown = {int(version) for version in _VERSION.findall(text)} if self._versions else set()
        return tuple(sorted(self._versions[number] for number in shown if number in self._versions))


class _Table:
    """Texts to look for and the experiments that they stand for."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._experiments = dict(pairs)
        # The longest alternative comes first, so that "runs/a/b" is never read as "runs/a".
        texts = sorted(self._experiments, key=lambda text: (-len(text), text))
        joined = "|".join(re.escape(text) for text in texts)
        # "rank4_seed0", "x-rank4" and "rank4.5" do not name "rank4"; "rank4/", "rank4." and "rank4," do.
        self._pattern = re.compile(rf"(?<![\w-])(?<!\w\.)(?:{joined})(?![\w-])(?!\.\w)") if texts else None

    def found_in(self, text: str) -> tuple[str, ...]:
        if self._pattern is None:
            return ()
        return tuple(sorted({self._experiments[found[0]] for found in self._pattern.finditer(text)}))


def _versions(experiments: Iterable[tuple[str, Sequence[str]]]) -> dict[int, str]:
    """Return the experiments by their versions, where all are versions of one logger's directory."""
    found: dict[int, str] = {}
    loggers = set()
    for name, roots in experiments:
        version = directories.lightning_version(roots[0].rpartition("/")[2]) if len(roots) == 1 else None
        if version is None:
            return {}
        loggers.add(roots[0].rpartition("/")[0])
        found[int(version)] = name
    return found if len(loggers) == 1 else {}


def _tells_apart(name: str) -> bool:
    return len(name) >= _SHORTEST_NAME and re.search(r"[^\W\d]", name) is not None
