"""Describe how runs compare: what varies between them, pair by pair, ranked, and repeated.

Invariant: every number is finite, but for `Ranking.values`, which keeps NaN and infinity as logged.
"""

from enum import StrEnum

from msgspec import Struct

from afterall.model.facts import Scalar, Source


class Direction(StrEnum):
    """Which way a metric is better."""

    DOWN = "down"
    UP = "up"
    UNKNOWN = "unknown"


class ComparedAt(StrEnum):
    """Where two runs stand that are compared."""

    STEP = "step"
    """At the same optimizer step."""
    EPOCH = "epoch"
    """At the same epoch, the step counts differing because their batches do."""
    RATE = "rate"
    """A rate or a whole run's time: no single step is meant."""
    NEITHER = "neither"
    """At different points of training, or the points are not known: no ratio can be claimed."""


class VaryingParameter(Struct, frozen=True, kw_only=True):
    """A parameter that differs between experiments: its values ascending, numbers as numbers."""

    name: str
    values: tuple[Scalar, ...]
    by_experiment: dict[str, Scalar]
    """Experiments that do not say are left out."""
    is_seed: bool = False
    moves_with: tuple[str, ...] = ()
    """Other parameters whose values are fixed by this one's throughout the set."""
    unset: tuple[str, ...] = ()
    """Experiments that are known to have none of it, which is a setting too: no rank is no rank of 0."""
    shapes_loss: bool = False
    """True where it is part of the loss itself, as DPO's beta: losses of its values measure other things."""


class Side(Struct, frozen=True, kw_only=True):
    """One side of a comparison: one run, or the replicates of one setting (`n` > 1)."""

    experiment: str
    """The run, or the first of the replicates."""
    setting: Scalar
    """The compared parameter's value, None where the run does not have it."""
    value: float
    """The run's value, or the replicates' mean."""
    step: int | None
    """None where it is unknown, or differs between the replicates."""
    source: Source
    """Where the value of `experiment` was read."""
    epoch: float | None = None
    experiments: tuple[str, ...] = ()
    """All runs behind the value, in natural order."""
    n: int = 1
    sd: float | None = None
    """Standard deviation (n - 1) between the replicates; None for a single run."""
    not_finite: tuple[str, ...] = ()
    """Replicates left out because they diverged: their value is NaN or infinite."""
    stderr: float | None = None
    """An evaluation's own standard error over its samples; None for means of replicates and other metrics."""


class PairedTest(StrEnum):
    """How two evaluations were compared sample by sample."""

    MCNEMAR = "mcnemar"
    """Every sample scored 0 or 1: exact McNemar test."""
    PAIRED_T = "paired_t"
    """Other scores, of many samples: paired t test."""
    SIGN_FLIP = "sign_flip"
    """Other scores, of few samples: exact permutation test by flipping signs."""


class SamplePairs(Struct, frozen=True, kw_only=True):
    """Two sides' scores of the same samples, held against each other.

    It speaks of these trained models and of samples like these, not of other seeds.
    """

    test: PairedTest
    samples: int
    """Samples that both sides have, at least 2."""
    samples_a: int
    samples_b: int
    """All that each side has."""
    higher_a: int
    """Shared samples that score higher at a."""
    higher_b: int
    difference: float
    """Mean of b - a over the shared samples."""
    low: float
    """Where the difference's 95 % interval begins; not corrected."""
    high: float
    """Where it ends."""
    raw_p_value: float
    """Two-sided, not corrected."""
    p_value: float
    """Corrected (Holm) for all comparisons by this metric that have pairs."""
    within_chance: bool
    """True: such samples alone may make the difference."""
    family: int = 1
    """How many comparisons these are."""


class Comparison(Struct, frozen=True, kw_only=True):
    """Two runs that differ in one parameter; `confounders` are the others that differ too."""

    parameter: str
    metric: str
    direction: Direction
    a: Side
    b: Side
    equal: dict[str, Scalar]
    """Varying parameters that are equal on both sides."""
    confounders: tuple[tuple[str, Scalar, Scalar], ...] = ()
    """Name, value at a, value at b; None where a run does not say."""
    same_step: bool = True
    """False: the values belong to different points of training, and no ratio may be claimed."""
    compared_at: ComparedAt = ComparedAt.STEP
    moves_with: tuple[str, ...] = ()
    """Parameters that changed together with the compared one by design, as lora_alpha with lora_rank."""
    same_seeds: bool | None = None
    """Whether both sides ran the same seeds; None where the seeds are not known."""
    noise_sd: float | None = None
    """Standard deviation between replicates, pooled over the set; None where no setting was repeated."""
    p_value: float | None = None
    """Two-sided, corrected (Holm) for all comparisons by this metric: Welch's t where both sides scatter,
    else Student's with `noise_sd`. None without any replicates, or at different points of training."""
    half_width: float | None = None
    """Of the difference's 95 % interval, from the same test and not corrected."""
    effect_size: float | None = None
    """Hedges' g, positive where b is larger; None where a side ran once."""
    within_noise: bool | None = None
    """True: a tie, the replicates differ as much. None where no replicates tell what noise is."""
    pairs: SamplePairs | None = None
    """An evaluation's samples compared one by one; None without shared samples that have scores."""


class BetterCheckpoint(Struct, frozen=True, kw_only=True):
    """A checkpoint that an evaluation scores higher than its run's last one, by more than samples explain.

    It speaks of these two states of one run, and of samples like these.
    """

    experiment: str
    metric: str
    """"task/scorer/metric"."""
    checkpoint: str
    path: str
    value: float
    last: str
    """The run's last checkpoint, or the one that was evaluated in its place."""
    last_value: float
    p_value: float
    """Two-sided, corrected (Holm) for all checkpoints held against their run's last by this metric."""
    family: int
    """How many these are."""
    pairs: SamplePairs | None = None
    """The samples compared one by one, the last checkpoint's side a, not corrected; None where both scores'
    standard errors tell."""


class Ranking(Struct, frozen=True, kw_only=True):
    """All experiments by one metric, best first; those without a finite value last."""

    metric: str
    direction: Direction
    order: tuple[str, ...]
    values: dict[str, float]
    """Experiments without a value are left out; NaN and infinity are kept."""
    tied_with_best: tuple[str, ...] = ()
    """Those that differ from the first no more than replicates do; empty where no setting was repeated."""
    unfinished: tuple[str, ...] = ()
    """Experiments whose training did not reach its end: their values stand behind those that did."""
    checkpoint: str = ""
    """For an evaluation (metric "task/scorer/metric"): "final", or the checkpoint that was evaluated."""
    noise_sd: float | None = None
    """Standard deviation between replicates, pooled over the set."""


class Spread(Struct, frozen=True, kw_only=True):
    """One metric over the replicates of a setting; `sd` has n - 1 in its denominator."""

    n: int
    """Replicates with a finite value, at least 2."""
    mean: float
    sd: float
    not_finite: tuple[str, ...] = ()
    """Replicates left out because their value is NaN or infinite."""


class Replicates(Struct, frozen=True, kw_only=True):
    """Runs that differ in their seed alone."""

    experiments: tuple[str, ...]
    """At least two, in natural order."""
    settings: dict[str, Scalar]
    """What the set varies, without seeds, as these runs have it."""
    seeds: tuple[Scalar, ...]
    metrics: dict[str, Spread]
    """By metric name; metrics that fewer than two of them have are left out."""


class ValidationGap(Struct, frozen=True, kw_only=True):
    """Validation against training loss of one run at its end.

    `train` is the mean of the last logged steps, or the last one where these would be most of the run.
    """

    experiment: str
    train: float
    validation: float
    step: int | None
