"""Load a command's module only when that command is called, so that `--help` costs nothing."""

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A click group whose commands are named first and imported when needed."""

    def __init__(self, *, lazy: dict[str, tuple[str, str]], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in the order a newcomer meets them."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._lazy:
            return None
        command = getattr(import_module(f"afterall.cli.{self._lazy[cmd_name][0]}"), "command")  # noqa: B009
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table alone, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short) for name, (_, short) in self._lazy.items()])
