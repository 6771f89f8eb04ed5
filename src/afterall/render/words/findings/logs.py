"""Words for what logs say as a whole: missing numbers, early ends, sources that disagree."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.LOG_MISSING: Wording(
        title="Log Missing",
        says=("no log of job {job_id} was found", "no training log was found"),
        cause=("It was moved, deleted, or written outside the set.",),
        resolution=(
            (
                "If it lies elsewhere, move it into the experiment's directory, or name it in "
                "`afterall.toml` (`logs`)."
            ),
        ),
        impact=("Loss and throughput are missing unless the trainer wrote them elsewhere.",),
    ),
    FindingCode.LOG_UNREADABLE: Wording(
        title="Log Unreadable",
        says=("{subject:code} could not be read ({problem})", "{subject:code} could not be read"),
        resolution=("Check its permissions with `ls -l`.",),
        impact=("What it says is missing from this report.",),
    ),
    FindingCode.LOG_SHARED_BY_JOBS: Wording(
        title="Log Shared by Jobs",
        says=(
            (
                "{subject:code} holds the output of {jobs} runs (jobs {job_ids}); the part of the last one "
                "counts"
            ),
            "{subject:code} holds the output of {jobs} runs; the part of the last one counts",
            "{subject:code} holds the output of several runs; the part of the last one counts",
        ),
    ),
    FindingCode.NO_LOSS_FOUND: Wording(
        title="No Loss Found",
        says=(
            "no training loss in its logs ({logs}) and the files of {trainer}",
            "no training loss in its logs and files",
        ),
        cause=(
            (
                "The run ended before its first logged step, trained nothing, or its trainer's format is not "
                "known here."
            ),
        ),
        impact=("It cannot be compared with the other runs by a loss.",),
    ),
    FindingCode.LOSS_GUESSED: Wording(
        title="Loss Guessed",
        says=("the loss is read from log lines that name one, of no known trainer",),
        impact=("It may be another loss than the one meant, and how it was rounded is not known.",),
        resolution=("Compare with the lines themselves; a tracker's or trainer's file would be exact.",),
    ),
    FindingCode.LOSS_NOT_FINITE: Wording(
        title="Loss Not Finite",
        says=(
            (
                "`{metric}` was NaN or infinite at {not_finite} of {points} logged steps, first at step "
                "{first_step}"
            ),
            "`{metric}` was NaN or infinite at {not_finite} of {points} logged steps",
            "the loss became NaN or infinite",
        ),
        cause=("Training diverged: too high a learning rate, an overflow in half precision, or bad data.",),
        resolution=(
            "Lower the learning rate, clip gradients, or use bf16 instead of fp16; then run it again.",
        ),
        impact=(
            "Once the loss stays NaN, so do the weights: checkpoints saved after that step are of no use.",
        ),
    ),
    FindingCode.ZERO_STEPS: Wording(
        title="No Training Steps",
        says=(
            "training took no step of {planned_steps}",
            "training took no step",
        ),
        cause=("Where no error ended it, the dataset was empty after filtering, or smaller than one batch.",),
        resolution=("Check the dataset's path, split and filters.",),
        impact=("Whatever it saved is the untrained model.",),
    ),
    FindingCode.STOPPED_EARLY: Wording(
        title="Training Stopped Early",
        says=(
            "training stopped at step {reached_step} of {planned_steps}",
            "training stopped at epoch {reached_epochs} of {planned_epochs}",
            "training stopped before its planned end",
        ),
        impact=("Its final loss is that of an unfinished run; rankings set it apart.",),
        resolution=("Run it again, resuming from its last checkpoint if it has one.",),
    ),
    FindingCode.VALIDATION_TRACKED: Wording(
        title="Validation Tracking",
        says=(
            (
                "validation loss was tracked every {every} steps as configured (`{setting}: {every}`); it "
                "was lowest at step {lowest_step}, not at its last, {last_step}"
            ),
            (
                "validation loss was tracked every {every} steps; it was lowest at step {lowest_step}, not "
                "at its last, {last_step}"
            ),
            (
                "validation loss was tracked {points} times; it was lowest at step {lowest_step}, not at its "
                "last, {last_step}"
            ),
            (
                "validation loss was tracked {points} times; it was lowest at epoch {lowest_epoch:value}, "
                "not at its last, {last_epoch:value}"
            ),
            (
                "validation loss was tracked every {every} steps as configured (`{setting}: {every}`), and "
                "was {fell} at the end than at first"
            ),
            "validation loss was tracked every {every} steps, and was {fell} at the end than at first",
            "validation loss was tracked {points} times, and was {fell} at the end than at first",
            "validation loss was tracked {points} times, and did not fall",
            "validation loss was tracked",
        ),
    ),
    FindingCode.TRACES_OF_EARLIER_ATTEMPT: Wording(
        title="Numbers of an Earlier Attempt",
        says=("{subject:code} and what else its numbers come from are of an earlier attempt",),
        cause=("Nothing shows that the latest attempt trained.",),
        impact=("Losses and steps are those of the earlier attempt.",),
    ),
    FindingCode.SOURCES_DISAGREE: Wording(
        title="Sources Disagree",
        says=(
            "`{metric}` at step {step} is {a} in {a_file:code} and {b} in {b_file:code}; the first was used",
            "`{metric}` is {a} in {a_file:code} and {b} in {b_file:code}; the first was used",
            "two of its files give different values for {subject:code}",
        ),
    ),
}
