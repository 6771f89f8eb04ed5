from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover import discover, shared_log_mentions
from afterall.discover.mentions import MentionFinder
from discover.discover_trees import NO_SETTINGS, grow

FINDER = MentionFinder(
    [("rank4", ["rank4"]), ("rank4_seed0", ["rank4_seed0"]), ("lr1e-3", ["out/lr1e-3"]), ("0", ["out/0"])]
)


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("output_dir: /scratch/sweep/out/lr1e-3/", ("lr1e-3",)),
        ("running rank4.", ("rank4",)),
        ("running rank4, then", ("rank4",)),
        ("cd rank4/", ("rank4",)),
        ("'rank4_seed0'", ("rank4_seed0",)),
        ("rank4 and rank4_seed0", ("rank4", "rank4_seed0")),
        ("rank40 xrank4 rank4_b my-rank4 rank4.5", ()),
        ("step 0 of 10", ()),
        ("saved to out/0", ("0",)),
        ("saved to out/0.5", ()),
        ("rank4 wrote to out/lr1e-3", ("lr1e-3",)),
        ("", ()),
    ],
)
def test_an_experiment_is_mentioned_by_its_path_or_its_whole_name(
    text: str, mentioned: tuple[str, ...]
) -> None:
    """Paths count before names, a longer name is no mention of a shorter one, bare numbers are none."""
    assert FINDER.mentioned_in(text.encode()) == mentioned


VERSIONS = [(f"version_{n}", [f"lightning_logs/version_{n}"]) for n in (0, 1, 12)]


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [
        ("Epoch 2: 100%|##| 13/13 [00:01<00:00, 9.1it/s, v_num=1, train_loss=0.046]", ("version_1",)),
        ("Epoch 2/2 ---- 13/13 0:00:00 375.18it/s v_num: 12.000     \n", ("version_12",)),
        ("v_num=0, loss=1] v_num=1, loss=1]", ("version_0", "version_1")),
        ("v_num=3, loss=1]", ()),
        ("v_num=1.11e+7, loss=1]", ()),
        ("v_num=0.5, loss=1]", ()),
    ],
)
def test_lightnings_bars_name_the_version(text: str, mentioned: tuple[str, ...]) -> None:
    """Where all runs are versions of one logger, the number in bars is the run's; a rounded one is none."""
    assert MentionFinder(VERSIONS).mentioned_in(text.encode()) == mentioned


@pytest.mark.parametrize(
    "others", [[("version_7", ["other/version_7"])], [("a", ["a"])], [("b", ["b/version_1", "b"])]]
)
def test_bars_name_no_run_where_versions_do_not_number_the_runs(others: list[tuple[str, list[str]]]) -> None:
    """Beside runs of other names, or of another logger, the same number may be anybody's."""
    assert MentionFinder([*VERSIONS, *others]).mentioned_in(b"v_num=1, loss=1]") == ()


def test_names_that_are_no_utf8_are_found(tmp_path: Path) -> None:
    """A name is looked for as its bytes stand in the log."""
    finder = MentionFinder([("r\udcffnk4", ["r\udcffnk4"])])
    assert finder.mentioned_in(b"cd r\xffnk4\n") == ("r\udcffnk4",)


def test_heads_and_tails_of_shared_logs_are_read(tmp_path: Path) -> None:
    """Each log in the common directory is told with its mentions; the middle of a long one is not read."""
    filler = "x\n" * 100_000
    grow(
        tmp_path,
        {
            "out/lr1e-3/model.ckpt": "", "out/lr1e-4/model.ckpt": "",
            "logs/s-5000_0.out": "--out out/lr1e-3", "logs/s-5000_1.out": filler + "saved to out/lr1e-4",
            "logs/s-5000_2.out": filler + "out/lr1e-4" + filler,
        },
    )  # fmt: skip
    assert shared_log_mentions(tmp_path, discover(tmp_path, NO_SETTINGS)) == {
        "logs/s-5000_0.out": ("lr1e-3",), "logs/s-5000_1.out": ("lr1e-4",), "logs/s-5000_2.out": (),
    }  # fmt: skip


@given(
    st.lists(st.tuples(st.text(max_size=5), st.lists(st.text(max_size=8), max_size=2)), max_size=5),
    st.binary(),
)
def test_any_names_can_be_looked_for_in_any_bytes(
    experiments: list[tuple[str, list[str]]], data: bytes
) -> None:
    """Looking for mentions is total, and finds only names that were given."""
    assert set(MentionFinder(experiments).mentioned_in(data)) <= {name for name, _ in experiments}
