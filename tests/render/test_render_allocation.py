"""Advice on memory and time comes where there is reason for it, with both numbers."""

import pytest

from afterall.model import Cost
from afterall.render.sections.allocation import told

GIB = 1 << 30


def cost(**changes: object) -> Cost:
    """Return what one run took."""
    return Cost(experiment="a", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({}, []),
        (
            {"max_rss_bytes": 10 * GIB, "requested_memory_bytes": 64 * GIB},
            [
                "Host memory: at most 10 GiB of 64 GiB asked for (a). 12.5 GiB would do (`--mem=12800M`).",
            ],
        ),
        (
            {"max_rss_bytes": 40 * GIB, "requested_memory_bytes": 64 * GIB},
            ["Host memory: at most 40 GiB of 64 GiB asked for (a)."],
        ),
        (
            {"max_rss_bytes": 60 * GIB, "requested_memory_bytes": 64 * GIB},
            [
                (
                    "Host memory: at most 60 GiB of 64 GiB asked for (a). That is close to the limit: a "
                    "larger batch or longer sequence may not fit."
                )
            ],
        ),
        (
            {"elapsed_s": 600, "time_limit_s": 86400},
            [
                (
                    "Time limit: a used most of it, 10 minutes of 24 hours (0.7 %); a shorter `--time` is "
                    "scheduled sooner."
                )
            ],
        ),
        ({"elapsed_s": 60_000, "time_limit_s": 86400}, []),
        (
            {"elapsed_s": 85_000, "time_limit_s": 86400},
            [
                (
                    "Time limit: a used most of it, 23.6 hours of 24 hours (98 %): a slower node would have "
                    "ended it."
                )
            ],
        ),
        (
            {"elapsed_s": 86430, "time_limit_s": 86400},
            ["Time limit: a used most of it, 24.0 hours of 24 hours (100 %)."],
        ),
        (
            {"gpu_hours": 8.0, "lost_gpu_hours": 2.0},
            ["2 of 8 GPU hours went into attempts that did not bring training to its end (a)."],
        ),
        ({"gpu_hours": 8.0, "lost_gpu_hours": 0.0}, []),
    ],
)
def test_what_was_asked_for_and_what_was_used(known: dict[str, float], says: list[str]) -> None:
    """Each sentence has both numbers, and nothing is said where what was asked for fits."""
    assert list(told((cost(**known),), {"a"})) == says


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (
            {"max_rss_bytes": 10 * GIB, "requested_memory_bytes": 64 * GIB},
            ["Host memory: at most 10 GiB of 64 GiB asked for (a)."],
        ),
        ({"elapsed_s": 12, "time_limit_s": 86400}, []),
        (
            {"elapsed_s": 86430, "time_limit_s": 86400},
            ["Time limit: a used most of it, 24.0 hours of 24 hours (100 %)."],
        ),
    ],
)
def test_a_run_that_came_to_no_end_tells_nobody_what_would_do(
    known: dict[str, float], says: list[str]
) -> None:
    """A job that died at once needed little memory and time; one that met its limit needed more."""
    assert list(told((cost(**known),), ())) == says
