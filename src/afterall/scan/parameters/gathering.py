"""Gather what all sources say of the parameters, under common names, and decide whose word counts.

Invariant: one value a name, from the source of the highest standing; secrets are masked before anything else
sees them; where sources contradict each other on a setting that names experiments, a finding says so.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from afterall.model import Fact, Finding, FindingCode, Scalar
from afterall.scan.parameters.canonical import canonical_dtype
from afterall.scan.parameters.exclusions import is_hyperparameter
from afterall.scan.parameters.names import LABELLED, LABELS, common_name
from afterall.scan.parameters.short_names import shortened
from afterall.scan.parameters.spellings import respelled
from afterall.scan.parameters.standing import Standing
from afterall.scan.parameters.unordered import in_one_order
from afterall.scan.secrets import MASK, is_secret_name, mask_secrets

MOST_PARAMETERS = 2000
_COMPARED = ("learning_rate", "lora_rank", "seed")
_NEVER_COMPARED = frozenset({Standing.WRITTEN, Standing.SAVED})
"""Configurations that lie beside a run need not be the ones it ran with."""
_VERLS_STEPS = "trainer.total_training_steps"
_STAND_INS = {"dataset": "dataset._component_"}
"""What tells a common parameter where nothing else does: torchtune's builders bear the names of data sets."""


class Said(Struct, frozen=True):
    """One source's settings under its own dotted keys."""

    standing: Standing
    values: dict[str, Fact]


class _Candidate(Struct, frozen=True):
    """One setting under a common name, and how it ranks among others of that name: the least wins."""

    order: tuple[int, int, int, str]
    source: int
    standing: Standing
    key: str
    fact: Fact


def gather(sources: Iterable[Said], names: frozenset[str]) -> tuple[dict[str, Fact], tuple[Finding, ...]]:
    """Return the parameters, common names first, and what sources contradict each other on.

    `names` are those of the experiment and its directories: a value that only repeats one is a run's name.
    """
    common: dict[str, list[_Candidate]] = {}
    others: dict[str, list[_Candidate]] = {}
    for index, said in enumerate(sorted(sources, key=lambda said: said.standing)):
        for key, given in respelled(said.values).items():
            fact = _masked(key, given)
            candidate = _candidate(key, fact, index, said.standing)
            if candidate is not None:
                common.setdefault(candidate[0], []).append(candidate[1])
            elif common_name(key) is None and is_hyperparameter(key, fact.value, names):
                written = Fact(_written(key, fact.value), fact.source, fact.unit)
                order = (said.standing, index, 0, key)
                others.setdefault(key, []).append(_Candidate(order, index, said.standing, key, written))
    chosen = _chosen(common)
    if _goes_by_steps(chosen):
        chosen.pop("epochs", None)
    parameters = {name: candidate.fact for name, candidate in chosen.items()}
    uncommon = {key: candidate.fact for key, candidate in _chosen(others).items()}
    for name, used in chosen.items():
        uncommon |= _differing(used, common[name])
    for name, key in _STAND_INS.items():
        if name not in parameters and key in uncommon:
            stood_in = uncommon.pop(key)
            parameters[name] = Fact(str(stood_in.value).rpartition(".")[2], stood_in.source)
    for key in sorted(uncommon):
        if len(parameters) < MOST_PARAMETERS:
            parameters.setdefault(key, uncommon[key])
    return parameters, tuple(_contradictions(chosen, common))


def _chosen(candidates: dict[str, list[_Candidate]]) -> dict[str, _Candidate]:
    """Return what counts of each setting; none where nobody knows which of two configurations was used."""
    chosen = {}
    for name, found in sorted(candidates.items()):
        in_order = sorted(found, key=lambda each: each.order)
        sure = next((each for each in in_order if not _is_doubtful(each, in_order)), None)
        if sure is not None:
            chosen[name] = sure
    return chosen


def _goes_by_steps(chosen: Mapping[str, _Candidate]) -> bool:
    """Tell whether the trainer counted steps, whatever epochs are told: a default, or what came of the steps.

    "If set to a positive number, the total number of training steps to perform. Overrides num_train_epochs."
    (transformers training_args.py, `max_steps`; axolotl's reads `num_epochs` alike, and verl's
    `trainer.total_training_steps` its `total_epochs`.) A script's `max_train_steps` may be what it computed
    from the epochs, and a directory's name promises no argument.
    """
    steps, epochs, model = (chosen.get(name) for name in ("max_steps", "epochs", "model"))
    if steps is None or steps.standing >= Standing.PLAN:
        return False
    if steps.key == _VERLS_STEPS:
        return epochs is not None and _last_word(epochs) == "total_epochs"
    if _last_word(steps) != "max_steps":
        return False
    is_axolotls = model is not None and model.key == "base_model"
    overridden = ("num_train_epochs", "num_epochs") if is_axolotls else ("num_train_epochs",)
    return epochs is not None and _last_word(epochs) in overridden


def _last_word(candidate: _Candidate) -> str:
    return candidate.key.rpartition(".")[2].replace("-", "_")


def _is_doubtful(one: _Candidate, others: Iterable[_Candidate]) -> bool:
    """Tell whether another file as near to the run, which a person wrote too, says otherwise."""
    return one.standing is Standing.WRITTEN and any(
        other.standing is Standing.WRITTEN
        and other.source != one.source
        and other.fact.value != one.fact.value
        and _depth(other) <= _depth(one)
        for other in others
    )


def _depth(candidate: _Candidate) -> int:
    return candidate.fact.source.file.count("/")


def _written(key: str, value: Scalar) -> Scalar:
    """Return an uncommon setting's value as one writes it whatever the configuration."""
    if isinstance(value, str) and key.endswith("dtype"):
        return canonical_dtype(value)
    return in_one_order(key, value)


def _masked(key: str, fact: Fact) -> Fact:
    if not isinstance(fact.value, str):
        return fact
    value = MASK if is_secret_name(key) and fact.value else mask_secrets(fact.value)
    return Fact(value, fact.source, fact.unit)


def _candidate(key: str, fact: Fact, source: int, standing: Standing) -> tuple[str, _Candidate] | None:
    known = common_name(key)
    if known is None or fact.value == MASK:
        return None
    name, telling = known
    value = shortened(name, fact.value)
    if value is None:
        return None
    is_label = name in LABELLED and telling < LABELS
    order = (0 if is_label else standing, source, telling, key)
    return name, _Candidate(order, source, standing, key, Fact(value, fact.source, fact.unit))


def _differing(chosen: _Candidate, found: list[_Candidate]) -> dict[str, Fact]:
    """Return what the chosen source itself says otherwise under another key: that is another setting."""
    return {
        candidate.key: candidate.fact
        for candidate in found
        if candidate.source == chosen.source
        and candidate.key != chosen.key
        and candidate.fact.value != chosen.fact.value
        and "." in candidate.key
    }


def _contradictions(chosen: dict[str, _Candidate], common: dict[str, list[_Candidate]]) -> Iterator[Finding]:
    for name in _COMPARED:
        if name not in chosen:
            continue
        used = chosen[name]
        for other in sorted(common[name], key=lambda found: found.order):
            compared = other.source != used.source and other.standing not in _NEVER_COMPARED
            if compared and other.fact.value != used.fact.value:
                evidence = {
                    "metric": name,
                    "a": used.fact.value,
                    "a_file": used.fact.source.file,
                    "b": other.fact.value,
                    "b_file": other.fact.source.file,
                }
                yield Finding(
                    code=FindingCode.SOURCES_DISAGREE,
                    subject=name,
                    evidence=evidence,
                    sources=(used.fact.source, other.fact.source),
                )
                break
