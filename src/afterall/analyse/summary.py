"""Sum up the set itself: its status, counts, dates and what it says of itself.

Invariant: the status never claims more than the experiments do. While a job lives the set is incomplete. When
none does, one experiment that ended without having trained makes it failed, also where others were never
submitted, because a failure asks for someone to act and nothing will come by itself. Without a failure,
anything never submitted or unknown leaves it incomplete; only a set whose every experiment trained is
complete.
"""

from collections.abc import Iterable, Sequence

from afterall.analyse.dates import date_set
from afterall.analyse.material import Material
from afterall.analyse.ordering import natural_key
from afterall.analyse.places import moved_from
from afterall.analyse.readings import has_failed, has_trained, is_alive
from afterall.analyse.readme import Readme, parse_readme
from afterall.model import Attempt, Experiment, SetStatus, SetSummary, State


def summarise(material: Material, experiments: Sequence[Experiment]) -> SetSummary:
    """Return the set's summary; `experiments` are the material's, in natural order."""
    layout, settings = material.layout, material.settings
    readme = Readme() if material.readme is None else parse_readme(material.readme)
    dates = date_set(layout, experiments)
    return SetSummary(
        name=layout.name,
        path=layout.path,
        status=status_of(experiments, material.matched.unplaced),
        counts=_counts(experiments),
        trained=sum(map(has_trained, experiments)),
        first=dates.first,
        last=dates.last,
        dates_from_files=dates.from_files,
        title=settings.title or readme.title,
        description=settings.description or readme.paragraph,
        task=settings.task or _task(experiments),
        models=_names(experiments, "model"),
        datasets=_names(experiments, "dataset"),
        asked=material.observation.asked,
        moved_from=moved_from(layout, experiments),
    )


def status_of(experiments: Sequence[Experiment], unplaced: Sequence[Attempt] = ()) -> SetStatus:
    """Return how the set stands; `unplaced` are its jobs that no experiment has.

    A set without experiments is incomplete.
    """
    living = any(map(is_alive, experiments)) or any(job.is_alive for job in unplaced)
    if not experiments or living:
        return SetStatus.INCOMPLETE
    if any(map(has_failed, experiments)):
        return SetStatus.FAILED
    return SetStatus.COMPLETE if all(map(has_trained, experiments)) else SetStatus.INCOMPLETE


def _counts(experiments: Sequence[Experiment]) -> dict[State, int]:
    states = [experiment.state for experiment in experiments]
    return {state: states.count(state) for state in State if state in states}


def _task(experiments: Iterable[Experiment]) -> str | None:
    """Return the name of the task that was evaluated, where the evaluations agree on one."""
    evaluations = (evaluation for experiment in experiments for evaluation in experiment.evaluations)
    tasks = {evaluation.task for evaluation in evaluations if not evaluation.is_validation}
    return tasks.pop() if len(tasks) == 1 else None


def _names(experiments: Iterable[Experiment], parameter: str) -> tuple[str, ...]:
    """Return a parameter's values as the experiments tell them, paths as paths."""
    facts = (experiment.parameters.get(parameter) for experiment in experiments)
    texts = {str(fact.value) for fact in facts if fact is not None and fact.value not in (None, "")}
    return tuple(sorted(texts, key=natural_key))
