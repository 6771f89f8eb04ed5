"""Words for every kind of next step: a heading, which several may share, and a sentence from its details."""

from collections.abc import Mapping
from typing import LiteralString

from msgspec import Struct

from afterall.model import NextStepKind

Forms = tuple[LiteralString, ...]


_ANALYSIS: LiteralString = "Suggested Analysis"
_FURTHER: LiteralString = "Potential Follow-up Experiments"

_BEYOND: LiteralString = (
    "Try {parameter:parameter} {value:value}, beyond the {edge} value tried: {metric:metric} was {trend} "
    "with each value towards it ({measured} at {tried:values}"
)
_PLACES: Forms = ("; step {step}", "; epoch {epoch}")
_OF: Forms = (", one run each{is_single:if})", ", means where a setting ran more than once)")
_ALONG: Forms = ("; {moves_with:parameters} went along with it.", ".")


class StepWording(Struct, frozen=True):
    """The words for one kind; names in braces are keys of `NextStep.details`, or `who`, the experiments."""

    title: LiteralString
    says: Forms
    """Alternatives, the most telling first; the last needs nothing but `who`."""


STEPS: Mapping[NextStepKind, StepWording] = {
    NextStepKind.EVALUATE: StepWording(
        "Run Evaluations",
        (
            "Evaluate {checkpoint:code} of {who} on {task:code}, as was done for the other runs.",
            "Evaluate {checkpoint:code} of {who}.",
            (
                "No evaluation was found, nor a script for one: score the last checkpoints of {who} on data "
                "that none of them was trained on."
            ),
        ),
    ),
    NextStepKind.RESUBMIT: StepWording(
        "Run Unfinished Experiments Again",
        (
            "Submit {who} again with {memory_mib} MiB of memory per node instead of {old_memory_mib} MiB.",
            (
                "Submit {who} again with a time limit of {time_limit_s:duration} instead of "
                "{old_time_limit_s:duration}."
            ),
            "Submit {who} again with more memory{lacked_memory:if}.",
            "Submit {who} again with a longer time limit{lacked_time:if}.",
            "Cancel the job of {who}, and submit it again without the dependency{had_dependency:if}.",
            "Make the directories of {who} that its job needs, then submit it again{did_not_launch:if}.",
            "Repair the cause told under Issues and Notes, then submit {who} again{cause:if}.",
            "Find out why {who} did not come to an end, then submit it again{is_unexplained:if}.",
            "Submit {who} again, if the results are still wanted.",
        ),
    ),
    NextStepKind.SUBMIT: StepWording(
        "Submit What Never Ran",
        (
            (
                "Submit {who}, once its script sets {unset:parameters}: the name promises a value and no "
                "file sets one."
            ),
            "Submit {who}.",
        ),
    ),
    NextStepKind.RERUN_EVALUATION: StepWording(
        "Run Evaluations",
        (
            "Evaluate {checkpoint:code} of {who} on {task:code} again.",
            "Repeat the evaluation {task:code} of {who}.",
            "Repeat the failed evaluation of {who}.",
        ),
    ),
    NextStepKind.INTERMEDIATE_VALUES: StepWording(
        _FURTHER,
        (
            "Try {parameter:parameter} {values:values}, between {lower:value} and {upper:value}.",
            "Try values between those that were measured.",
        ),
    ),
    NextStepKind.BEYOND_RANGE: StepWording(
        _FURTHER,
        (
            *(_BEYOND + place + of + along for along in _ALONG for place in _PLACES for of in _OF),
            "Try values beyond those that were tried.",
        ),
    ),
    NextStepKind.MORE_SEEDS: StepWording(
        _FURTHER,
        (
            (
                "None of {settings} settings was repeated with another known seed ({runs} runs): two more "
                "seeds for each would tell differences from chance."
            ),
            (
                "{settings} settings were trained once, with {seed:parameter} {used:value}: two more seeds "
                "for each would tell differences from chance."
            ),
            (
                "{settings} settings were trained once: two more seeds for each would tell differences from "
                "chance."
            ),
            (
                "{tied} runs tie for the best within the noise of their seeds ({used} so far): more seeds "
                "would tell their settings apart."
            ),
            (
                "{tied} runs tie for the best within the noise of their seeds: more seeds would tell their "
                "settings apart."
            ),
            "More seeds would tell differences from chance.",
        ),
    ),
    NextStepKind.LONGER_TRAINING: StepWording(
        _FURTHER,
        (
            "Train {who} for more than {epochs:n epoch}: training loss was still falling at the end.",
            "Train {who} longer: training loss was still falling at the end.",
        ),
    ),
    NextStepKind.EARLIER_CHECKPOINT: StepWording(
        _ANALYSIS,
        (
            (
                "Use and evaluate {checkpoint:code} of {who} rather than its last one: validation loss was "
                "{lowest} there, and {last} at the end."
            ),
            (
                "Use {checkpoint:code} of {who} rather than its last one: by {metric:metric} the two scored "
                "{measured}, which samples alone do not explain."
            ),
            "Use an earlier checkpoint of {who} than its last one.",
        ),
    ),
    NextStepKind.WAIT: StepWording(
        "Wait for the Remaining Jobs",
        (
            "{who} will not start before somebody releases its job{held:if}.",
            "{jobs} jobs of {who} have not ended; write this report again when they have{are_several:if}.",
            "The job of {who} has not ended; write this report again when it has.",
        ),
    ),
    NextStepKind.FIX_MODE: StepWording(
        "Let the Group Read the Weights",
        (
            "{files} weight files of {who} can be read by their owner alone.",
            "Some weight files of {who} can be read by their owner alone.",
        ),
    ),
    NextStepKind.COMPARE_EVALUATIONS: StepWording(
        _ANALYSIS,
        (
            (
                "Of the evaluated runs the best by {loss:metric} is {best_by_loss}, the best by "
                "{metric:score} of {task:code} {best_by_evaluation}. Compare them sample by sample."
            ),
            "Compare {metric:score} of {task:code} with {loss:metric}: do they rank the runs alike?",
            "Compare the scores of evaluations with the losses: do they rank the runs alike?",
        ),
    ),
}
"""Complete over NextStepKind."""
