"""Keep the page on parameters complete: every source, in its order, and every common name."""

import re

from afterall.scan.parameters.names import ALIASES
from afterall.scan.parameters.standing import Standing
from docs.docs_pages import DOCS

PAGE = (DOCS / "reference" / "parameters.md").read_text("utf-8")


def test_sources_stand_in_the_order_in_which_they_count() -> None:
    """The table's first column is the enumeration that decides."""
    told = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert told == [standing.name.lower() for standing in sorted(Standing)]


def test_every_common_name_is_told() -> None:
    """The list of names is the table's of aliases."""
    names = PAGE.partition("The names are:")[2].partition("Every other setting")[0]
    assert sorted(re.findall(r"`(\w+)`", names)) == sorted(ALIASES)
