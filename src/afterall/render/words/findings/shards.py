"""Words for weights in several files: shards, their index, and where tensors lie."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import AGAIN, INTERRUPTED, UNUSABLE, Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.SHARD_MISSING: Wording(
        title="Shard Missing",
        says=(
            "{subject:code} is missing ({missing} of {of} are)",
            "{subject:code} holds {ranks} ranks of the model and {optimizer_ranks} of the optimizer",
            "{subject:code} is missing",
        ),
        cause=(INTERRUPTED,),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.SHARD_EXTRA: Wording(
        title="Shard Not in the Index",
        says=(
            "{subject:code} ({size_bytes:size}) belongs to no index",
            "{subject:code} belongs to no index",
        ),
        cause=("It is left over from an earlier save with other shards.",),
        impact=("Programs that load every file of the directory mix two models.",),
        resolution=("Move it out of the way, if the index beside it is complete.",),
    ),
    FindingCode.INDEX_MISSING: Wording(
        title="Shard Index Missing",
        says=(
            "{subject:code} is missing beside {shards} of {of} shards",
            "{subject:code} is missing",
        ),
        cause=("The index is written last, so the save was interrupted.",),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.INDEX_INVALID: Wording(
        title="Shard Index Invalid",
        says=(
            "{subject:code} names files outside its directory, {first:code} among them",
            "{subject:code} is not valid: {problem:problem}",
            "{subject:code} is not valid",
        ),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.INDEX_SIZE_DIFFERS: Wording(
        title="Shard Index Gives Another Size",
        says=(
            "{subject:code} says {index_bytes:n byte}, the shards hold {actual_bytes:n byte}",
            "{subject:code} gives another total size than its shards have",
        ),
        cause=(
            ("Shared tensors are counted differently by different writers; or the index is of another save."),
        ),
        impact=("Loading does not look at it; the index may be of another save.",),
        resolution=("Look whether index and shards were written at the same time, as `ls -l` tells.",),
    ),
    FindingCode.TENSOR_MISSING: Wording(
        title="Tensors Missing",
        says=(
            "{subject:code} promises {tensors:n tensor} that no shard holds, {first:code} among them",
            "tensors that {subject:code} promises are in no shard",
        ),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.TENSOR_MISPLACED: Wording(
        title="Tensors in the Wrong Shard",
        says=(
            (
                "{subject:code} does not list {tensors:n tensor} of the shards{problem:if}, {first:code} "
                "among them"
            ),
            "{subject:code} names the wrong shard for {tensors:n tensor}, {first:code} among them",
            "tensors are not in the shard that {subject:code} names",
        ),
        cause=("The index and the shards are of two different saves.",),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.TENSOR_IN_TWO_SHARDS: Wording(
        title="Tensors in Two Shards",
        says=(
            (
                "{subject:code} holds {tensors:n tensor} that another shard holds too, {first:code} in "
                "{also_in:code}"
            ),
            "tensors of {subject:code} stand in another shard too",
        ),
        cause=("The shards are of two different saves.",),
        impact=("Which of the two is loaded depends on the program.",),
        resolution=(AGAIN,),
    ),
}
