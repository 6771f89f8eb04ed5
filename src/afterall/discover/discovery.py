"""Look once at a set's directory and say what lies in it.

Invariant: one bounded walk, a bounded number of bounded reads; nothing outside the set is opened and nothing
is written.
"""

import re
from collections.abc import Callable
from pathlib import Path

from afterall.discover.layout.job_records import read_job_records
from afterall.discover.layout.scripts import find_scripts
from afterall.discover.layout.whole import Material, lay_out
from afterall.discover.walk import WalkLimits, walk
from afterall.errors import BadInput
from afterall.model import SetLayout
from afterall.settings import RESULTS_FILES, RESULTS_HTML, RESULTS_JSON, SetSettings


def discover(set_dir: Path, settings: SetSettings) -> SetLayout:
    """Return what lies in a set; raise BadInput where it is missing, unreadable or no set of experiments."""
    walked = walk(str(set_dir), WalkLimits(), is_report(settings.report))
    if not walked.entries:
        raise BadInput(set_dir, "is empty")
    scripts = find_scripts(walked.path, walked.entries)
    recorded = read_job_records(walked.path, walked.entries)
    layout = lay_out(Material(walked=walked, scripts=scripts, recorded=recorded), settings)
    if not layout.experiments:
        raise BadInput(
            set_dir, "holds no experiment: no checkpoint, log, run configuration or batch script was found"
        )
    return layout


def is_report(report: str) -> Callable[[str], bool]:
    """Return what tells whether a path relative to the set is the report's own, `report` being its name.

    A report must not see itself, or writing it twice would give two different reports. Besides its documents
    these are an edited report's copies, files not yet in place, `.afterall` with lock and cache, and what its
    job prints.
    """
    name, facts, web, files = map(re.escape, (report, RESULTS_JSON, RESULTS_HTML, RESULTS_FILES))
    documents = rf"({name}|{web})(\.orig(\.\d+)?)?|{facts}|{files}|\.({name}|{facts}|{web})\..*\.tmp"
    own = re.compile(rf"\.afterall|{documents}|afterall-.*\.(out|err)", re.DOTALL)
    return lambda path: own.fullmatch(path) is not None and "/" not in path
