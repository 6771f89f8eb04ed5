"""Check an installation, and what a set's file system can do; change nothing, and say what to fix.

Invariant: every check ends with an outcome, whatever is wrong with what it looks at; a check that cannot look
says so and is not taken for good.
"""

from afterall.diagnose.check import Check, Outcome
from afterall.diagnose.examination import diagnose_set, diagnose_site
from afterall.diagnose.installing import install_files
from afterall.diagnose.nodes import Task, take_part, task_here

__all__ = [
    "Check",
    "Outcome",
    "Task",
    "diagnose_set",
    "diagnose_site",
    "install_files",
    "take_part",
    "task_here",
]
