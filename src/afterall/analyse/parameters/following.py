"""Fold parameters that merely go along with another into it: layers into the model, alpha into the rank.

Invariant: a parameter that people choose for its own sake is never folded; it can only be confounded.
"""

from collections.abc import Collection, Mapping

from afterall.analyse.ordering import identity
from afterall.analyse.parameters.names import CHOSEN, FOLLOWS_FIRST, last_word
from afterall.model import Scalar

_OF_THE_MODEL = ("model.", "tokenizer.", "checkpointer.", "config.")

Columns = Mapping[str, Mapping[str, Scalar]]


def fold(
    others: Columns, seeds: Columns, *, protected: Collection[str], ran: Collection[str]
) -> dict[str, list[str]]:
    """Return the leaders in their order, each with the parameters that move with it.

    `others` and `seeds` are in order of prominence; the first that a parameter follows leads it, a seed only
    where nothing else does. `protected` parameters always lead. Only experiments in `ran` can show who
    follows whom.
    """
    leaders: dict[str, list[str]] = {}
    for name in others:
        leader = None if name in protected or name in CHOSEN else _leader_of(name, others, leaders, ran)
        if leader is None:
            leaders[name] = []
        elif not _only_repeats(name, leader, others):
            leaders[leader].append(name)
    for name in seeds:
        leader = _leader_of(name, seeds, [n for n in leaders if n in seeds], ran)
        if leader is None or name in protected:
            leaders[name] = []
        else:
            leaders[leader].append(name)
    return _seed_followers(leaders, others, seeds, (protected, ran))


def _only_repeats(name: str, leader: str, columns: Columns) -> bool:
    """Tell whether a parameter is its leader again, as `model.hidden` of one file is `hidden` of another."""
    if last_word(name) != last_word(leader):
        return False
    return all(
        run in columns[leader] and identity(columns[leader][run]) == identity(value)
        for run, value in columns[name].items()
    )


def _seed_followers(
    leaders: dict[str, list[str]],
    others: Columns,
    seeds: Columns,
    limits: tuple[Collection[str], Collection[str]],
) -> dict[str, list[str]]:
    protected, ran = limits
    for name in [n for n in leaders if n in others and n not in CHOSEN and n not in protected]:
        for seed in (n for n in leaders if n in seeds):
            if _goes_along(others[name], seeds[seed], ran, one_to_one=True):
                leaders[seed] += [name, *leaders.pop(name)]
                break
    return leaders


def _leader_of(name: str, columns: Columns, leaders: Collection[str], ran: Collection[str]) -> str | None:
    first = FOLLOWS_FIRST.get(name)
    for leader in sorted(leaders, key=lambda leader: leader != first):
        one_to_one = not (leader == "model" and name.startswith(_OF_THE_MODEL))
        if _goes_along(columns[name], columns[leader], ran, one_to_one=one_to_one):
            return leader
    return None


def _goes_along(
    follower: Mapping[str, Scalar], leader: Mapping[str, Scalar], ran: Collection[str], *, one_to_one: bool
) -> bool:
    """Tell whether the leader's value fixes the follower's in every run, and the other way round if asked.

    Runs that say nothing of the leader leave it open, so one of them is enough to say no.
    """
    runs = [run for run in follower if run in ran]
    if any(run not in leader for run in runs):
        return False
    pairs = {(identity(leader[run]), identity(follower[run])) for run in runs}
    causes = {cause for cause, _ in pairs}
    effects = {effect for _, effect in pairs}
    return len(causes) > 1 and len(pairs) == len(causes) and (not one_to_one or len(pairs) == len(effects))
