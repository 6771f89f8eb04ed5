"""The files of slurm/ are valid for the programs that read them, and agree with hook and settings."""

import os
import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import msgspec
import pytest

from afterall.settings import SiteSettings, parse_site_settings
from hook.hook_runs import HOOK, require

SLURM = Path(__file__).parents[2] / "slurm"
UNITS = sorted(path.name for end in ("service", "timer", "path") for path in SLURM.glob(f"*.{end}"))
SPOOL = SiteSettings().spool


def uncommented(text: str) -> str:
    """Return the example with each setting that stands behind # set."""
    return re.sub(r"(?m)^#(?=[a-z_]+ = )", "", text)


def test_the_example_settings_are_the_defaults() -> None:
    """Each setting of the worker stands in config.toml.example once, in order, with its default."""
    text = (SLURM / "config.toml.example").read_text()
    assert parse_site_settings(text) == SiteSettings()
    every = parse_site_settings(uncommented(text))
    assert msgspec.structs.replace(every, slurm_conf=None, metrics_file=None) == SiteSettings()
    assert re.findall(r"(?m)^#([a-z_]+) = ", text) == [
        field.name for field in msgspec.structs.fields(SiteSettings)
    ]


def test_hook_settings_and_units_name_one_spool() -> None:
    """The spool's default is the same in the hook, the settings, the units and tmpfiles.d."""
    assert f"\nspool={SPOOL}\n" in HOOK.read_text()
    for name in (
        "afterall-collect.path",
        "afterall-collect.service",
        "afterall-sweep.service",
        "afterall.conf",
    ):
        text = (SLURM / name).read_text()
        assert f"{SPOOL}/new" in text, name
        assert set(re.findall(r"/var/spool/[a-z]+", text)) == {SPOOL}, name


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    """systemd-analyze finds nothing to say about the unit beside the placeholder of the program."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    for name in UNITS:
        text = (SLURM / name).read_text().replace("/usr/bin/afterall", "/bin/true")
        (tmp_path / name).write_text(text)
    argv = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "afterall" in line]) == (0, [])


@pytest.mark.parametrize("service", [name for name in UNITS if name.endswith(".service")])
def test_the_service_can_only_become_users(service: str) -> None:
    """A service keeps three capabilities, and so cannot read what file modes deny, even as root."""
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(SLURM / service)
    section = unit["Service"]
    assert set(section["CapabilityBoundingSet"].split()) == {"CAP_SETUID", "CAP_SETGID", "CAP_KILL"}
    assert section["NoNewPrivileges"] == "yes"
    assert section["Type"] == "oneshot"
    assert section["ExecStart"].split()[0] == "/usr/bin/afterall"


def test_the_how_to_states_the_services_exposure() -> None:
    """With the figure that systemd-analyze gives, and the release of systemd that it is of."""
    page = (SLURM.parent / "docs/how-to/install-as-an-epilog.md").read_text()
    stated = re.search(r"an exposure of\s+([0-9.]+) \(systemd ([0-9]+);", page)
    assert stated
    require("systemd-analyze")
    version = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True)
    if version.stdout.split()[1] != stated[2]:
        pytest.skip(f"the how-to's figure is of systemd {stated[2]}")
    for name in ("collect", "sweep"):
        argv = ["systemd-analyze", "security", "--offline=true", str(SLURM / f"afterall-{name}.service")]
        told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert f"exposure level for afterall-{name}.service: {stated[1]} OK" in told


def test_the_two_services_differ_in_name_and_command_alone() -> None:
    """Worker and sweep are confined alike."""
    collect = (SLURM / "afterall-collect.service").read_text().splitlines()
    sweep = (SLURM / "afterall-sweep.service").read_text().splitlines()
    differing = [(a, b) for a, b in zip(collect, sweep, strict=True) if a != b]
    assert [a.partition("=")[0] for a, _ in differing] == ["Description", "ExecStart"]
    assert differing[1] == ("ExecStart=/usr/bin/afterall collect --once", "ExecStart=/usr/bin/afterall sweep")


def test_tmpfiles_makes_a_spool(tmp_path: Path) -> None:
    """systemd-tmpfiles makes the spool that the hook writes to, for its owner alone."""
    if shutil.which("systemd-tmpfiles") is None or os.geteuid() != 0:
        pytest.skip("needs systemd-tmpfiles, and root to give directories to root")
    conf = tmp_path / "etc/tmpfiles.d/afterall.conf"
    conf.parent.mkdir(parents=True)
    shutil.copy(SLURM / "afterall.conf", conf)
    # The names of users are looked up below --root.
    for name in ("passwd", "group"):
        shutil.copy(f"/etc/{name}", tmp_path / "etc" / name)
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={tmp_path}", conf.name], check=True)
    for path in (tmp_path / SPOOL[1:], tmp_path / SPOOL[1:] / "new", tmp_path / SPOOL[1:] / "tmp"):
        assert path.stat().st_mode & 0o7777 == 0o700


def test_the_summary_job_runs_its_arguments(tmp_path: Path) -> None:
    """summary.sbatch becomes the command that it was given, words and exit status kept."""
    script = SLURM / "summary.sbatch"
    argv = [
        "/bin/sh",
        str(script),
        "/bin/sh",
        "-c",
        'printf "<%s>" "$@"; exit 3',
        "x",
        "a b",
        "*",
        "$(id)",
        "",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, "<a b><*><$(id)><>", "")


def test_the_summary_job_without_a_command_says_so() -> None:
    """Submitted by hand without arguments, summary.sbatch fails with a word on how to call it."""
    done = subprocess.run(["/bin/sh", SLURM / "summary.sbatch"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "afterall report SET" in done.stderr


def test_the_scripts_are_clean() -> None:
    """There is nothing that shellcheck finds in summary.sbatch."""
    require("shellcheck")
    done = subprocess.run(
        ["shellcheck", "-s", "sh", SLURM / "summary.sbatch"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
