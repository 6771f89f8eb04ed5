r"""Write shell commands with real paths: exact, on one line each, and harmless to look at.

Invariant: a word reaches the program byte for byte; what cannot be seen is written as $'\xNN', so that a file
name can neither end a line nor move a terminal's cursor.
"""

import shlex
from collections.abc import Iterable


def command(*words: str) -> str:
    """Return a command of these words, quoted for bash."""
    return " ".join(map(quoted, words))


def inside(directory: str, told: str) -> str:
    """Return a command to be run in a directory, which it leaves only for itself."""
    return f"(cd {quoted(directory)} && {told})"


def quoted(word: str) -> str:
    """Return one word quoted for bash."""
    if word.isprintable():
        return shlex.quote(word)
    try:
        written = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        written = word.encode("utf-8", "surrogatepass")
    return "$'" + "".join(map(_escaped, written)) + "'"


def relative(path: str) -> str:
    """Return a relative path that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def lines(commands: Iterable[str]) -> str:
    """Return several commands, one a line, each once."""
    return "\n".join(dict.fromkeys(told for told in commands if told))


def _escaped(byte: int) -> str:
    character = chr(byte)
    plain = character.isascii() and (character.isalnum() or character in " /._-")
    return character if plain else f"\\x{byte:02x}"
