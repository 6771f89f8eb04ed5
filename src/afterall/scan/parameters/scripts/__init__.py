"""Read what a batch script gives to its training program, as far as its text tells, without running it."""

from afterall.scan.parameters.scripts.command_lines import arguments, script_settings, submit_variables
from afterall.scan.parameters.scripts.output import Reader
from afterall.scan.parameters.scripts.written_config import written_config

__all__ = ["Reader", "arguments", "script_settings", "submit_variables", "written_config"]
