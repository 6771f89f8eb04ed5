"""Words for how training went, as its curves show it, and as fast as others."""

from collections.abc import Mapping
from typing import LiteralString

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Forms, Wording

_MORE_TIME: LiteralString = (
    "needed {longer:percent} more time for the same work than the median of {equals} runs that ought to be "
    "as fast: {measure:metric} "
)
_NUMBERS: Forms = (
    "{value} against {usual} (the slowest of them {slowest})",
    "{value_s:duration} against {usual_s:duration} (the slowest of them {slowest_s:duration})",
)
_PLACES: Forms = (
    "; on the same node: {shared_node}, where the {slow_runs} slow runs ran and none of the others",
    "; on the same nodes: {shared_nodes}, where the {slow_runs} slow runs ran and none of the others",
    "; on {nodes}, where none of them ran{none_there:if}",
    "; on {nodes}, where {equals_there} of them ran too",
    "; on {nodes}",
    "",
)

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.LOSS_SPIKE: Wording(
        title="Loss Spike",
        says=(
            (
                "training loss jumped to {value} at step {step} ({around} around it), the largest of "
                "{spikes:n spike}"
            ),
            "training loss jumped far above its neighbours",
        ),
        cause=("A bad batch, a learning rate at its limit, or an overflow in half precision.",),
        impact=("Where the loss came back soon after, the result is usually sound.",),
        resolution=(
            "Clip gradients (`max_grad_norm`), lower the learning rate, and look at the data there.",
        ),
    ),
    FindingCode.LOSS_ROSE: Wording(
        title="Training Loss Rose Again",
        says=(
            (
                "training loss rose from {lowest} (around step {lowest_step}) to {last} at the end, above "
                "where it began{above_start:if}"
            ),
            "training loss rose from {lowest} (around step {lowest_step}) to {last} at the end",
            "training loss rose again and stayed there",
        ),
        cause=("Training became unstable: too high a learning rate is the usual reason.",),
        impact=("What it was at the end is worse than what it had been.",),
        resolution=("Lower the learning rate or lengthen the warm-up; evaluate an earlier checkpoint.",),
    ),
    FindingCode.OVERFITTING: Wording(
        title="Overfitting",
        says=(
            (
                "validation loss rose from {lowest} (step {lowest_step}, saved as {checkpoint:code}) to "
                "{last}, while training loss fell from {train_then} to {train_now}"
            ),
            (
                "validation loss rose from {lowest} (step {lowest_step}) to {last}, while training loss fell "
                "from {train_then} to {train_now}"
            ),
            (
                "validation loss rose from {lowest} (epoch {lowest_epoch:value}) to {last}, while training "
                "loss fell from {train_then} to {train_now}"
            ),
            "validation loss rose while training loss fell",
        ),
        cause=("The run learned its training data beyond what carries over to the rest.",),
        impact=("At the end it generalises worse than near the lowest validation loss.",),
        resolution=(
            "Evaluate {checkpoint:code}; train for fewer epochs, or with a lower rank, more data or dropout.",
            "Train for fewer epochs, save at each validation, or use a lower rank, more data or dropout.",
        ),
    ),
    FindingCode.STILL_FALLING: Wording(
        title="Loss Still Falling",
        says=(
            (
                "training loss was still falling at the end: by {per_third:percent} over the last third of "
                "the steps, to {last}"
            ),
            "training loss was still falling at the end",
        ),
    ),
    FindingCode.LEARNING_RATE_ENDED: Wording(
        title="Learning Rate Ended Early",
        says=(
            "the learning rate was as good as zero from step {step} of {last_step} on",
            "the learning rate was as good as zero long before the end",
        ),
        cause=("The schedule was planned for fewer steps than were trained.",),
        impact=("The steps after it changed nothing: their time was lost.",),
        resolution=("Give the scheduler the number of steps that are really trained.",),
    ),
    FindingCode.THROUGHPUT_DROPPED: Wording(
        title="Throughput Dropped",
        says=(
            (
                "throughput fell from {before} to {after} tokens/s per GPU (medians before step {since_step} "
                "and from there on)"
            ),
            "throughput fell while it ran",
        ),
        cause=("A node shared with others, a throttled GPU, or a slow file system.",),
        impact=("It took longer than it had to; losses are not affected.",),
        resolution=(
            "Compare with the node's other jobs at that time (`sacct -N NODE`), and its GPU's clocks.",
        ),
    ),
    FindingCode.STRAGGLER: Wording(
        title="Slower Than Its Equals",
        says=(
            *(_MORE_TIME + numbers + place for place in _PLACES for numbers in _NUMBERS),
            "was slower than runs that ought to be as fast",
        ),
        unexplained=("Not known: what slowed it is not recorded.",),
        impact=(
            "Its time and throughput say little of its settings; losses are not affected. All ran on {gpu}.",
            (
                "Its time and throughput say little of its settings; losses are not affected. The model of "
                "their GPUs is not recorded."
            ),
        ),
        resolution=(
            (
                "Look at what else ran on {shared_node} at that time (`sacct -N`) and at its GPUs' clocks; "
                "`--exclude` keeps a job from a node."
            ),
            "Look at what else ran on {shared_nodes} at that time (`sacct -N`) and at the GPUs' clocks.",
            "Look at what else ran on {nodes} at that time (`sacct -N`) and at its GPUs' clocks.",
            "Look at what else ran on its node at that time (`sacct -N`) and at the GPU's clocks.",
        ),
    ),
}
