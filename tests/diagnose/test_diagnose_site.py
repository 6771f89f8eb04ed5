"""Each part of an installation is checked, and what is wrong with it is named with what to do."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from afterall.diagnose.check import Check, Outcome
from afterall.diagnose.hook import check_file, check_hook
from afterall.diagnose.installing import files_root, hook_text, install_files
from afterall.diagnose.program import first_closed
from afterall.diagnose.slurm import check_accounting, check_commands, parse_config, read_config
from afterall.diagnose.spool import check_spool
from afterall.errors import PublishRefused
from afterall.observe import SlurmCommands
from afterall.settings import SiteSettings

CONFIG = """Configuration data as of 2026-11-25T21:00:00
AccountingStorageType   = accounting_storage/slurmdbd
Epilog[0]               = {hook}
EpilogSlurmctld         = (null)
PrologEpilogTimeout     = 120
SLURM_VERSION           = 25.11.7
Slurmctld(primary) at n1 is UP
"""


def outcomes(checks: Iterable[Check]) -> list[tuple[str, Outcome]]:
    """Return subject's last word and outcome of each check."""
    return [(check.subject.rpartition("/")[2], check.outcome) for check in checks]


def wrongs(checks: Iterable[Check]) -> list[Check]:
    """Return the checks that came out badly, each of which has to say what to do."""
    found = [check for check in checks if check.outcome is Outcome.WRONG]
    assert all(check.fix for check in found)
    return found


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    """Return the hook, installed with a spool of its own."""
    path = tmp_path / "afterall-epilog"
    path.write_text(hook_text().replace("/var/spool/afterall", str(tmp_path / "spool")))
    path.chmod(0o755)
    return path


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Return a spool as tmpfiles.d makes it."""
    for room in ("", "new", "tmp"):
        (tmp_path / "spool" / room).mkdir(mode=0o700)
    return tmp_path / "spool"


def test_slurms_settings_are_read_by_name() -> None:
    """Lines that are no setting are passed over."""
    config = parse_config(CONFIG.format(hook="/x"))
    assert config["SLURM_VERSION"] == "25.11.7"
    assert config["EpilogSlurmctld"] == "(null)"
    assert len(config) == 5


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can own the hook")


@needs_root
def test_a_hook_as_installed_is_good(hook: Path, spool: Path) -> None:
    """Named in slurm.conf, root's own, this release's, and writing into the worker's spool."""
    checks = list(check_hook({"Epilog[0]": str(hook)}, spool))
    assert [(check.subject, check.outcome) for check in checks] == [("Epilog[0]", Outcome.GOOD)]


def test_an_epilog_that_is_not_ours_is_told(spool: Path) -> None:
    """Where slurm.conf names no hook of ours nothing will ever be noted."""
    (check,) = wrongs(check_hook({"Epilog": "/etc/slurm/epilog.sh", "EpilogSlurmctld": "(null)"}, spool))
    assert "Epilog=/etc/slurm/epilog.sh" in check.found


def test_a_script_that_calls_the_hook_counts(tmp_path: Path, spool: Path) -> None:
    """A site's own epilog may call ours."""
    script = tmp_path / "site.sh"
    script.write_text("#!/bin/sh\n/usr/libexec/afterall/afterall-epilog\n")
    script.chmod(0o755)
    checks = list(check_hook({"Epilog": f"{tmp_path}/*.sh"}, spool))
    assert checks[0].outcome is Outcome.GOOD


def test_a_hook_without_a_path_lies_beside_slurm_conf(hook: Path, spool: Path) -> None:
    """As configless Slurm has it: by its name alone, among several epilogs."""
    conf = str(hook.parent / "slurm.conf")
    config = {"Epilog[0]": "/none/site.sh", "Epilog[1]": hook.name, "SLURM_CONF": conf}
    first = next(iter(check_hook(config, spool)))
    assert (first.subject, first.outcome, first.found) == ("Epilog[1]", Outcome.GOOD, str(hook))


def test_a_hook_that_others_can_write_is_told(hook: Path, spool: Path) -> None:
    """Whoever can write it becomes root."""
    hook.chmod(0o777)
    assert any("runs as root" in check.found for check in wrongs(check_file(hook, spool)))


def test_a_hook_with_another_spool_is_told(hook: Path, tmp_path: Path) -> None:
    """The hook writes to one place, the worker reads another: every event would be lost."""
    found = [check.found for check in wrongs(check_file(hook, tmp_path / "elsewhere"))]
    assert any("the worker reads" in told for told in found)


def test_a_hook_of_another_release_is_told(hook: Path, spool: Path) -> None:
    """An old hook works, and is not this one."""
    hook.write_text(hook.read_text() + "# old\n")
    assert any("this release" in check.found for check in check_file(hook, spool))


def test_a_hook_without_slurm_is_not_known(spool: Path) -> None:
    """Without slurmctld's settings nothing is said of the hook, good or bad."""
    (check,) = check_hook(None, spool)
    assert check.outcome is Outcome.UNKNOWN


@needs_root
def test_a_spool_as_made_is_good(spool: Path) -> None:
    """Root's own, mode 0700, empty."""
    assert wrongs(check_spool(spool, SiteSettings())) == []


def test_a_spool_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The missing directory is named, and how to make it."""
    (check,) = wrongs(check_spool(tmp_path / "nowhere", SiteSettings()))
    assert "systemd-tmpfiles" in check.fix


@pytest.mark.parametrize("room", [".", "new", "tmp"])
def test_a_spool_that_others_can_write_is_told(spool: Path, room: str) -> None:
    """Mode 0777 lets anybody choose whose sets are reported on, also that of a directory within."""
    (spool / room).chmod(0o777)
    assert any("others could choose" in check.found for check in wrongs(check_spool(spool, SiteSettings())))


def test_events_that_nobody_fetches_are_told(spool: Path) -> None:
    """A record that has waited for an hour means that no worker runs."""
    (spool / "new" / "1.n1.1.0").write_text("afterall-event 1\n")
    os.utime(spool / "new" / "1.n1.1.0", (1, 1))
    assert any("no worker" in check.found for check in wrongs(check_spool(spool, SiteSettings())))


def test_what_was_set_aside_is_told(spool: Path) -> None:
    """Unreadable records are kept, and an admin should know."""
    (spool / "quarantine").mkdir()
    (spool / "quarantine" / "x").write_text("?")
    (spool / "quarantine" / "x.reason").write_text("no record")
    assert any("1 records" in check.found for check in check_spool(spool, SiteSettings()))


def slurm(directory: Path, **commands: str) -> SlurmCommands:
    """Return commands that print what is given, and exit with 1 for an empty text."""
    directory.mkdir()
    for name, text in commands.items():
        path = directory / name
        path.write_text(
            f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n" if text else "#!/bin/sh\necho no >&2; exit 1\n"
        )
        path.chmod(0o755)
    return SlurmCommands(path=f"{directory}:/usr/bin:/bin" if shutil.which("cat") else str(directory))


def test_missing_commands_are_told(tmp_path: Path) -> None:
    """Each command that is not on slurm_path is named."""
    (tmp_path / "bin").mkdir()
    found = wrongs(check_commands(SlurmCommands(path=str(tmp_path / "bin"))))
    assert [check.subject for check in found] == ["sacct", "squeue", "scontrol"]


def test_a_slurm_that_answers_is_good(tmp_path: Path) -> None:
    """Slurm's version and accounting's answer stand in the checks."""
    commands = slurm(tmp_path / "bin", scontrol=CONFIG.format(hook="/x"), sacct="")
    config = read_config(commands)
    assert config is not None
    checks = list(check_accounting(config, commands))
    assert ("slurmctld", Outcome.GOOD) in outcomes(checks)
    assert [check.subject for check in wrongs(checks)] == ["accounting"]


def test_a_slurm_that_is_down_is_told(tmp_path: Path) -> None:
    """Neither answers: both are named."""
    commands = slurm(tmp_path / "bin", scontrol="", sacct="")
    assert read_config(commands) is None
    assert [c.subject for c in wrongs(check_accounting(None, commands))] == ["slurmctld", "accounting"]


def test_an_epilog_without_time_limit_is_doubtful(tmp_path: Path) -> None:
    """65534 is Slurm's word for no limit."""
    commands = slurm(tmp_path / "bin", sacct="1")
    checks = check_accounting({"PrologEpilogTimeout": "65534"}, commands)
    assert ("PrologEpilogTimeout", Outcome.DOUBT) in outcomes(checks)


def test_a_link_into_a_closed_directory_is_told() -> None:
    """The Python below a virtual environment may lie where only root can go."""
    with tempfile.TemporaryDirectory(prefix="afterall-commons-") as place:  # pytest's are their owner's alone
        Path(place).chmod(0o755)
        home, link = Path(place, "home"), Path(place, "python")
        home.mkdir(mode=0o755)
        (home / "python").touch(mode=0o755)
        link.symlink_to(home / "python")
        assert first_closed(link) is None
        home.chmod(0o700)
        assert first_closed(link) == home


def test_the_files_are_brought_to_a_directory(tmp_path: Path) -> None:
    """Hook, units and examples arrive with their modes, byte for byte."""
    made = install_files(tmp_path / "out")
    assert {path.name for path in made} >= {
        "afterall-epilog",
        "afterall-collect.service",
        "config.toml.example",
    }
    for path in made:
        source = files_root() / path.relative_to(tmp_path / "out")
        assert path.read_bytes() == source.read_bytes()
    assert os.access(tmp_path / "out" / "hooks" / "afterall-epilog", os.X_OK)


def test_a_wheel_holds_the_files(tmp_path: Path) -> None:
    """What is copied from a checkout lies in the package too, where an installed program looks for it."""
    pyproject = tomllib.loads((files_root() / "pyproject.toml").read_text())
    included = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(place == f"afterall/files/{source}" for source, place in included.items())
    for path in install_files(tmp_path / "out"):
        copied = path.relative_to(tmp_path / "out")
        assert any(copied.is_relative_to(source) for source in included), copied


def test_no_file_is_replaced(tmp_path: Path) -> None:
    """What an admin has edited stays."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "afterall-epilog").write_text("mine")
    with pytest.raises(PublishRefused):
        install_files(tmp_path)
    assert (tmp_path / "hooks" / "afterall-epilog").read_text() == "mine"
