"""Words for what concerns the set as a whole."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.ONE_SEED: Wording(
        title="One Seed",
        says=(
            (
                "{runs} runs of {settings} settings as far as they are known, none repeated with another "
                "known seed: differences may be chance, none is claimed significant"
            ),
            (
                "one seed ({seed:value}) for each of {settings} settings: differences may be chance, none "
                "is claimed significant"
            ),
            "one run for each of {settings} settings: differences may be chance, none is claimed significant",
            "one run for each setting: differences may be chance, none is claimed significant",
        ),
    ),
    FindingCode.CONFOUNDED: Wording(
        title="Parameters That Change Together",
        says=(
            (
                "{parameters:parameters} changed together (as between {a} and {b}); what comes of "
                "{never_alone:parameters} alone cannot be told"
            ),
            "{parameters:parameters} changed together; what comes of each alone cannot be told",
            "some parameters changed together: their effects cannot be told apart",
        ),
    ),
    FindingCode.DIRECTORY_UNREADABLE: Wording(
        title="Directory Unreadable",
        says=("{subject:code} could not be listed", "a directory could not be listed"),
        impact=("What lies in it is missing from this report.",),
        resolution=("Check its permissions with `ls -ld`.",),
    ),
    FindingCode.WALK_TRUNCATED: Wording(
        title="Not All Files Seen",
        says=(
            "only {entries} entries of the set were looked at, and it holds more: too many, or too deep",
            "the set holds more files than are looked at",
        ),
        impact=("Checkpoints, sizes and logs beyond them are missing from this report.",),
        resolution=(
            "Move what does not belong to the experiments out of the set, or name them in `afterall.toml`.",
        ),
    ),
    FindingCode.METRIC_NOT_FOUND: Wording(
        title="Metric Not Found",
        says=(
            "no experiment has a number of {subject:code}, which `afterall.toml` ranks by; it has {known}",
            "no experiment has a number of {subject:code}, which `afterall.toml` ranks by",
        ),
        impact=("Runs are ranked as if it had not been named.",),
        resolution=("Correct `[metrics]` in `afterall.toml`; RESULTS.json lists the names.",),
    ),
    FindingCode.REPORT_EDITED: Wording(
        title="Report Edited by Hand",
        says=(
            "the last report was edited outside the notes; the edited text is kept as {subject:code}",
            "the last report was edited outside the notes; the edited text is kept beside it",
        ),
    ),
    FindingCode.CONFIG_UNREADABLE: Wording(
        title="Configuration Unreadable",
        says=("{subject:code} could not be read ({problem})", "{subject:code} could not be read"),
        impact=("Parameters that only it holds are missing, and so are comparisons by them.",),
    ),
}
