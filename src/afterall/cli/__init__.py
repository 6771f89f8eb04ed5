"""Speak with people: the commands, the only place that prints.

Exit codes: 0 done; 1 done, and something checked is wrong; 2 wrong usage or configuration; 3 not finished;
4 Slurm could not be asked; 5 could not publish; 70 a fault in afterall itself; 130 interrupted; 141 nobody
reads the output any more.
"""

import io
import os
import sys
import traceback

import click

from afterall.cli.commands import COMMANDS
from afterall.cli.exits import Exit, exit_code_of
from afterall.cli.group import LazyGroup
from afterall.cli.printable import plain
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A locale that lacks "✓" or a name's bytes must not cost the result.
        sys.stdout.reconfigure(errors="backslashreplace")
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
        return Exit.INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # click turns a broken pipe into SystemExit. What is left must not be flushed into it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.NO_READER
    except AfterallError as error:
        click.echo(f"afterall: {plain(str(error))}", err=True)
        return exit_code_of(error)
    except Exception:  # noqa: BLE001 (the top of the command line: told, and its own exit code)
        traceback.print_exc()
        click.echo("afterall: this is a fault in afterall itself, please report it", err=True)
        return Exit.FAULT
    return int(result or 0)
