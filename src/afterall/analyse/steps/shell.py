"""Write shell commands with real paths: exact, and on one line each."""

from collections.abc import Iterable

from afterall.model.shell import relative, shell_word

__all__ = ["command", "inside", "lines", "relative"]


def command(*words: str) -> str:
    """Return a command of these words, quoted for bash."""
    return " ".join(map(shell_word, words))


def inside(directory: str, told: str) -> str:
    """Return a command to be run in a directory, which it leaves only for itself."""
    return f"(cd {shell_word(directory)} && {told})"


def lines(commands: Iterable[str]) -> str:
    """Return several commands, one a line, each once."""
    return "\n".join(dict.fromkeys(told for told in commands if told))
