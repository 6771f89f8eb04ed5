"""Speak with people: the commands, the only place that prints.

Exit codes: 0 done; 1 done, and something checked is wrong; 2 wrong usage or configuration; 3 not finished;
4 Slurm could not be asked; 5 could not publish; 70 a fault in afterall itself.
"""

import os
import sys
import traceback

import click

from afterall.cli.commands import COMMANDS
from afterall.cli.exits import Exit, exit_code_of
from afterall.cli.group import LazyGroup
from afterall.errors import AfterallError

cli = LazyGroup(
    name="afterall",
    lazy=COMMANDS,
    help="Write the report of a fine-tuning experiment set when its last Slurm job ends.",
    epilog="Start with: afterall demo. Then: afterall report PATH/TO/SET. Each command explains itself: "
    "afterall report --help.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(package_name="afterall", message="%(prog)s %(version)s")(cli)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code, every known failure told in one line on stderr."""
    try:
        result = cli.main(args=arguments, prog_name="afterall", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader went away; point stdout elsewhere so that the interpreter's last flush is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except AfterallError as error:
        click.echo(f"afterall: {error}", err=True)
        return exit_code_of(error)
    except Exception:  # noqa: BLE001 (the top of the command line: told, and its own exit code)
        traceback.print_exc()
        click.echo(
            "afterall: this is a fault in afterall itself; nothing was changed by the failed step", err=True
        )
        return Exit.FAULT
    return int(result or 0)
