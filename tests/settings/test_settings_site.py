"""/etc/afterall/config.toml is read into typed settings with bounds."""

from pathlib import Path

import pytest

from afterall.errors import BadSettings
from afterall.settings import SiteSettings, parse_site_settings, read_site_settings


def test_a_site_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    """The worker runs without any configuration."""
    assert read_site_settings(tmp_path / "config.toml") == SiteSettings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min_uid = 0", "c.toml:1: min_uid: expected whole number >= 1"),
        ("debounce_s = -1", "c.toml:1: debounce_s: expected number >= 0.0"),
        ('auto = "yes"', "c.toml:1: auto: expected bool, got text"),
        ("spools = 1", "c.toml:1: spools: is not a setting"),
    ],
)
def test_a_mistake_names_file_line_and_key(text: str, message: str) -> None:
    """The message alone is enough to mend the file."""
    with pytest.raises(BadSettings) as raised:
        parse_site_settings(text, "c.toml")
    assert str(raised.value) == message
