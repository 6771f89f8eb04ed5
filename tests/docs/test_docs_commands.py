"""Every command and option is documented, no other one is, and the commands in the pages can be typed."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from afterall.cli import cli
from afterall.cli.commands import COMMANDS
from docs.docs_pages import ROOT, fences, names, page, pages, rows, section

REFERENCE = page("reference/commands")


def command_of(name: str) -> click.Command:
    """Return a command, loaded."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def options_of(name: str) -> list[click.Option]:
    """Return a command's own options."""
    return [parameter for parameter in command_of(name).params if isinstance(parameter, click.Option)]


def test_the_commands_are_documented_in_their_order() -> None:
    """Each command of the program has a section, in the order of --help, and no other has one."""
    assert re.findall(r"(?m)^## `afterall (\w+)`$", REFERENCE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_are_documented(name: str) -> None:
    """A command's options stand in its table in their order, with the values they take, and no others."""
    documented = [names(row[0])[0] for row in rows(section(REFERENCE, f"## `afterall {name}`"))]
    expected = []
    for option in options_of(name):
        takes = "" if option.is_flag else f" {option.metavar or option.make_metavar(click.Context(cli))}"
        expected.append(f"{option.opts[0]}{takes}")
    assert documented == expected


@pytest.mark.parametrize("name", COMMANDS)
def test_the_usage_is_documented(name: str) -> None:
    """The usage line has the command's arguments as --help calls them, in brackets what may be left out."""
    arguments = [one for one in command_of(name).params if isinstance(one, click.Argument)]
    shown = [str(one.metavar or one.make_metavar(click.Context(cli))).strip("[]") for one in arguments]
    pieces = ["[OPTIONS]"] if options_of(name) else []
    pieces += [word if one.required else f"[{word}]" for word, one in zip(shown, arguments, strict=True)]
    told = re.search(r"(?m)^Usage: `afterall \w+ ?(.*)`$", section(REFERENCE, f"## `afterall {name}`"))
    assert told is not None
    assert told[1] == " ".join(pieces)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_defaults_are_documented(name: str) -> None:
    """Where an option has a default that --help shows, or a number, its row says it."""
    table = rows(section(REFERENCE, f"## `afterall {name}`"))
    for row, option in zip(table, options_of(name), strict=True):
        if not option.is_flag and (option.show_default or isinstance(option.default, int)):
            assert str(option.default) in row[1], option.opts


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each `afterall` in a shell block, whatever stands before it in its line."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if not set(word) <= set("();<>|&"):
                words.append(word)
                continue
            if word.startswith(">") and words and words[-1].isdecimal():
                words.pop()  # the 2 of 2>&1
            starts = [n for n, one in enumerate(words) if re.fullmatch(r"(.*/bin/)?afterall", one)]
            if starts:
                yield words[starts[0] + 1 :]
            words = []


TYPED = [
    pytest.param(arguments, id=f"{path.relative_to(ROOT)}: {' '.join(arguments)}")
    for path in pages()
    for fence in fences(path.read_text("utf-8"))
    if fence.language in ("sh", "bash", "console")
    for arguments in commands_in("\n".join(fence.lines))
]


@pytest.mark.parametrize("arguments", TYPED)
def test_a_command_in_a_page_can_be_typed(arguments: list[str]) -> None:
    """Every afterall command line in a shell block names a command, and its options and values parse."""
    if arguments == ["--version"]:
        return
    name, *rest = arguments
    assert name in COMMANDS
    command_of(name).make_context(name, rest, parent=click.Context(cli, **cli.context_settings))


def test_command_lines_are_found() -> None:
    """The search sees commands behind a path, a pipe, a variable and a continued line."""
    lines = (
        "X=1 afterall demo",
        "sed 's|afterall|' y | /bin/afterall sweep 2>&1 # afterall z",
        "x \\",
        "  afterall init",
    )
    assert list(commands_in("\n".join(lines))) == [["demo"], ["sweep"], ["init"]]
    assert len(TYPED) >= 15
