"""Every command explains itself, with an example, and asking for help costs nothing."""

import re
import subprocess
import sys

import click
import pytest

from afterall.cli import cli
from afterall.cli.commands import COMMANDS
from cli.cli_ground import in_process, speak

PROMISED = {"report", "status", "submit", "verify", "init", "collect", "sweep", "doctor", "demo", "compare"}


def command_named(name: str) -> click.Command:
    """Return one command, loaded."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def test_every_promised_command_is_there() -> None:
    """The commands are those that the documentation names."""
    assert set(COMMANDS) == PROMISED


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_shows_how_it_is_called(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Help of each says what it does under its own name, and gives an example that begins with that."""
    told = speak(capsys, name, "--help")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: afterall {name} ")
    assert f"Example: afterall {name}" in told.out
    assert speak(capsys, name, "-h") == told


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_bears_the_name_it_is_called_by(name: str) -> None:
    """Name, module and the table of commands agree, and every option has words of help."""
    command = command_named(name)
    assert command.name == name
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_can_be_parsed(name: str) -> None:
    """The options that a command's example uses exist."""
    command = command_named(name)
    text = re.sub(r"\s+", " ", command.help or "")
    example = text.partition(f"Example: afterall {name}")[2].split()
    command.make_context(name, list(example))


def test_the_groups_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Someone who knows nothing sees all commands, each with a line, and how to begin."""
    told = speak(capsys, "--help")
    assert told.code == 0
    listed = re.findall(r"^  ([a-z]+)  +\S", told.out, re.MULTILINE)
    assert listed == list(COMMANDS)
    assert "afterall demo" in told.out


def test_help_loads_no_command() -> None:
    """Asking for help imports neither the stages nor a library of theirs."""
    program = (
        "import sys; from afterall.cli import run; code = run(['--help'])\n"
        "heavy = {'afterall.pipeline', 'afterall.scan', 'numpy', 'rich', 'jinja2', 'yaml', 'msgspec'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_told() -> None:
    """`afterall --version` prints name and version alone."""
    assert re.fullmatch(r"afterall \d+\.\d+\.\d+\S*\n", in_process("--version").out)


def test_a_command_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error is exit code 2 and names what was typed."""
    told = speak(capsys, "reprot", "x")
    assert (told.code, told.out) == (2, "")
    assert "reprot" in told.err


def test_an_option_that_does_not_exist_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Options of sbatch's come after --; a mistyped one of ours is not passed on in silence."""
    told = speak(capsys, "submit", "somewhere", "--wiat", "5")
    assert (told.code, told.out) == (2, "")
    assert "--wiat" in told.err
