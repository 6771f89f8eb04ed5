"""A parameter that some runs set and others leave to its default varies, and sets them apart."""

from msgspec.structs import replace

from afterall.analyse import analyse
from afterall.analyse.ordering import in_order
from afterall.analyse.parameters import Varying, find_varying
from afterall.model import DIRECTORY_NAME, Experiment, Fact, Scalar, Source
from afterall.settings import SetSettings
from analyse.analyse_made import material, trained, unsubmitted


def varying(*experiments: Experiment) -> Varying:
    """Return what varies across experiments given in any order."""
    return find_varying(in_order(experiments), SetSettings())


def saying(name: str, said: dict[str, Scalar], file: str, where: str, loss: float = 1.0) -> Experiment:
    """Return a finished run that says its parameters in one file; {} in `where` is the parameter."""
    facts = {key: Fact(value, Source(f"{name}/{file}", where.format(key))) for key, value in said.items()}
    return replace(trained(name, loss), parameters=facts)


def names(found: Varying) -> list[str]:
    """Return the names of what varies."""
    return [dimension.name for dimension in found.dimensions]


def test_an_option_that_only_some_command_lines_have_varies() -> None:
    """Of two scripts with a rank only one has a weight decay: the other run's is the default's."""
    plain = saying("a", {"lora_rank": 4}, "train.sbatch", "option {}")
    decayed = saying("b", {"lora_rank": 4, "weight_decay": 0.1}, "train.sh", "option {}")
    found = varying(plain, decayed)
    assert (names(found), found.unset["weight_decay"]) == (["weight_decay"], frozenset({"a"}))
    assert found.dimensions[0].values == (0.1,)


def test_a_key_that_only_some_configurations_have_varies() -> None:
    """Files are compared with files of the same name, and configurations in logs with each other."""
    for file, where in (("finetune.yaml", "key {}"), ("slurm-{}.out", "line 2, key {}")):
        plain = saying("a", {"epochs": 4}, file.format(7), where)
        decayed = saying("b", {"epochs": 4, "weight_decay": 0.1}, file.format(8), where)
        assert names(varying(plain, decayed)) == ["weight_decay"]


def test_silence_elsewhere_says_nothing() -> None:
    """A run without such a file, one known by its directory's name, and one that never ran leave it open."""
    decayed = saying("b", {"weight_decay": 0.1}, "train.sbatch", "option {}")
    for file, where in (("trainer_state.json", "key {}"), ("", DIRECTORY_NAME), ("slurm-7.out", "line 9")):
        assert not names(varying(saying("a", {"epochs": 4}, file, where), decayed))
    never = replace(unsubmitted("a"), parameters=saying("a", {"epochs": 4}, "x.sh", "option {}").parameters)
    assert not names(varying(never, decayed))


def test_uncommon_keys_are_not_missed() -> None:
    """Trainers of two versions write different keys."""
    old = saying("a", {"lora_rank": 4}, "adapter_config.json", "key {}")
    new = saying("b", {"lora_rank": 4, "use_dora": False}, "adapter_config.json", "key {}")
    assert not names(varying(old, new))


def test_runs_that_set_a_parameter_repeat_none_that_leave_it() -> None:
    """Two settings of three seeds each are compared, and neither blurs the other's noise."""
    runs = [
        saying(
            f"{name}{seed}",
            {"seed": seed, **({"weight_decay": 0.1} if name == "d" else {})},
            "train.sbatch",
            "option {}",
            loss + seed / 100,
        )
        for name, loss in (("p", 1.0), ("d", 2.0))
        for seed in range(3)
    ]
    report = analyse(material(*runs))
    assert [one.settings for one in report.replicates] == [{"weight_decay": 0.1}, {"weight_decay": None}]
    (comparison,) = [c for c in report.comparisons if c.metric == "final_val_loss"]
    assert (comparison.a.setting, comparison.b.setting, comparison.within_noise) == (0.1, None, False)
    assert comparison.noise_sd is not None
    assert comparison.noise_sd < 0.02
