"""afterall.toml is read into typed settings, and every mistake in it names file, line and key."""

import contextlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput, BadSettings
from afterall.settings import SetSettings, parse_set_settings, read_set_settings


def test_an_empty_file_means_the_defaults() -> None:
    """No line at all is a valid settings file."""
    assert parse_set_settings("") == SetSettings()


def test_the_report_may_have_another_name() -> None:
    """Any plain file name that ends in .md."""
    assert parse_set_settings('report = "SUMMARY.md"').report == "SUMMARY.md"


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
        (
            'omit = ["issues"]',
            (
                "afterall.toml:1: omit: 'issues' is no section that can be left out; there are overview, "
                "checkpoints, results, findings, storage, next_steps, appendix"
            ),
        ),
        ('[metrics]\nloss = "low"', "afterall.toml:2: metrics.loss: 'low' is neither 'min' nor 'max'"),
        ("[names]\nlora_rank = 4", "afterall.toml:1: names[...]: expected text, got whole number"),
        ('[names]\noptimizer.lr = "x"', "afterall.toml:1: names[...]: expected text, got table"),
        ('names = "r"', "afterall.toml:1: names: expected table, got text"),
        ('[names]\n\nlora_rank = " "', "afterall.toml:3: names.lora_rank: is blank"),
        (
            f'[names]\n"optimizer.lr" = "{"x" * 25}"',
            "afterall.toml:2: names.optimizer.lr: is longer than 24 characters",
        ),
        (
            '[names]\nlora_rank = "rank r"\nlora_alpha = "Rank  R"',
            "afterall.toml:3: names.lora_alpha: 'Rank R' is the name of lora_rank too",
        ),
        ("experiments = 3", "afterall.toml:1: experiments: expected list, got whole number"),
        ("[seeds]\na=1", "afterall.toml:1: seeds: expected list, got table"),
    ],
)
def test_a_mistake_names_file_line_and_key(text: str, message: str) -> None:
    """The message alone is enough to mend the file."""
    with pytest.raises(BadSettings) as raised:
        parse_set_settings(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "line", ["[" + " " * 4000, "[" * 4000, " " * 4000 + "["], ids=["blanks", "brackets", "both"]
)
def test_a_mistake_is_found_behind_lines_of_any_form(line: str) -> None:
    """None of them takes the search long: text of several lines may hold whatever it likes."""
    begun = time.monotonic()
    with pytest.raises(BadSettings, match=":4: foo: is not a setting"):
        parse_set_settings(f'title = """\n{line}\n"""\nfoo = 1\n')
    assert time.monotonic() - begun < 2


def test_parameters_may_have_names() -> None:
    """A key with dots is quoted, as in RESULTS.json; a name may be as long as a label holds."""
    text = f'[names]\nlora_rank = "{"r" * 24}"\n"optimizer.lr" = "learning rate"\n'
    assert parse_set_settings(text).names == {"lora_rank": "r" * 24, "optimizer.lr": "learning rate"}


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
    """What is no file is told as such."""
    (tmp_path / "afterall.toml").mkdir()
    with pytest.raises(BadInput, match=r"afterall\.toml: is not a file"):
        read_set_settings(tmp_path)


def test_a_fifo_in_the_files_place_is_not_waited_for(tmp_path: Path) -> None:
    """Nothing that others lay in a set makes its report wait for ever."""
    os.mkfifo(tmp_path / "afterall.toml")
    with pytest.raises(BadInput, match=r"afterall\.toml: is not a file"):
        read_set_settings(tmp_path)


def test_a_file_in_the_sets_place_is_told_as_the_sets_fault(tmp_path: Path) -> None:
    """The message names what was typed, not the settings that cannot lie in it."""
    (tmp_path / "set").touch()
    with pytest.raises(BadInput, match=r"/set: is not a directory"):
        read_set_settings(tmp_path / "set")


def test_a_syntax_error_names_line_and_key() -> None:
    """What TOML itself cannot read is told with its line, and with the key that the line sets."""
    with pytest.raises(BadSettings, match=r"^afterall\.toml:2: report: invalid value$"):
        parse_set_settings('title = "x"\nreport = \n')
    with pytest.raises(BadSettings, match=r"^afterall\.toml:1: "):
        parse_set_settings("no toml at all")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000])
def test_what_python_cannot_read_is_told(value: str) -> None:
    """A number of five thousand digits and a hundred thousand brackets are mistakes of the file's."""
    with pytest.raises(BadSettings, match=r"^afterall\.toml"):
        parse_set_settings(f"title = {value}")
