"""Let the tests here have one browser, started once, and pages of reports to open in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterall.model import Report
from afterall.render.documents import render
from afterall.settings import RESULTS_HTML, SetSettings
from browser.browser_driving import Browser, Tab, require_chromium

Write = Callable[[Report], Path]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Yield a running browser with an empty profile."""
    running = Browser(require_chromium(), tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """Yield a tab of its own."""
    opened = Tab(browser)
    yield opened
    opened.close()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a report's page and says where it lies."""

    def written(report: Report) -> Path:
        path = tmp_path / RESULTS_HTML
        path.write_bytes(render(report, SetSettings(html=True), "", {})[RESULTS_HTML])
        return path

    return written
