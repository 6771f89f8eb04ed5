"""Words for what is wrong with evaluations."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.EVALUATION_FAILED: Wording(
        title="Evaluation Failed",
        says=(
            "the evaluation {task:code} of {checkpoint:code} ended with an error",
            "the evaluation {task:code} ended with an error",
            "the evaluation {subject:code} ended with an error",
        ),
        impact=("It gives no score; training is not affected.",),
        resolution=("Repair the cause and run the evaluation again.",),
    ),
    FindingCode.EVALUATION_UNFINISHED: Wording(
        title="Evaluation Unfinished",
        says=(
            "the evaluation {task:code} of {checkpoint:code} began and has no end",
            "the evaluation {task:code} began and has no end",
            "the evaluation {subject:code} began and has no end",
        ),
        cause=("It is still running, or was killed.",),
        impact=("Its scores are not shown.",),
        resolution=("Wait for it, or run it again.",),
    ),
    FindingCode.EVALUATION_UNREADABLE: Wording(
        title="Evaluation Log Unreadable",
        says=("{subject:code} could not be read ({problem})", "{subject:code} could not be read"),
        impact=("Its scores are not shown.",),
        resolution=("Try `inspect log recover`, or run the evaluation again.",),
    ),
    FindingCode.EVALUATION_SATURATED: Wording(
        title="Evaluation Saturated",
        says=(
            (
                "all {runs} runs score {lowest} to {highest} of {score:score} on {subject:code}: it tells "
                "them apart no more, a harder one would"
            ),
            "all runs score as good as everything on {subject:code}: it tells them apart no more",
            "an evaluation tells the runs apart no more",
        ),
    ),
    FindingCode.EVALUATION_PAIRED: Wording(
        title="Evaluations Compared Sample by Sample",
        says=(
            (
                "{score:score} of {subject:code}, {b} minus {a}: {difference} ({low} to {high} at 95 %) on "
                "{samples} shared samples, higher on {higher_b}, lower on {higher_a}, p = {p_corrected}"
            ),
            "two runs were compared on the samples of {subject:code} that both answered",
            "two runs were compared on the samples that both answered",
        ),
    ),
}
