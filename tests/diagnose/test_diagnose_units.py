"""The units are read as systemd reads them, drop-ins and all, and held against the worker's spool."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.diagnose.check import Check, Outcome
from afterall.diagnose.installing import files_root
from afterall.diagnose.unit_files import PLACES, Unit, parse_unit, read_unit, unit_files
from afterall.diagnose.units import check_crontab, check_unit, check_units

SPOOL = Path("/var/spool/afterall")
MOVED = Path("/srv/afterall spool")
PATH_UNIT, SERVICE = "afterall-collect.path", "afterall-collect.service"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a tree with the units as they are installed."""
    units = tmp_path / PLACES[0]
    units.mkdir(parents=True)
    for path in (files_root() / "slurm").glob("afterall-*"):
        (units / path.name).write_text(path.read_text().replace("/usr/bin/afterall", "/bin/true"))
    return tmp_path


def drop_in(root: Path, directory: str, name: str, text: str, place: str = PLACES[0]) -> None:
    """Write one drop-in."""
    at = root / place / directory
    at.mkdir(parents=True, exist_ok=True)
    (at / name).write_text(text)


def wrongs(checks: list[Check]) -> list[str]:
    """Return what was found wrong, each of which has to say what to do."""
    found = [check for check in checks if check.outcome is Outcome.WRONG]
    assert all(check.fix for check in found)
    return [check.found for check in found]


def service(*lines: str) -> Unit:
    """Return the service as it is installed, with more lines below [Service]."""
    text = (files_root() / "slurm" / SERVICE).read_text().replace("/usr/bin/afterall", "/bin/true")
    return parse_unit(SERVICE, [text, "\n".join(["[Service]", *lines])])


def test_an_empty_assignment_clears_the_list() -> None:
    """What stands before it counts no more; comments and continued lines are read as systemd reads them."""
    unit = parse_unit(
        "a.path",
        [
            "[Path]\nDirectoryNotEmpty=/a\n;DirectoryNotEmpty=/b\n",
            "[Path]\nDirectoryNotEmpty=\n# no\nDirectoryNotEmpty = /c \\\n# within\n /d\n",
            "[Install]\nWantedBy=x\n",
        ],
    )
    assert unit.values("Path.DirectoryNotEmpty") == ("/c   /d",)
    assert unit.words("Path.DirectoryNotEmpty") == ["/c", "/d"]
    assert (unit.value("Install.WantedBy"), unit.value("Path.Unit")) == ("x", "")


def test_a_key_counts_in_its_own_section_only() -> None:
    """Systemd ignores PathChanged below [Unit]."""
    unit = parse_unit(PATH_UNIT, [f"[Unit]\nPathChanged={SPOOL}/new\n"])
    assert len(wrongs(list(check_unit(unit, SPOOL)))) == 1


@given(st.lists(st.text()))
def test_any_text_is_a_unit(texts: list[str]) -> None:
    """Nothing that stands in a file is an exception."""
    list(check_unit(parse_unit(SERVICE, texts), SPOOL))
    list(check_unit(parse_unit(PATH_UNIT, texts), SPOOL))


def test_the_order_of_drop_ins(root: Path) -> None:
    """They count by their names, whatever directory they are in; /etc's takes the place of /usr/lib's."""
    drop_in(root, f"{PATH_UNIT}.d", "20.conf", "", PLACES[3])
    drop_in(root, f"{PATH_UNIT}.d", "10.conf", "", PLACES[3])
    drop_in(root, f"{PATH_UNIT}.d", "20.conf", "")
    drop_in(root, "afterall-.path.d", "15.conf", "")
    drop_in(root, "path.d", "30.conf", "", PLACES[1])
    drop_in(root, "path.d", "10.conf", "")
    drop_in(root, f"{PATH_UNIT}.d", "no.txt", "")
    assert [str(path.relative_to(root)) for path in unit_files(PATH_UNIT, root)] == [
        f"{PLACES[0]}/{PATH_UNIT}",
        f"{PLACES[3]}/{PATH_UNIT}.d/10.conf",
        f"{PLACES[0]}/afterall-.path.d/15.conf",
        f"{PLACES[0]}/{PATH_UNIT}.d/20.conf",
        f"{PLACES[1]}/path.d/30.conf",
    ]


def test_the_order_is_systemds(root: Path) -> None:
    """Systemd's own program lists the same files, and what it prints is read as the files are."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    for place, name in ((PLACES[3], "10.conf"), (PLACES[0], "20.conf"), (PLACES[3], "20.conf")):
        drop_in(root, f"{PATH_UNIT}.d", name, f"[Unit]\nDescription=\nDescription={place}/{name}\n", place)
    # `systemctl cat` prints the same form, and takes no --root.
    argv = ["systemd-analyze", "cat-config", f"--root={root}", "--no-pager", f"systemd/system/{PATH_UNIT}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
    listed = [line[2:] for line in done.stdout.splitlines() if line.startswith("# /")]
    assert listed == [str(path) for path in unit_files(PATH_UNIT, root)]
    assert parse_unit(PATH_UNIT, [done.stdout]) == read_unit(PATH_UNIT, root)
    assert read_unit(PATH_UNIT, root).value("Unit.Description") == f"{PLACES[0]}/20.conf"


def test_units_as_installed_are_good(root: Path) -> None:
    """Nothing is said against them but that systemd does not run below this root."""
    assert [check.subject for check in check_units(SPOOL, root)] == ["systemd"]


def test_units_that_were_not_edited_for_a_moved_spool_are_told(root: Path) -> None:
    """The path unit watches, and the services start for, another place."""
    found = wrongs(list(check_units(MOVED, root)))
    assert [told.split()[0] for told in found] == ["watches", "is", "is"]


def test_a_spool_that_is_moved_by_drop_ins_is_good(root: Path) -> None:
    """An empty assignment, then the new place: in the path unit and in the conditions of both services."""
    watch = f"[Path]\nPathChanged=\nPathChanged={MOVED}/new/\n"
    rooms = "".join(
        f"ConditionDirectoryNotEmpty=|{MOVED}/{room}\n" for room in ("new", "tmp", "claimed", "sets", "waits")
    )
    drop_in(root, f"{PATH_UNIT}.d", "override.conf", watch)
    for name in (SERVICE, "afterall-sweep.service"):
        drop_in(root, f"{name}.d", "override.conf", f"[Unit]\nConditionDirectoryNotEmpty=\n{rooms}")
    assert wrongs(list(check_units(MOVED, root))) == []
    assert len(wrongs(list(check_units(SPOOL, root)))) == 3


def test_a_condition_that_is_left_out_is_told(root: Path) -> None:
    """A service that starts for new records only never goes on with sets that wait."""
    text = f"[Unit]\nConditionDirectoryNotEmpty=\nConditionDirectoryNotEmpty=|{SPOOL}/new\n"
    drop_in(root, f"{SERVICE}.d", "a.conf", text)
    (found,) = wrongs(list(check_units(SPOOL, root)))
    assert found == f"is not started for what waits in {SPOOL}: tmp, claimed, sets, waits"


def test_conditions_that_must_hold_all_at_once_are_told() -> None:
    """Without "|" the service would start only while something lies in every room."""
    rooms = [
        f"ConditionDirectoryNotEmpty={SPOOL}/{room}" for room in ("new", "tmp", "claimed", "sets", "waits")
    ]
    unit = service("[Unit]", "ConditionDirectoryNotEmpty=", *rooms)
    assert len(wrongs(list(check_unit(unit, SPOOL)))) == 1


def test_a_service_without_conditions_starts_for_any_spool() -> None:
    """Then it is started in vain now and then, no more."""
    unit = parse_unit(SERVICE, ["[Service]\nExecStart=/bin/true\n"])
    assert list(check_unit(unit, MOVED)) == []


def test_a_program_that_is_not_there_is_told() -> None:
    """The units name a place of the program that was not edited at installation."""
    unit = parse_unit(SERVICE, ["[Service]\nExecStart=-/opt/none/afterall collect --once\n"])
    assert wrongs(list(check_unit(unit, SPOOL))) == ["starts /opt/none/afterall, which is no program here"]


def test_a_program_without_a_path_is_looked_for() -> None:
    """As systemd does, along directories of its own; a directory is no program."""
    start = "[Service]\nExecStart="
    assert list(check_unit(parse_unit(SERVICE, [f"{start}true\n"]), SPOOL)) == []
    assert len(wrongs(list(check_unit(parse_unit(SERVICE, [f"{start}/usr\n"]), SPOOL)))) == 1


@pytest.mark.parametrize(
    ("spool", "lines", "bar"),
    [
        ("/etc/afterall/spool", [], "/etc"),
        ("/usr/local/spool", [], "/usr"),
        ("/home/slurm/spool", ["ProtectHome=read-only"], "/home"),
        ("/srv/spool", ["ReadOnlyPaths=-/srv"], "/srv"),
        ("/srv/spool", ["ReadWritePaths=/srv/spool", "InaccessiblePaths=/srv/spool/"], ""),
        ("/usr/local/spool", ["ReadWritePaths=/usr/local/spool"], None),
        ("/usr/local/spool", ["ProtectSystem=no"], None),
        ("/srv/spool", ["ProtectHome=yes"], None),
        ("/usr2/spool", [], None),
    ],
)
def test_a_spool_that_the_service_may_not_write_is_told(
    spool: str, lines: list[str], bar: str | None
) -> None:
    """ProtectSystem=full of the unit itself, and what an admin adds, against ReadWritePaths."""
    conditions = ["[Unit]", "ConditionDirectoryNotEmpty=", "[Service]"]
    found = wrongs(list(check_unit(service(*conditions, *lines), Path(spool))))
    assert found == ([f"may not write into {spool}: {bar} is closed to it"] if bar else [])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["ProtectHome=yes"], "may not write below /home; reports can be written: nowhere"),
        (
            ["ProtectSystem=strict", "ReadWritePaths=/var/spool/afterall -/scratch"],
            "may not write below /; reports can be written: /var/spool/afterall, /scratch",
        ),
    ],
)
def test_a_service_that_cannot_reach_users_is_doubtful(lines: list[str], told: str) -> None:
    """Reports are written into the users' directories."""
    (check,) = check_unit(service(*lines), SPOOL)
    assert (check.outcome, check.found) == (Outcome.DOUBT, told)


def test_a_spool_of_slurms_needs_one_capability_more(tmp_path: Path) -> None:
    """Root without DAC_OVERRIDE cannot enter a directory of mode 0700 that is another's."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 61234, 61234)
    conditions = ["[Unit]", "ConditionDirectoryNotEmpty=", "[Service]"]
    (found,) = wrongs(list(check_unit(service(*conditions), tmp_path)))
    assert "no CAP_DAC_OVERRIDE" in found
    given_back = service(*conditions, "CapabilityBoundingSet=CAP_DAC_OVERRIDE")
    assert list(check_unit(given_back, tmp_path)) == []


def test_a_crontab_that_cron_does_not_read_is_told(tmp_path: Path) -> None:
    """Others than root could write it."""
    crontab = tmp_path / "etc/cron.d/afterall"
    crontab.parent.mkdir(parents=True)
    crontab.write_text("")
    crontab.chmod(0o666)
    assert len(wrongs(list(check_units(SPOOL, tmp_path)))) == 1
    crontab.chmod(0o644)
    assert check_crontab(crontab).outcome is (Outcome.GOOD if os.geteuid() == 0 else Outcome.WRONG)
