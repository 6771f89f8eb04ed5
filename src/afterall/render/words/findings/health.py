"""Words for how training went, as its curves show it."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

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
}
