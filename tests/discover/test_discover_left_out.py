"""What a person leaves out of a set speaks for none of its experiments, whatever it is called."""

import pytest

from afterall.discover import match
from afterall.discover.layout.left_out import LeftOut
from afterall.settings import SetSettings
from discover.discover_trees import HOME, job, layout_of, seen

WEIGHTS = "checkpoint-5/adapter_model.safetensors"
OLD = (
    f"runs/rank4/{WEIGHTS}",
    f"runs/rank16/{WEIGHTS}",
    f"old/rank4/{WEIGHTS}",
    "old/rank4/slurm-60.out",
    "old/rank4/train.sbatch",
    "old/configs/rank4.yaml",
)
MANIFESTS = (SetSettings(exclude=("old",)), SetSettings(experiments=("runs/*",)))


@pytest.mark.parametrize("settings", MANIFESTS)
@pytest.mark.parametrize(
    "fields",
    [
        {"work_dir": f"{HOME}/old/rank4"},
        {"work_dir": f"{HOME}/old/rank4", "std_out": f"{HOME}/logs/%x.out"},
        {"work_dir": HOME, "submit_line": "sbatch old/rank4/train.sbatch"},
        {"work_dir": HOME, "std_out": "old/rank4/slurm-%j.out"},
    ],
)
def test_a_job_of_a_directory_that_was_left_out_is_no_runs_though_it_bears_its_name(
    settings: SetSettings, fields: dict[str, str]
) -> None:
    """old/rank4 ran a job called rank4, as runs/rank4 did: it is no attempt of runs/rank4."""
    found = match(layout_of(*OLD, settings=settings), seen(job("60", name="rank4", **fields)), settings)
    assert {one.layout.name: one.attempts for one in found.experiments} == {"rank4": (), "rank16": ()}


@pytest.mark.parametrize("settings", MANIFESTS)
def test_files_of_a_directory_that_was_left_out_belong_to_nobody(settings: SetSettings) -> None:
    """Neither its logs nor its configurations go to the run that they are named after."""
    layout = layout_of(*OLD, settings=settings)
    assert layout.shared_logs == ()
    assert all(one.logs == () and one.configs == () for one in layout.experiments)


def test_a_mention_in_a_log_that_was_left_out_places_nothing() -> None:
    """The log of old/rank4 names rank4, and is read for nobody."""
    settings = SetSettings(exclude=("old",))
    mentions = {"old/rank4/slurm-60.out": ("rank4",)}
    found = match(layout_of(*OLD, settings=settings), seen(), settings, mentions=mentions)
    assert all(one.logs == () for one in found.experiments)


def test_common_directories_are_not_left_out_where_globs_name_the_experiments() -> None:
    """A job submitted from `scripts` beside the runs is placed by its name, and its log in `logs` too."""
    settings = SetSettings(experiments=("runs/*",))
    layout = layout_of(*OLD, "logs/rank4-7000.out", "scripts/rank4.sh", settings=settings)
    found = match(layout, seen(job("7000", f"{HOME}/scripts", name="rank4")), settings)
    rank4 = next(one for one in found.experiments if one.layout.name == "rank4")
    assert [one.job_id for one in rank4.attempts] == ["7000"]
    assert [log.path for log in rank4.logs] == ["logs/rank4-7000.out"]


@pytest.mark.parametrize(
    ("directory", "expected"),
    [
        ("", False),
        ("runs", False),
        ("runs/rank4", False),
        ("runs/rank4/old", False),
        ("runs/rank9", True),
        ("logs", False),
        ("logs/2026", True),
        ("elsewhere/deep/down", True),
        ("data/rank4", True),
    ],
)
def test_where_globs_name_the_experiments_another_runs_directory_is_left_out(
    directory: str, *, expected: bool
) -> None:
    """What is neither an experiment, nor above one, nor a place for all of them, was not meant."""
    left_out = LeftOut(SetSettings(experiments=("runs/*",)), ["runs/rank4", "runs/rank16"])
    assert left_out.holds(directory) is expected


@pytest.mark.parametrize(("directory", "expected"), [("old", True), ("old/x", True), ("older", False)])
def test_without_globs_only_what_is_excluded_is_left_out(directory: str, *, expected: bool) -> None:
    """An excluded directory takes everything below it along."""
    assert LeftOut(SetSettings(exclude=("old",)), ["a", "b"]).holds(directory) is expected
