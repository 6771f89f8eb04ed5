"""Turn TOML text into a typed record, or say which line and key is wrong.

tomllib knows lines only for syntax errors and msgspec knows only key paths, so a wrong value's line is
found by looking for its key in the text.
"""

import re
import tomllib
from typing import TypeVar

import msgspec

from afterall.errors import BadSettings

Record = TypeVar("Record", bound=msgspec.Struct)


def parse_toml(text: str, into: type[Record], path: str) -> Record:
    """Return `text` as a record of type `into`; raise BadSettings naming `path`, line and key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _of_syntax(text, path, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise BadSettings(path, "holds a number too long or a nesting too deep to be read") from error
    try:
        return msgspec.convert(document, into)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        key = place.rstrip("`").lstrip(".")
        unknown = re.search(r"unknown field `(.+?)`", problem)
        if unknown:
            key = f"{key}.{unknown[1]}" if key else unknown[1]
            problem = "is not a setting"
        raise BadSettings(path, _plain(problem), line=line_of(text, key), key=key) from error


def _of_syntax(text: str, path: str, problem: str) -> BadSettings:
    """Return the error for text that is no TOML, with the key that its line sets where it sets one."""
    lines = text.splitlines()
    found = re.search(r"\(at line (\d+), column \d+\)$", problem)
    line = int(found[1]) if found else max(1, len(lines))
    key = re.match(r"\s*([\w.-]+)\s*=", lines[line - 1]) if line <= len(lines) else None
    plain = re.sub(r" \(at .*\)$", "", problem).lower()
    return BadSettings(path, plain, line=line, key=key[1] if key else "")


_PLAIN = {"str": "text", "array": "list", "int": "whole number", "float": "number", "object": "table"}


def _plain(problem: str) -> str:
    """Put msgspec's words for types into TOML's."""
    words = re.sub(r" \| null|`", "", problem)
    words = re.sub(r"\b(" + "|".join(_PLAIN) + r")\b", lambda found: _PLAIN[found[0]], words)
    return words[0].lower() + words[1:]


def line_of(text: str, key: str) -> int | None:
    """Return the 1-based line on which a dotted key is set, or its table opened; None if it is not found."""
    parts = [re.sub(r"\[.*", "", part) for part in key.split(".") if part]
    if not parts:
        return None
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?([^\[\]]+)\]", line)
        if header:
            table = header[1].strip().replace('"', "")
            if table == ".".join(parts):
                return number
            continue
        name = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
        if name and f"{table}.{name[1]}".lstrip(".") == ".".join(parts):
            return number
    opened = rf"\s*(\[+\s*)?[\"']?{re.escape(parts[0])}[\"']?\s*[\]=]"
    return next((n for n, line in enumerate(text.splitlines(), start=1) if re.match(opened, line)), None)
