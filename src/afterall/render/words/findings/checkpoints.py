"""Words for checkpoints that are missing, unfinished, the same as others, or lack a file."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import AGAIN, INTERRUPTED, UNUSABLE, Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.NO_CHECKPOINTS: Wording(
        title="No Checkpoints",
        says=(
            "no checkpoint was found, though {steps_done} steps were trained",
            "no checkpoint was found",
        ),
        cause=("The run ended before its first save, or saves outside the set.",),
        impact=("There is nothing to evaluate.",),
        resolution=("Look whether it saves elsewhere, and verify that directory.",),
    ),
    FindingCode.CHECKPOINT_MISSING: Wording(
        title="Checkpoint Missing",
        says=(
            "{subject:code} was to be saved, as every {every_steps} steps, and is not there",
            "{subject:code} was to be saved and is not there",
        ),
        impact=("That state can be neither evaluated nor resumed from.",),
        resolution=("Use another checkpoint of the run, or run it again.",),
    ),
    FindingCode.CHECKPOINT_PRUNED: Wording(
        title="Checkpoints Deleted by the Trainer",
        says=(
            (
                "the trainer, which keeps the last {keep_last}, deleted {pruned:n earlier checkpoint} "
                "({names})"
            ),
            "the trainer deleted {pruned:n earlier checkpoint}, as it is configured ({names})",
            "earlier checkpoints were deleted by the trainer, as it is configured",
        ),
    ),
    FindingCode.CHECKPOINT_UNFINISHED: Wording(
        title="Checkpoint Unfinished",
        says=(
            (
                "{subject:code} was not finished: {data_files:n data file} and no {marker:code}, which is "
                "written last"
            ),
            (
                "{subject:code} is newer than {newest:code}, which {marker:code} names as the newest: its "
                "save did not end"
            ),
            "{subject:code} was not finished ({marker:code})",
            "{subject:code} lacks what its trainer writes last",
        ),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=("Resume from the checkpoint before it.",),
    ),
    FindingCode.CHECKPOINT_FILE_MISSING: Wording(
        title="File of a Checkpoint Missing",
        says=(
            "{subject:code} is missing, though {beside:code} is there",
            "{subject:code} is missing, though {others} other checkpoints of the run have it",
            "{subject:code} is missing, though the {told_by} says that it was saved",
            "{subject:code} is missing",
        ),
        cause=(INTERRUPTED,),
        impact=("Resuming from the checkpoint, or loading it, will fail.",),
        resolution=(AGAIN,),
    ),
    FindingCode.WEIGHTS_MISSING: Wording(
        title="Weights Missing",
        says=(
            "{subject:code} holds {files:n file} and no weights",
            "{subject:code} holds no {which} weights",
            "{subject:code} holds no weights",
        ),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.RESUME_POINT_BROKEN: Wording(
        title="Newest Checkpoint Cannot Be Resumed From",
        says=(
            "{marker:code} beside {subject:code} names no checkpoint{names:if}",
            "{subject:code} is what {marker:code} names to resume from, and it is {verdict:words}",
            "{subject:code} is what {marker:code} names to resume from, and it is not there",
            "what training would resume from is not there",
        ),
        cause=("It was deleted or moved after it had been saved, or the save was interrupted.",),
        impact=("Training that is started again begins from nothing, or fails.",),
        resolution=(
            "Write {whole:code}, the last one that is whole, into {marker:code}.",
            "Start from another run's checkpoint; no whole one is beside it.",
        ),
    ),
    FindingCode.STEP_DIFFERS: Wording(
        title="Name and Content Give Different Steps",
        says=(
            "{subject:code} is named after step {named_step}, and {other:code} in it is of step {held_step}",
            "{subject:code} is named after another step than it holds",
        ),
        cause=("It was renamed or copied over another one, or one save mixed the files of two.",),
        impact=("A result under its name is that of another step.",),
        resolution=("Rename it after the step that it holds, or delete it.",),
    ),
    FindingCode.FINAL_STATE_NOT_SAVED: Wording(
        title="Final State Not Saved",
        says=(
            "the last checkpoint is of step {last_saved_step}, training went on to step {final_step}",
            "training went on after the last checkpoint",
        ),
        cause=("The trainer saves at intervals, and the last one was not full.",),
        impact=("Evaluations of the last checkpoint are not of the final state.",),
        resolution=("Save at the end of training too.",),
    ),
    FindingCode.CHECKPOINTS_IDENTICAL: Wording(
        title="Identical Checkpoints",
        says=(
            (
                "{subject:code} holds the same weights as {with_checkpoint:code}, byte for byte "
                "({size_bytes:size})"
            ),
            "{subject:code} holds the same weights as another checkpoint, byte for byte",
        ),
        cause=("Training did not change the weights, or one checkpoint was copied over the other.",),
        impact=("Evaluating both gives one result twice.",),
        resolution=(
            ("Check that the learning rate is not 0 and that the adapter's parameters are trainable."),
        ),
    ),
    FindingCode.CHECKPOINTS_LINKED: Wording(
        title="Checkpoints Share Files",
        says=(
            (
                "{subject:code} has {files} of its {of} files of weights in common with "
                "{with_checkpoint:code}: {shared_bytes:size} that lie on disk once ({how:words})"
            ),
            "{subject:code} shares files on disk with another checkpoint",
        ),
    ),
    FindingCode.FILES_REPEATED: Wording(
        title="Files Saved Again and Again",
        says=(
            (
                "the same {files:n file}, byte for byte, in several of {checkpoints} checkpoints "
                "({what:words}, {size_bytes:size}): {repeated_bytes:size} could be freed"
            ),
            "the same files as in {subject:code} lie in other checkpoints, byte for byte",
        ),
        cause=("The trainer saves with every checkpoint what training does not change.",),
        impact=("It only takes space.",),
        resolution=(
            "Where nothing writes to them any more, make each copy a hard link to the first one.{copy:if}",
            "",
        ),
    ),
    FindingCode.TOKENIZER_MISSING: Wording(
        title="Tokenizer Missing",
        says=("{subject:code} holds no tokenizer files; load the base model's",),
    ),
    FindingCode.CONFIG_MISSING: Wording(
        title="Configuration Missing",
        says=(
            "{subject:code} is missing beside {beside:code}",
            "{subject:code} is missing",
        ),
        impact=("Programs that load the directory by itself cannot tell its architecture.",),
        resolution=("Copy it from the base model.",),
    ),
    FindingCode.CONFIG_INVALID: Wording(
        title="Configuration Invalid",
        says=("{subject:code} cannot be read: {problem:problem}", "{subject:code} is no valid JSON"),
        cause=(INTERRUPTED,),
        impact=("Loading the checkpoint will fail.",),
        resolution=("Copy it from another checkpoint of the same run.",),
    ),
    FindingCode.MODE_PRIVATE: Wording(
        title="Weights Only Their Owner Can Read",
        says=(
            "{subject:code} has mode {mode}, {beside:code} beside it {beside_mode}",
            "{subject:code} can be read by its owner alone while its neighbours can be read by the group",
        ),
        cause=("Most likely safetensors 0.8.0, which writes every file with mode 0600, whatever the umask.",),
        impact=('Others of the group cannot load it; some programs then say "no such file".',),
        resolution=("Let the group read them (`chmod g+r`).",),
    ),
    FindingCode.TEMPORARY_FILE: Wording(
        title="Left-over Temporary File",
        says=(
            "{subject:code} ({size_bytes:size}) was left over by an interrupted save",
            "{subject:code} was left over by an interrupted save",
        ),
        impact=("It only takes space.",),
        resolution=("Delete it once no job of the run is alive.",),
    ),
}
