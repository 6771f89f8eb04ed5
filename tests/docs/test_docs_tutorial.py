"""What the tutorial shows is what the program prints."""

import pytest

from afterall.demo import DEMO_SET_NAME, RECORDED_ACCOUNTING, make_demo
from afterall.pipeline import recorded, report
from docs.docs_pages import Fence, fences, page

SHOWN = [fence for fence in fences(page("tutorial")) if fence.language == "markdown"]


@pytest.fixture(scope="module")
def demo_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the demo's report."""
    directory = tmp_path_factory.mktemp("demo") / "afterall-demo"
    set_dir = make_demo(directory)
    report(set_dir, recorded(directory / RECORDED_ACCOUNTING))
    return (set_dir / "RESULTS.md").read_text("utf-8")


@pytest.mark.parametrize("fence", SHOWN, ids=lambda fence: fence.lines[0][:40])
def test_an_excerpt_is_in_the_demos_report(fence: Fence, demo_report: str) -> None:
    """Each excerpt stands in the report of `afterall demo`, line for line."""
    assert "\n".join(fence.lines) in demo_report


def test_the_tutorial_shows_excerpts() -> None:
    """There are excerpts, and the set's name in them is the demo's."""
    assert len(SHOWN) == 3
    assert DEMO_SET_NAME in page("tutorial")
