"""afterall.toml is read into typed settings, and every mistake in it names file, line and key."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput, BadSettings
from afterall.settings import SetSettings, parse_set_settings, read_set_settings


def test_an_empty_file_means_the_defaults() -> None:
    """No line at all is a valid settings file."""
    assert parse_set_settings("") == SetSettings()


def test_the_companions_take_the_reports_stem() -> None:
    """SUMMARY.md has SUMMARY.json and SUMMARY_files beside it."""
    assert parse_set_settings('report = "SUMMARY.md"').stem == "SUMMARY"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "afterall.toml:1: expected '=' after a key in a key/value pair"),
        ("\nfoo = 1", "afterall.toml:2: foo: is not a setting"),
        ("title = 3", "afterall.toml:1: title: expected text, got whole number"),
        ('a = 1\ntitle = "x"', "afterall.toml:1: a: is not a setting"),
        ('report = "x.txt"', "afterall.toml:1: report: 'x.txt' is not a plain file name that ends in .md"),
        (
            'report = "../x.md"',
            "afterall.toml:1: report: '../x.md' is not a plain file name that ends in .md",
        ),
        ('\n\nexperiments = ["../x"]', "afterall.toml:3: experiments: '../x' leaves the set"),
        ('templates = "/etc"', "afterall.toml:1: templates: '/etc' leaves the set"),
        ('[jobs]\nr4 = ["a"]', "afterall.toml:2: jobs.r4: 'a' is no job id such as 1234 or 1234_5"),
        ("[jobs]\nr4 = [3]", "afterall.toml:1: jobs[...][0]: expected text, got whole number"),
        ("experiments = 3", "afterall.toml:1: experiments: expected list, got whole number"),
        ("[seeds]\na=1", "afterall.toml:1: seeds: expected list, got table"),
    ],
)
def test_a_mistake_names_file_line_and_key(text: str, message: str) -> None:
    """The message alone is enough to mend the file."""
    with pytest.raises(BadSettings) as raised:
        parse_set_settings(text)
    assert str(raised.value) == message


@given(st.text())
def test_any_text_gives_settings_or_our_error(text: str) -> None:
    """The parser is total."""
    with contextlib.suppress(BadSettings):
        assert isinstance(parse_set_settings(text), SetSettings)


def test_a_set_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    """Nobody needs to write settings."""
    assert read_set_settings(tmp_path) == SetSettings()


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are told as such."""
    (tmp_path / "afterall.toml").write_bytes(b"title = \xff")
    with pytest.raises(BadSettings, match=r"afterall\.toml: is not UTF-8 text"):
        read_set_settings(tmp_path)


def test_a_directory_in_the_files_place_is_refused_by_name(tmp_path: Path) -> None:
    """What cannot be opened is told with the system's reason."""
    (tmp_path / "afterall.toml").mkdir()
    with pytest.raises(BadInput, match=r"afterall\.toml: Is a directory"):
        read_set_settings(tmp_path)
