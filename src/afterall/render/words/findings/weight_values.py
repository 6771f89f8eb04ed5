"""Words for adapters that do not fit what they adapt, and for the values of weights."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import AGAIN, INTERRUPTED, UNUSABLE, Wording

WORDINGS: Mapping[FindingCode, Wording] = {
    FindingCode.ADAPTER_CONFIG_MISSING: Wording(
        title="Adapter Configuration Missing",
        says=(
            "{subject:code} is missing beside {beside:code}",
            "{subject:code} is missing",
        ),
        cause=(INTERRUPTED,),
        impact=("PEFT cannot load the adapter without it.",),
        resolution=("Copy it from another checkpoint of the same run: it is the same for all.",),
    ),
    FindingCode.ADAPTER_RANK_DIFFERS: Wording(
        title="Adapter Rank Differs",
        says=(
            (
                "{subject:code} has rank {tensor_rank} where {config:code} says {config_rank} ({modules} of "
                "{of} modules)"
            ),
            (
                "the halves of {first:code} in {subject:code} have ranks {a_rank} and {b_rank} ({modules} of "
                "{of} modules)"
            ),
            "{subject:code} has tensors of another rank than its configuration says",
        ),
        cause=("Weights and configuration are of two different runs.",),
        impact=("Loading it fails, or scales the adapter wrongly.",),
        resolution=("Find the configuration that this adapter was trained with.",),
    ),
    FindingCode.ADAPTER_HALF_MISSING: Wording(
        title="Part of an Adapter Missing",
        says=(
            "{modules} of {of} modules in {subject:code} lack {missing:code}, {first:code} among them",
            "modules in {subject:code} lack a part of their adapter (A, B, or DoRA's magnitudes)",
        ),
        impact=(UNUSABLE,),
        resolution=(AGAIN,),
    ),
    FindingCode.ADAPTER_TARGET_UNMATCHED: Wording(
        title="Adapter Target Without Weights",
        says=(
            "{targets} of {of} {key:code} have no weights in {subject:code}, {first:code} among them",
            "a target module has no weights in {subject:code}",
        ),
        impact=("That module was not adapted; the configuration promises more than was trained.",),
        resolution=("Check `target_modules` against the model's own names of its modules.",),
    ),
    FindingCode.ADAPTER_LAYERS_MISSING: Wording(
        title="Adapter Layers Missing",
        says=(
            "{subject:code} has no adapter for layers {layers} of {first:code}, between others that have one",
            "{subject:code} lacks adapters for layers between others that have one",
        ),
        impact=("Those layers are used as in the base model.",),
        resolution=("Use another checkpoint of the run, unless these layers were left out on purpose.",),
    ),
    FindingCode.ADAPTER_COPIES_DIFFER: Wording(
        title="Two Copies of an Adapter Differ",
        says=(
            (
                "{subject:code} and {other:code} do not hold tensors of the same number and shapes "
                "({tensors:n tensor} and {other_tensors})"
            ),
            "the two forms of the adapter in {subject:code} do not hold the same weights",
        ),
        cause=(INTERRUPTED,),
        impact=("Which one an evaluation used decides its result.",),
        resolution=("Use another checkpoint of the run, or find out which of the two is newer.",),
    ),
    FindingCode.ADAPTER_OVERSIZED: Wording(
        title="Large Adapter",
        says=(
            (
                "{subject:code} holds {beside_bytes:size} of other weights beside {adapter_bytes:size} of "
                "adapter, {first:code} among them"
            ),
            "{subject:code} holds other weights beside the adapter",
        ),
    ),
    FindingCode.ADAPTER_BASE_MISSING: Wording(
        title="Base Model Not Here",
        says=(
            "the base model of its adapter, {base:code}, is a directory without {lacks:code} or weights",
            "the base model of its adapter, {base:code}, is not there, only {nearest:code}",
            "the base model of its adapter, {base:code}, is not there",
            "the adapter in {subject:code} names a base model that is not there",
        ),
        cause=("It was moved or deleted, or its path is one of a container or of another machine.",),
        impact=("As it is configured, the adapter cannot be loaded from here.",),
        resolution=("Find where the base is now, load it from there, and put the adapter on it.",),
    ),
    FindingCode.ADAPTER_UNTRAINED: Wording(
        title="Adapter Never Trained",
        says=(
            "the {half} half is zero in {modules} of {of} modules of {subject:code}, {first:code} among them",
            "the half that starts at zero still is in {subject:code}",
        ),
        cause=("This half starts at zero: it got no gradient, or no step was made.",),
        impact=("Where it is zero, the model behaves exactly like its base.",),
        resolution=("Check that the adapter's parameters are trainable and the learning rate is not 0.",),
    ),
    FindingCode.VALUES_NOT_FINITE: Wording(
        title="Weights Not Finite",
        says=(
            (
                "{tensors} of {of} tensors in {subject:code} hold NaN or infinity ({nan} and {infinite} "
                "values), {first:code} among them"
            ),
            "{subject:code} holds NaN or infinity",
        ),
        cause=("Training had diverged when it was saved.",),
        impact=("The model gives NaN for everything.",),
        resolution=("Use an earlier checkpoint, or run it again with a lower learning rate.",),
    ),
    FindingCode.VALUES_ALL_ZERO: Wording(
        title="Weights All Zero",
        says=(
            "{tensors} of {of} tensors in {subject:code} are all zero, {first:code} among them",
            "tensors in {subject:code} are all zero",
        ),
        cause=("They were never trained, or their bytes were never written.",),
        impact=("A layer of zeros passes nothing on.",),
        resolution=(
            "Use another checkpoint of the run, unless these weights start at zero and were frozen.",
        ),
    ),
    FindingCode.VALUES_CONSTANT: Wording(
        title="Weights All the Same",
        says=(
            "{tensors} of {of} tensors in {subject:code} hold a single value, {first:code} among them",
            "tensors in {subject:code} hold a single value",
        ),
    ),
    FindingCode.DIGEST_DIFFERS: Wording(
        title="Not What Was Recorded",
        says=(
            "{subject:code} has {size_bytes:size} where the manifest has {recorded_bytes:size}",
            (
                "{subject:code} holds other bytes than the manifest recorded, between byte {first_byte} and "
                "{end_byte} ({blocks} of {of} blocks), though nothing modified it since{unmodified:if}"
            ),
            (
                "{subject:code} holds other bytes than the manifest recorded, between byte {first_byte} and "
                "{end_byte} ({blocks} of {of} blocks)"
            ),
            "{subject:code} holds other bytes than the manifest recorded",
        ),
        cause=(
            "Its modification time is the recorded one: storage, not a program, changed it.{unmodified:if}",
            "It was written again after the manifest was.",
        ),
        impact=("Results made with the recorded file cannot be repeated with this one.",),
        resolution=("Restore it from a copy; record a new manifest only if the change was meant.",),
    ),
    FindingCode.RECORDED_FILE_MISSING: Wording(
        title="Recorded File Missing",
        says=(
            "{subject:code} is in the manifest and not there, one of {files:n file} that are gone",
            "{subject:code} is in the manifest and not there",
        ),
        cause=("It was deleted or moved after the manifest was written.",),
        impact=("What was recorded is not complete any more.",),
        resolution=("Restore it from a copy.",),
    ),
    FindingCode.NOT_IN_MANIFEST: Wording(
        title="Not in the Manifest",
        says=(
            "{files} files of {subject:code} are not in the manifest, {other:code} among them",
            "files of {subject:code} are not in the manifest",
        ),
        impact=("They were verified by themselves alone.",),
        resolution=("Record a new manifest (`--write-manifest`).",),
    ),
}
