"""Words for adapters that do not fit what they adapt, and for the values of weights."""

from collections.abc import Mapping

from afterall.model import FindingCode
from afterall.render.words.findings.wording import INTERRUPTED, UNUSABLE, Wording

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
            "{subject:code} has tensors of another rank than its configuration says",
        ),
        cause=("Weights and configuration are of two different runs.",),
        impact=("Loading it fails, or scales the adapter wrongly.",),
    ),
    FindingCode.ADAPTER_HALF_MISSING: Wording(
        title="Half of an Adapter Pair Missing",
        says=(
            "{modules} of {of} modules in {subject:code} lack half of their adapter, {first:code} among them",
            "modules in {subject:code} lack half of their adapter (A without B, or B without A)",
        ),
        impact=(UNUSABLE,),
    ),
    FindingCode.ADAPTER_TARGET_UNMATCHED: Wording(
        title="Adapter Target Without Weights",
        says=(
            "{targets} of {of} {key:code} have no weights in {subject:code}, {first:code} among them",
            "a target module has no weights in {subject:code}",
        ),
        impact=("That module was not adapted; the configuration promises more than was trained.",),
    ),
    FindingCode.ADAPTER_LAYERS_MISSING: Wording(
        title="Adapter Layers Missing",
        says=(
            "{subject:code} has no adapter for layers {layers} of {first:code}, between others that have one",
            "{subject:code} lacks adapters for layers between others that have one",
        ),
        impact=("Those layers are used as in the base model.",),
    ),
    FindingCode.ADAPTER_COPIES_DIFFER: Wording(
        title="Two Copies of an Adapter Differ",
        says=(
            (
                "{subject:code} and {other:code} do not hold the same adapter ({tensors} and "
                "{other_tensors} tensors)"
            ),
            "the two forms of the adapter in {subject:code} do not hold the same weights",
        ),
        cause=(INTERRUPTED,),
        impact=("Which one an evaluation used decides its result.",),
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
            "{subject:code} names the base model {base:code}, which is not there",
            "{subject:code} names a base model that is not there",
        ),
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
    ),
    FindingCode.VALUES_CONSTANT: Wording(
        title="Weights All the Same",
        says=(
            "{tensors} of {of} tensors in {subject:code} hold a single value, {first:code} among them",
            "tensors in {subject:code} hold a single value",
        ),
    ),
}
