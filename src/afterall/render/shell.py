"""Write words of shell commands that a person may paste: exact, and harmless to look at."""

import shlex
from collections.abc import Iterable

from afterall.render.escaping import path_bytes, shown


def shell_word(word: str) -> str:
    r"""Return `word` quoted for bash; one with unseen characters or undecodable bytes as $'…\xNN…'."""
    if shown(word) == word:
        return shlex.quote(word)
    return "$'" + "".join(_escaped(byte) for byte in path_bytes(word)) + "'"


def shell_path(path: str) -> str:
    """Return a relative path quoted for bash, one that looks like an option made to look like a path."""
    return shell_word(f"./{path}" if path.startswith("-") else path)


def shell_paths(paths: Iterable[str]) -> str:
    """Return paths quoted and in a row."""
    return " ".join(shell_path(path) for path in paths)


def _escaped(byte: int) -> str:
    character = chr(byte)
    return (
        character
        if character.isascii() and (character.isalnum() or character in " /._-")
        else f"\\x{byte:02x}"
    )
