import random

from hypothesis import given
from hypothesis import strategies as st

from afterall.discover import match
from afterall.model import Entry, SetLayout
from afterall.settings import SetSettings
from discover.discover_trees import NO_SETTINGS, entries, laid_out, seen

NAMES = st.one_of(
    st.sampled_from(
        [
            "a", "b", "run_0", "run_1", "rank4", "rank16", "ck-out-rank4", "out", "runs", "logs",
            "artifacts", "eval",
            "checkpoint-5", "epoch_0", "final", "version_0", "version_1", "lightning_logs", ".hydra", "wandb",
            "multirun", "12254", "configs", "checkpoints", "run-1", "data", "g\nh", "\u202eevil",
            "\udcff\udcfe", "ü",
        ]
    ),
    st.text(st.characters(blacklist_characters="/\0"), min_size=1, max_size=4).filter(
        lambda name: name not in (".", "..")
    ),
)  # fmt: skip
FILES = st.one_of(
    st.sampled_from(
        [
            "slurm-5.out", "slurm-6.err", "x-5000_0.out", "x-5000_1.out", "train.sbatch", "model.safetensors",
            "adapter_model.safetensors", "trainer_state.json", "finetune.yaml", "torchtune_config.yaml",
            "metrics.csv",
            "overrides.yaml", "eval.py", "x.eval", "12254_0_log.out", "README.md", "results-5.out",
            "rank4-12345.out",
        ]
    ),
    NAMES,
)  # fmt: skip
PATHS = st.builds(lambda above, name: "/".join((*above, name)), st.lists(NAMES, max_size=4), FILES)
SETS = st.lists(PATHS, min_size=1, max_size=20).map(lambda paths: entries(*paths))
GLOBS = st.lists(st.sampled_from(["*", "runs/*", "**", "*/*", "a", "rank*"]), max_size=2).map(tuple)


def lies_below(path: str, roots: tuple[str, ...]) -> bool:
    """Return whether `path` is in one of the directories."""
    return any(not root or path.startswith(f"{root}/") for root in roots)


def check(layout: SetLayout) -> None:
    """Assert what holds of every layout."""
    owned = [entry.path for one in layout.experiments for entry in one.entries]
    assert len(owned) == len(set(owned))
    labels = [one.name for one in layout.experiments]
    assert len(labels) == len(set(labels))
    assert all(labels)
    for one in layout.experiments:
        assert one.roots[:1] == ((one.path,) if one.roots else ())
        assert not one.roots or all(lies_below(entry.path, one.roots) for entry in one.entries)
        assert list(one.entries) == sorted(one.entries, key=lambda entry: entry.path)
    logs = [log.path for one in layout.experiments for log in one.logs] + [
        log.path for log in layout.shared_logs
    ]
    assert len(logs) == len(set(logs))


@given(SETS)
def test_any_tree_is_laid_out(listed: tuple[Entry, ...]) -> None:
    """An entry or log has one experiment at most, entries lie below their roots, names are unique."""
    check(laid_out(listed))


@given(SETS, GLOBS, GLOBS)
def test_any_tree_is_laid_out_by_globs(
    listed: tuple[Entry, ...], globs: tuple[str, ...], exclude: tuple[str, ...]
) -> None:
    """The same holds where afterall.toml decides, or its globs match nothing and that is said."""
    from afterall.errors import BadSettings

    try:
        layout = laid_out(listed, SetSettings(experiments=globs, exclude=exclude))
    except BadSettings:
        assert globs
    else:
        check(layout)


@given(SETS, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(listed: tuple[Entry, ...], rng: random.Random) -> None:
    """The same entries in another order make the same experiments."""
    shuffled = list(listed)
    rng.shuffle(shuffled)
    first, second = laid_out(listed), laid_out(shuffled)
    assert [
        (one.name, one.roots, one.logs, one.configs, one.scripts, one.job_ids) for one in first.experiments
    ] == [
        (one.name, one.roots, one.logs, one.configs, one.scripts, one.job_ids) for one in second.experiments
    ]
    assert first.shared_logs == second.shared_logs


@given(SETS)
def test_a_layout_can_be_matched_to_no_jobs(listed: tuple[Entry, ...]) -> None:
    """Without Slurm every training log stays with its experiment."""
    layout = laid_out(listed)
    matched = match(layout, seen(), NO_SETTINGS)
    expected = [sorted(log.path for log in one.logs if not log.is_evaluation) for one in layout.experiments]
    found = [sorted(log.path for log in one.logs) for one in matched.experiments]
    assert found == expected or layout.shared_logs
