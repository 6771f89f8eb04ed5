"""Without a browser its tests skip with a reason; where continuous integration promises one, they fail."""

from pathlib import Path

import pytest

from browser.browser_driving import require_chromium


def test_without_a_browser_the_tests_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names what is missing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("AFTERALL_CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="chromium is not installed"):
        require_chromium()


def test_where_a_browser_is_promised_they_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AFTERALL_CI=1 leaves no test out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AFTERALL_CI", "1")
    with pytest.raises(pytest.fail.Exception, match="no reason to skip"):
        require_chromium()
