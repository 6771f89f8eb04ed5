"""The how-to pages name the files that there are, and what they show of the hook is what it does."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from afterall.settings import SiteSettings
from docs.docs_pages import ROOT, fences, page

INSTALL = page("how-to/install-as-an-epilog")
HOW_TOS = INSTALL + page("how-to/summary-job")
FILES = sorted([*(ROOT / "slurm").iterdir(), *(ROOT / "hooks").iterdir()])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_for_slurm_is_explained(path: Path) -> None:
    """A file in slurm/ or hooks/ is named by the page that tells what to do with it."""
    assert path.name in HOW_TOS or path.name.removeprefix("afterall-") in HOW_TOS


def test_the_units_are_edited_where_they_name_the_program() -> None:
    """The page's sed command changes the line of each service that starts the program."""
    found = re.search(r"sed '(s\|[^']+)'", INSTALL)
    assert found is not None
    for service in (ROOT / "slurm").glob("*.service"):
        done = subprocess.run(["sed", found[1], service], capture_output=True, text=True, check=True)
        assert "\nExecStart=/opt/afterall/bin/afterall " in done.stdout


def test_the_record_is_what_the_hook_leaves(tmp_path: Path) -> None:
    """The command that tries the hook leaves the record that the page shows."""
    command = re.search(r"(?m)^env -i (.*) /usr/libexec/afterall/afterall-epilog$", INSTALL)
    assert command is not None
    for room in ("new", "tmp"):
        (tmp_path / room).mkdir()
    hook = tmp_path / "hook"
    text = (ROOT / "hooks" / "afterall-epilog").read_text("utf-8")
    hook.write_text(re.sub(r"(?m)^spool=.*$", f"spool={tmp_path}", text))
    env = dict(pair.split("=", 1) for pair in command[1].split())
    done = subprocess.run(["/bin/sh", hook], env=env, capture_output=True, check=True, timeout=30)
    assert (done.stdout, done.stderr) == (b"", b"")
    (record,) = os.listdir(tmp_path / "new")
    shown = [fence.lines for fence in fences(INSTALL) if fence.lines[:1] == ("afterall-event 1",)]
    assert shown == [tuple((tmp_path / "new" / record).read_text().splitlines())]


def test_places_agree_with_the_defaults() -> None:
    """The spool, the settings and the first wait that the page names are those of the code."""
    site = SiteSettings()
    assert f"`spool={site.spool}`" in INSTALL
    assert "/etc/afterall/config.toml" in INSTALL
    assert (
        f"after {site.retry_first_s:g} s, then at doubling intervals up to {site.retry_last_s / 60:g} minutes"
        in (INSTALL)
    )
