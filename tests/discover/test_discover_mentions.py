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
