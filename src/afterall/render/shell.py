"""Write the set's own paths as words of shell commands."""

from collections.abc import Iterable

from afterall.model.shell import relative, shell_word

__all__ = ["shell_path", "shell_paths", "shell_word"]


def shell_path(path: str) -> str:
    """Return a relative path quoted for bash, one that looks like an option made to look like a path."""
    return shell_word(relative(path))


def shell_paths(paths: Iterable[str]) -> str:
    """Return paths quoted and in a row."""
    return " ".join(shell_path(path) for path in paths)
