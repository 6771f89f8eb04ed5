"""Read the configuration that verl prints as it starts, and keep of it what describes the training.

Format: Python's pprint of the whole tree, from `{'actor_rollout_ref': {'actor': {…` over some 300 lines to
the brace that closes it, each behind the name of its Ray task. Source: verl trainer/main_ppo.py
(TaskRunner.run).
"""

import ast
import re
import warnings
from collections.abc import Mapping

from afterall.model import Fact
from afterall.scan.logs.lines import Line
from afterall.scan.parameters.flat import flatten

PRINTED = b"{'actor_rollout_ref': {"
_BEGIN = re.compile(r"\{'actor_rollout_ref': \{")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_NO_NUMBER = re.compile(r"(?<=: )-?(?:inf|nan)(?=[,}\]])")
"""As Python prints what its literals cannot say."""
_MOST_LINES, _MOST_CHARACTERS, _DEEPEST, _LONGEST_LINE = 3000, 1 << 18, 40, 2000
_MOST_OTHERS = 2000
"""Lines of other tasks that may stand between."""
_KEPT = re.compile(
    r"data\.(?!\w*key$|custom|datagen|sampler)\w+|algorithm\..+"
    r"|actor_rollout_ref\.actor\.(?!checkpoint|profiler|router_replay|tensorboard)[\w.]+"
    r"|actor_rollout_ref\.model\.(?:path|lora_\w+|target_modules|enable_gradient_checkpointing)"
    r"|actor_rollout_ref\.rollout\.(?:n|name|temperature|top_[kp]|tensor_model_parallel_size)"
    r"|trainer\.(?:total_epochs|total_training_steps|save_freq|test_freq|nnodes|n_gpus_per_node|critic_warmup)"
)
_OF_CRITIC = re.compile(r"critic\.(?:optim\.[\w.]+|model\.path|ppo_\w+|cliprange_value|grad_clip)")
_OF_ADAPTER = re.compile(r"actor_rollout_ref\.model\.(?:lora_\w+|target_modules)")
_RANK = "actor_rollout_ref.model.lora_rank"


class VerlConfig:
    """The configuration of one run; a second one replaces the first."""

    def __init__(self, name: str) -> None:
        self.values: dict[str, Fact] = {}
        self._name = name
        self._lines: list[str] = []
        self._label = ""
        self._where = ""
        self._depth = 0
        self._length = 0
        self._others = 0

    @property
    def is_open(self) -> bool:
        """True within the printed tree."""
        return bool(self._lines)

    def read(self, line: Line) -> bool:
        """Take a line if it belongs to the tree."""
        if not self._lines:
            if _BEGIN.match(line.text) is None:
                return False
            self._label, self._where = line.label, line.where
            self._depth = self._length = self._others = 0
        elif line.label != self._label:
            self._others += 1
            self._lines = self._lines if self._others < _MOST_OTHERS else []
            return False
        elif not line.text.startswith(" "):
            self._lines = []
            return False
        self._take(line)
        return True

    def _take(self, line: Line) -> None:
        bare = _TEXT.sub("", line.text[:_LONGEST_LINE])
        self._depth += bare.count("{") + bare.count("[") - bare.count("}") - bare.count("]")
        self._length += len(line.text)
        self._lines.append(line.text)
        if self._depth <= 0:
            self._end()
        elif (
            not line.is_complete
            or len(line.text) > _LONGEST_LINE
            or self._depth > _DEEPEST
            or len(self._lines) > _MOST_LINES
            or self._length > _MOST_CHARACTERS
        ):
            self._lines = []

    def _end(self) -> None:
        text, self._lines = _NO_NUMBER.sub("None", "\n".join(self._lines)), []
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return
        told = flatten(tree, self._name, self._where).values
        self.values.clear()
        self.values |= {key: fact for key, fact in told.items() if _is_of_training(key, fact, told)}


def _is_of_training(key: str, fact: Fact, told: Mapping[str, Fact]) -> bool:
    """Tell what somebody chose, or the run depends on, from defaults of what it does not use."""
    if fact.value is None or "_target_" in key:
        return False
    if _OF_ADAPTER.fullmatch(key) is not None:
        rank = told.get(_RANK)
        return rank is not None and rank.value not in (0, None)
    if _OF_CRITIC.fullmatch(key) is not None:
        estimator = told.get("algorithm.adv_estimator")
        return estimator is not None and estimator.value == "gae"
    return _KEPT.fullmatch(key) is not None
