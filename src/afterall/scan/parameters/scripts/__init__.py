"""Read what a batch script gives to its training program, as far as its text tells, without running it."""

from afterall.scan.parameters.scripts.arguments import arguments
from afterall.scan.parameters.scripts.budget import Budget
from afterall.scan.parameters.scripts.command_lines import (
    CONFIGS,
    Training,
    script_settings,
    settings_in,
    trainings_in,
)
from afterall.scan.parameters.scripts.given import Given, Lines, Reader, lines_in
from afterall.scan.parameters.scripts.submit_lines import parse_submit_line
from afterall.scan.parameters.scripts.written_config import written_config

__all__ = [
    "CONFIGS",
    "Budget",
    "Given",
    "Lines",
    "Reader",
    "Training",
    "arguments",
    "lines_in",
    "parse_submit_line",
    "script_settings",
    "settings_in",
    "trainings_in",
    "written_config",
]
