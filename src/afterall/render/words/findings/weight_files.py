"""Words for files of weights that are damaged, unreadable, or not what they seem."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import AGAIN, INTERRUPTED, UNUSABLE, Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.FILE_EMPTY: Wording(
        title="Empty File",
        says=("{subject:code} has 0 bytes",),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.FILE_TRUNCATED: Wording(
        title="Truncated File",
        says=(
            "{subject:code} is {missing_bytes:size} too short",
            "{subject:code} is at least {missing_bytes_at_least:size} too short",
            "{subject:code} is too short: {problem:problem}",
            "{subject:code} is too short",
        ),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.FILE_TRAILING_BYTES: Wording(
        title="Bytes After the End",
        says=(
            "{subject:code} goes on for {extra_bytes:size} after its end",
            "{subject:code} goes on after its end",
        ),
        cause=("Two writers wrote the same file, or a copy was resumed wrongly.",),
        impact=("The safetensors library refuses such a file; torch ignores what follows an archive's end.",),
        resolution=(AGAIN,),
    ),
    FindingCode.FILE_ZERO_TAIL: Wording(
        title="File Ends in Zeros",
        says=(
            (
                "the last {zero_bytes:size} of the {data_bytes:size} of weights in {subject:code} are zero "
                "({tensors:n tensor})"
            ),
            (
                "{blobs} of the {of_blobs} parts of {subject:code} begin with zeros and were never written, "
                "{tensor:code} among them"
            ),
            "{subject:code} begins or ends with {zero_bytes:size} of zeros",
            "{subject:code} ends in zeros",
        ),
        cause=("Its size was set before its bytes were written, and the writing was interrupted.",),
        impact=("It loads without an error, and the model is broken.",),
        resolution=(
            (
                "Save it again from the last good state, or copy it again if it was copied; `--deep` tells "
                "which weights are zero."
            ),
        ),
    ),
    FindingCode.FILE_SPARSE: Wording(
        title="File With Holes",
        says=(
            "{hole_bytes:size} of {subject:code} were never written ({holes:n hole})",
            "parts of {subject:code} were never written",
        ),
        cause=(
            (
                "The writing was interrupted, or a copy left out runs of zeros (`cp --sparse`, a "
                "compressing disk)."
            ),
        ),
        impact=("What was never written reads as zeros.",),
        resolution=("Read its weights (`--deep`): those that were never written are all zero.",),
    ),
    FindingCode.FILE_NOT_ITS_FORMAT: Wording(
        title="File Is Something Else",
        says=(
            "{subject:code} is a Git LFS pointer to a file of {real_bytes:size}, not {expected:format}",
            "{subject:code} is {is:format}, not {expected:format}",
            "{subject:code} does not begin like {expected:format}",
            "{subject:code} is not what its name says",
        ),
        cause=("A download left a pointer or an error page in its place, or a file was renamed.",),
        impact=(UNUSABLE,),
        resolution=(
            "Fetch the real file, in the clone that the pointer came with{real_bytes:if}.",
            "Fetch or save the real file.",
        ),
    ),
    FindingCode.FILE_UNREADABLE: Wording(
        title="File Unreadable",
        says=("{subject:code} could not be read: {reason:problem}", "{subject:code} could not be read"),
        impact=("Nobody can tell whether it is good.",),
        resolution=("Look at its kind and mode, and at those of the directories above it.",),
    ),
    FindingCode.FILE_NOT_VERIFIABLE: Wording(
        title="Not Verifiable",
        says=(
            "{subject:code} was not verified: {reason:problem}",
            "{subject:code} was not verified: {problem:problem}",
            "{subject:code} was not verified",
        ),
        impact=("Nobody can tell here whether it is good.",),
        resolution=("Check it with the program that wrote it.",),
    ),
    FindingCode.FILE_LINKED_OUTSIDE: Wording(
        title="Link Out of the Set",
        says=("{subject:code} is a link to a place outside, and was not followed",),
        impact=("Nobody can tell here whether it is good, or whether it will stay.",),
        resolution=(
            "Verify it by itself; if the checkpoint is to be kept, put the file in place of the link.",
        ),
    ),
    FindingCode.FILE_NEWER_THAN_JOB: Wording(
        title="File Newer Than Its Job",
        says=(
            "{subject:code} was changed {after_end_s:duration} after its job had ended",
            "{subject:code} was changed after its job had ended",
        ),
        cause=("Somebody copied or edited it, or another job writes to the same directory.",),
        impact=("It may not be what the job saved.",),
        resolution=("Find out who changed it, and when.",),
    ),
    FindingCode.FILE_STILL_CHANGING: Wording(
        title="File Still Changing",
        says=(
            (
                "{subject:code} grew or shrank from {before_bytes:size} to {now_bytes:size} while it was "
                "looked at"
            ),
            "{subject:code} changed while it was looked at",
        ),
        cause=("A job still writes to it.",),
        impact=("Its verdict is of a moment.",),
        resolution=("Verify it again when no job of the run is alive.",),
    ),
    FindingCode.HEADER_INVALID: Wording(
        title="Invalid Structure",
        says=(
            (
                "{blobs} of the {of_blobs} parts of {subject:code} are damaged, {tensor:code} among them: "
                "{problem:problem}"
            ),
            "{subject:code} is damaged: {problem:problem} ({tensor:code})",
            "{subject:code} is damaged: {problem:problem}",
            "{subject:code} is damaged",
        ),
        cause=("It was overwritten or copied wrongly, or written by a broken program.",),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.HEADER_NOT_STANDARD: Wording(
        title="Header Not Standard",
        says=("the header of {subject:code} does not begin with a brace, as the format demands",),
        impact=("The safetensors library reads it; other readers refuse it.",),
        resolution=("Load it and save it again with the safetensors library.",),
    ),
    FindingCode.NO_TENSORS: Wording(
        title="Empty Weights",
        says=("{subject:code} is a valid file without any tensor",),
        cause=("Weights were saved while they were spread over GPUs (as with DeepSpeed ZeRO-3).",),
        impact=("Loading it succeeds and changes nothing: the model behaves as if untrained.",),
        resolution=("Gather the weights when saving (`stage3_gather_16bit_weights_on_model_save`).",),
    ),
    FindingCode.TENSORS_WITHOUT_ELEMENTS: Wording(
        title="Tensors Without Elements",
        says=(
            "{tensors} of {of} tensors in {subject:code} have no elements, {first:code} among them",
            "tensors in {subject:code} have no elements",
        ),
        cause=("Weights were saved while they were spread over GPUs (as with DeepSpeed ZeRO-3).",),
        impact=("Those weights are missing.",),
        resolution=("Gather the weights when saving (`stage3_gather_16bit_weights_on_model_save`).",),
    ),
    FindingCode.TENSOR_REPEATED: Wording(
        title="Tensor Named Twice",
        says=(
            "the header of {subject:code} names {tensors:n tensor} twice, {first:code} among them",
            "the header of {subject:code} names a tensor twice",
        ),
        impact=("Readers differ in which of the two they take.",),
        resolution=("Use another checkpoint of the run, or save it again.",),
    ),
    FindingCode.STORAGE_MISSING: Wording(
        title="Tensor Data Missing",
        says=(
            "{subject:code} lacks the record {record:code}, which {tensor:code} needs",
            "{subject:code} lacks a record that a tensor needs",
        ),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.STORAGE_SIZE_MISMATCH: Wording(
        title="Tensor Data Too Short",
        says=(
            "{tensor:code} in {subject:code} needs {needed_bytes:n byte} and has {record_bytes}",
            "a tensor in {subject:code} needs more bytes than it has",
        ),
        impact=("torch loads it without an error, and its weights are wrong.",),
        resolution=(AGAIN,),
    ),
    FindingCode.PICKLE_RUNS_CODE: Wording(
        title="Checkpoint Runs Code When Loaded",
        says=(
            "{subject:code} calls {first:code} when it is loaded (of {globals} such names; {degree:words})",
            "{subject:code} calls {first:code} when it is loaded",
            "{subject:code} calls functions when it is loaded that weights have no need of",
        ),
        impact=("Loading it without `weights_only=True` runs that code.",),
        resolution=("Load it with `weights_only=True`, and only if you know who wrote it.",),
    ),
    FindingCode.RECORD_CHECKSUM_WRONG: Wording(
        title="Checksum Wrong",
        says=(
            (
                "{subject:code} has {records:n record} with another checksum than was saved, {first:code} "
                "among them"
            ),
            "a record in {subject:code} does not have the checksum saved with it",
        ),
        cause=("Bits changed on disk or on the way; torch itself never checks this.",),
        impact=("Some weights are not what was trained.",),
        resolution=(
            (
                "Have it confirmed by Python's own zip reader; then copy it again, or use another checkpoint "
                "of the run."
            ),
        ),
    ),
    FindingCode.CHECKSUM_NOT_COMPUTED: Wording(
        title="No Checksums",
        says=("{subject:code} was saved without checksums",),
    ),
}
