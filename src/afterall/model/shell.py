r"""Write words of shell commands that a person may paste: exact, and harmless to look at.

Invariant: a word reaches the program byte for byte; what cannot be seen is written as $'\xNN', so that a file
name can neither end a line, nor move a terminal's cursor, nor be changed by whatever shows it.
"""

import shlex

from afterall.model.unseen import is_plain


def shell_word(word: str) -> str:
    r"""Return `word` quoted for bash; one with unseen characters or undecodable bytes as $'…\xNN…'."""
    if word.isprintable() and is_plain(word):
        return shlex.quote(word)
    try:
        written = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        written = word.encode("utf-8", "surrogatepass")
    return "$'" + "".join(map(_escaped, written)) + "'"


def relative(path: str) -> str:
    """Return a relative path that no program takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def _escaped(byte: int) -> str:
    character = chr(byte)
    plain = character.isascii() and (character.isalnum() or character in " /._-")
    return character if plain else f"\\x{byte:02x}"
