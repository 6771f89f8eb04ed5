"""What a set's settings say of its experiments and logs holds, whatever lies there."""

import pytest

from afterall.errors import BadSettings
from afterall.settings import SetSettings
from discover.discover_trees import layout_of, names

CHECKPOINT = "checkpoint-5/adapter_model.safetensors"


def test_the_manifests_globs_decide() -> None:
    """afterall.toml names the experiments, whatever lies in them, and what it excludes is none."""
    settings = SetSettings(experiments=("*",), exclude=("c", "old*"))
    assert names(layout_of("a/x", "b/y/z", f"c/{CHECKPOINT}", f"old1/{CHECKPOINT}", settings=settings)) == [
        "a",
        "b",
    ]


def test_a_glob_takes_the_topmost_directory() -> None:
    """What matches inside a match belongs to it."""
    layout = layout_of("a/x/y", "b/x", settings=SetSettings(experiments=("**",)))
    assert [one.roots for one in layout.experiments] == [("a",), ("b",)]


def test_excluded_directories_are_passed_over_without_globs_too() -> None:
    """Exclude works on what would be found by its looks."""
    assert names(
        layout_of(
            f"a/{CHECKPOINT}", f"b/{CHECKPOINT}", f"b/c/{CHECKPOINT}", settings=SetSettings(exclude=("b",))
        )
    ) == ["a"]


def test_the_manifests_log_globs_replace_guessing() -> None:
    """Only logs that the globs name are shared logs, whatever they are called."""
    layout = layout_of(
        f"a/{CHECKPOINT}",
        f"b/{CHECKPOINT}",
        "console/x.text",
        "logs/x-12345.out",
        settings=SetSettings(logs=("console/*",)),
    )
    assert [log.path for log in layout.shared_logs] == ["console/x.text"]


def test_the_manifests_jobs_are_known_ids() -> None:
    """[jobs] gives ids to experiments by name or path, first of all sources."""
    settings = SetSettings(jobs={"a": ("99", "98_7"), "runs/b": ("97",)})
    layout = layout_of("runs/a/slurm-12.out", "runs/a/train.sbatch", "runs/b/train.sbatch", settings=settings)
    assert [one.job_ids for one in layout.experiments] == [("99", "98_7", "12"), ("97",)]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (SetSettings(experiments=("x*",)), "experiments"),
        (SetSettings(jobs={"x": ("1",)}), "jobs.x"),
        (SetSettings(baseline="x"), "baseline"),
    ],
)
def test_a_manifest_that_names_nothing_here_is_refused(settings: SetSettings, key: str) -> None:
    """A glob without a match and jobs of no experiment are mistakes, told with file and key."""
    with pytest.raises(BadSettings) as caught:
        layout_of(f"a/{CHECKPOINT}", settings=settings)
    assert (caught.value.key, caught.value.subject) == (key, "/scratch/lab/sweep/afterall.toml")
