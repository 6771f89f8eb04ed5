"""Whole reports are, to the byte, what was read and found good.

After a deliberate change, `PYTHONPATH=tests python tests/render/test_render_golden.py` writes them anew: read
the difference.
"""

from pathlib import Path

import pytest

from afterall.render.documents import render
from afterall.settings import SetSettings
from render.render_mixed import mixed_report, unfinished_report
from render.render_reports import spec_report

GOLDEN = Path(__file__).parent / "golden"
REPORTS = {"spec": spec_report, "mixed": mixed_report, "unfinished": unfinished_report}


@pytest.mark.parametrize("case", REPORTS)
def test_the_whole_report_is_as_it_was_approved(case: str) -> None:
    """RESULTS.md equals the golden file to the last byte."""
    document = render(REPORTS[case](), SetSettings(), "", {})["RESULTS.md"]
    assert document.decode() == (GOLDEN / f"{case}.md").read_bytes().decode()


if __name__ == "__main__":
    for name, make in REPORTS.items():
        (GOLDEN / f"{name}.md").write_bytes(render(make(), SetSettings(), "", {})["RESULTS.md"])
