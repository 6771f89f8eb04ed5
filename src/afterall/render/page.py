"""Gather what every section is rendered from: the report, and how its names and numbers are written.

Invariant: a metric has the same decimals wherever it stands, and a model the same short name.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from afterall.model import (
    Comparison,
    Experiment,
    Finding,
    FindingCode,
    Ranking,
    Report,
    Scalar,
    Source,
    VaryingParameter,
)
from afterall.render.composing import md
from afterall.render.escaping import Markdown, link, text
from afterall.render.remedies import Remedies
from afterall.render.words.metrics import Digits, is_quality
from afterall.render.words.parameter_names import ParameterNames
from afterall.render.words.parameters import absent, cell, short_models
from afterall.render.words.sparkline import sparkline
from afterall.settings import SetSettings

LONGEST_PATH = 60
LONGEST_NAME = 40


class Page:
    """One report on its way to Markdown; `notes` is what a person wrote, empty where nobody did."""

    def __init__(self, report: Report, settings: SetSettings, notes: str = "") -> None:
        self.report = report
        self.settings = settings
        self.notes = notes

    @cached_property
    def digits(self) -> Digits:
        """How each metric's numbers are written throughout this report."""
        values: dict[str, list[float]] = defaultdict(list)
        for metric, value in _numbers(self.report):
            values[metric].append(value)
        return Digits(values)

    @cached_property
    def names(self) -> ParameterNames:
        """What parameters are called in this report."""
        return ParameterNames(self.settings.names)

    @cached_property
    def remedies(self) -> Remedies:
        """The commands that findings ask for, for a shell in the set's own directory."""
        return Remedies([one for experiment in self.report.experiments for one in experiment.checkpoints])

    @cached_property
    def sparklines(self) -> Mapping[str, str]:
        """Training loss curves as block characters, by experiment; of runs whose log has enough of it."""
        losses = {e.name: e.series.get("loss") or e.by_epoch.get("loss") for e in self.report.experiments}
        drawn = {name: sparkline(loss.points) for name, loss in losses.items() if loss is not None}
        return {name: curve for name, curve in drawn.items() if curve}

    @cached_property
    def models(self) -> Mapping[str, str]:
        """Short names of all models, by their names in configurations."""
        known = [e.parameters["model"].value for e in self.report.experiments if "model" in e.parameters]
        return short_models([*known, *self.report.set.models])

    @cached_property
    def varying(self) -> tuple[VaryingParameter, ...]:
        """The parameters by which runs are compared: no seeds, the model first."""
        wanted = [parameter for parameter in self.report.varying if not parameter.is_seed]
        return tuple(sorted(wanted, key=lambda parameter: parameter.name != "model"))

    @cached_property
    def seeds(self) -> tuple[VaryingParameter, ...]:
        """Varying parameters that only replicate a run."""
        return tuple(parameter for parameter in self.report.varying if parameter.is_seed)

    @cached_property
    def columned(self) -> tuple[VaryingParameter, ...]:
        """Varying parameters with a column of their own in a table of runs: the model and epochs have one."""
        elsewhere = ("model", "epochs") if self.is_known("epochs") else ("model",)
        return tuple(p for p in (*self.varying, *self.seeds) if p.name not in elsewhere)

    @cached_property
    def by_quality(self) -> tuple[Ranking, ...]:
        """The rankings by how good the runs are, the measure that decides first."""
        return tuple(ranking for ranking in self.report.rankings if is_quality(ranking.metric))

    @property
    def deciding(self) -> Ranking | None:
        """The ranking by which runs are judged first, None where nothing ranks them."""
        return self.by_quality[0] if self.by_quality else None

    @cached_property
    def by_name(self) -> Mapping[str, Experiment]:
        """Experiments by their names."""
        return {experiment.name: experiment for experiment in self.report.experiments}

    @cached_property
    def compared_settings(self) -> Counter[tuple[str, ...]]:
        """How many comparisons of different runs have the same settings: more than one need names."""
        return Counter(map(self.settings_of, self.report.comparisons))

    @staticmethod
    def settings_of(comparison: Comparison) -> tuple[str, ...]:
        """Return what a comparison is between, its runs aside."""
        c = comparison
        sides = (c.a.setting, c.b.setting, *sorted(c.equal.items()), *c.confounders)
        return (c.parameter, c.metric, *map(repr, sides))

    def metric(self, experiment: Experiment, name: str) -> str:
        """Return an experiment's metric in words, "—" where it has none."""
        fact = experiment.metrics.get(name)
        return self.digits.write(name, None if fact is None else fact.value)

    def model_of(self, experiment: Experiment) -> Scalar:
        """Return the short name of an experiment's model, None where it does not say."""
        fact = experiment.parameters.get("model")
        return None if fact is None else self.short("model", fact.value)

    def setting(self, parameter: str, value: Scalar) -> Markdown:
        """Return a parameter and its value as short as they stay clear: "rank 64", "tiny-1B"."""
        return text(self.names.setting(parameter, self.short(parameter, value)))

    def setting_of(self, parameter: VaryingParameter, run: str) -> str:
        """Return what a run has of a parameter in plain words, also where it does not say."""
        if run not in parameter.by_experiment and run not in parameter.unset:
            return f"{self.names.phrase(parameter.name)} not told"
        value = self.short(parameter.name, parameter.by_experiment.get(run))
        return self.names.setting(parameter.name, value)

    def value_of(self, name: str, value: Scalar, run: str) -> str:
        """Return a run's value of a parameter alone: "8", "not set"; "—" where it does not say."""
        if value is None and any(p.name == name and run in p.unset for p in self.varying):
            return absent(name)
        return cell(self.short(name, value))

    def short(self, parameter: str, value: Scalar) -> Scalar:
        """Return a parameter's value, a model's by its short name."""
        return self.models.get(value, value) if parameter == "model" and isinstance(value, str) else value

    def is_known(self, metric: str) -> bool:
        """Tell whether any run has this metric."""
        return any(metric in experiment.metrics for experiment in self.report.experiments)

    def place(self, source: Source) -> Markdown:
        """Return a link to the file a fact was read from, with its place; commands are named, not linked."""
        if "/" not in source.file and "." not in source.file:
            named = text(source.file)
        else:
            named = link(_brief(source.file), source.file)
        return md("{}, {}", named, source.where) if source.where else named

    @cached_property
    def codes(self) -> Mapping[str | None, Sequence[FindingCode]]:
        """The kinds of findings by experiment, in the report's order; those of the set under None."""
        found: dict[str | None, list[FindingCode]] = defaultdict(list)
        for finding in self.report.findings:
            found[finding.experiment].append(finding.code)
        return dict(found)

    def findings(self, *codes: FindingCode) -> list[Finding]:
        """Return the findings of these kinds, in the report's order."""
        return [finding for finding in self.report.findings if finding.code in codes]


def _brief(path: str) -> str:
    """Return a path as a link's words: a long one by its name alone, a long name without its middle."""
    if len(path) <= LONGEST_PATH:
        return path
    name = path.rpartition("/")[2]
    return f"…/{name}" if len(name) <= LONGEST_NAME else f"…/{name[:20]}…{name[-16:]}"


def _numbers(report: Report) -> Iterator[tuple[str, float]]:
    """Yield every metric value that the report may show."""
    for experiment in report.experiments:
        for name, fact in experiment.metrics.items():
            if isinstance(fact.value, int | float) and not isinstance(fact.value, bool):
                yield name, fact.value
    for ranking in report.rankings:
        yield from ((ranking.metric, value) for value in ranking.values.values())
    for comparison in report.comparisons:
        yield comparison.metric, comparison.a.value
        yield comparison.metric, comparison.b.value
    for better in report.better_checkpoints:
        yield better.metric, better.value
        yield better.metric, better.last_value
    for gap in report.gaps:
        yield "mean_last_loss", gap.train
        yield "final_val_loss", gap.validation
