"""Every setting is documented with its type and default, and every environment variable that is read."""

import ast
import re
import types
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
import pytest

import afterall
from afterall.observe import commands
from afterall.scan.parameters.names import common_name
from afterall.settings import SetSettings, SiteSettings, parse_set_settings
from docs.docs_pages import ROOT, fences, names, page, pages, rows, section

REFERENCE = page("reference/settings")
FILES = {
    "## `afterall.toml`, in the set": SetSettings,
    "## `/etc/afterall/config.toml`, on the worker's host": SiteSettings,
}
TYPES = {bool: "true or false", str: "text", float: "number", int: "whole number"}


def documented(heading: str) -> dict[str, list[str]]:
    """Return the rows of one file's table by key."""
    return {names(row[0])[0]: row[1:] for row in rows(section(REFERENCE, heading))}


def type_in_words(hint: Any) -> str:
    """Return a field's type as the tables call it, bounds left out."""
    if get_origin(hint) is Annotated:
        return type_in_words(get_args(hint)[0])
    if get_origin(hint) is types.UnionType:
        return type_in_words(next(part for part in get_args(hint) if part is not type(None)))
    if get_origin(hint) is tuple:
        return f"list of {type_in_words(get_args(hint)[0])}"
    if get_origin(hint) is dict:
        of = type_in_words(get_args(hint)[1])
        return f"table of {of.replace('list', 'lists')}"
    return TYPES[hint]


def default_in_words(value: object) -> str:
    """Return a default as it would stand in TOML."""
    match value:
        case None:
            return "none"
        case bool():
            return "`true`" if value else "`false`"
        case tuple():
            return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
        case str():
            return f'`"{value}"`'
        case _:
            return f"`{value}`"


@pytest.mark.parametrize(("heading", "record"), FILES.items())
def test_every_setting_is_documented_with_its_default(heading: str, record: type[msgspec.Struct]) -> None:
    """The table of a file holds its keys in the code's order, each with type and default, and no others."""
    hints = get_type_hints(record, include_extras=True)
    defaults = record()
    expected = {
        field.name: (type_in_words(hints[field.name]), default_in_words(getattr(defaults, field.name)))
        for field in msgspec.structs.fields(record)
    }
    told = {
        key: (cells[0].partition(",")[0].split(" above ")[0], cells[1])
        for key, cells in documented(heading).items()
    }
    assert told == expected
    assert list(told) == list(expected)


def test_the_bounds_are_documented() -> None:
    """A number with a bound says so beside its type."""
    for key, cells in documented("## `/etc/afterall/config.toml`, on the worker's host").items():
        hint = get_type_hints(SiteSettings, include_extras=True)[key]
        metas = [meta for meta in get_args(hint)[1:] if isinstance(meta, msgspec.Meta)] or [msgspec.Meta()]
        words = {str(bound) for bound in (metas[0].ge, metas[0].gt, metas[0].le) if bound is not None}
        assert set(re.findall(r"\d+", cells[0])) == words, key


SNIPPETS = [
    pytest.param("\n".join(fence.lines), id=f"{path.relative_to(ROOT)} {number}")
    for path in pages()
    for number, fence in enumerate(fences(path.read_text("utf-8")))
    if fence.language == "toml"
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_settings_in_a_page_are_valid(text: str) -> None:
    """Every afterall.toml in a page can be used as it stands."""
    parse_set_settings(text)


@pytest.mark.parametrize("text", [each for each in SNIPPETS if "[names]" in str(each.values)])
def test_parameters_that_a_page_names_have_these_keys(text: str) -> None:
    """None is an alias, which stands in RESULTS.json under its common name and would name nothing."""
    keys = parse_set_settings(text).names
    common = [(common_name(key) or (key,))[0] for key in keys]
    assert keys
    assert common == list(keys)


def variables_read(path: Path) -> set[str]:
    """Return the names that a module asks os.environ for by a literal."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        asked = None
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv"):
            asked = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            asked = node.slice
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "os.environ":
            asked = node.left
        if isinstance(asked, ast.Constant):
            found.add(str(asked.value))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "os.path.expanduser":
            found.add("HOME")
    return found


def test_every_environment_variable_is_documented() -> None:
    """What the program reads from the environment, or passes on to Slurm's commands, stands in the table."""
    package = Path(afterall.__file__).parent
    read = {name for path in package.rglob("*.py") for name in variables_read(path)}
    passed_on = set(commands._PASSED_ON)
    table = {name for row in rows(section(REFERENCE, "## Environment variables")) for name in names(row[0])}
    assert {"PATH", "SLURM_JOB_ID", "HOME"} <= read
    assert table == read | passed_on


def test_every_variable_of_the_hook_is_documented() -> None:
    """What the hook reads from Slurm stands in the table of keys."""
    hook = (ROOT / "hooks" / "afterall-epilog").read_text("utf-8")
    code = "\n".join(line.partition(" #")[0] for line in hook.splitlines() if not line.startswith("#"))
    read = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", code)) - {"BASH_VERSION"}
    spool = page("reference/spool")
    assert len(read) > 30
    assert {name for name in read if f"`{name}`" not in spool} == set()
