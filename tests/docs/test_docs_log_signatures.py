"""The page of log signatures is the table in the code: each row with a line that it finds.

`PYTHONPATH=tests python tests/docs/test_docs_log_signatures.py` writes its tables anew.
"""

import re

from afterall.model import FindingCode
from afterall.scan.logs.lines import clean
from afterall.scan.logs.signatures import SIGNATURES, Signature
from docs.docs_pages import DOCS, names, page, rows
from scan.telling_lines import TELLING

NAME = "reference/log-signatures"
BEGIN = "<!-- tables: begin -->\n"
END = "<!-- tables: end -->\n"
SHOWN = 110
"""How much of a line is shown."""
HEAD = "| a line | written by | severity | what it is not |\n|---|---|---|---|\n"


def finds(row: Signature, text: str) -> bool:
    """Tell whether a row finds a line of the table of tests."""
    words = clean(text.encode())[1].encode()
    is_refused = row.refusal is not None and row.refusal.search(words) is not None
    return row.literal in words and row.pattern.search(words) is not None and not is_refused


def example(row: Signature) -> str:
    """Return the first line of the tests' table that this row finds, cut to what fits."""
    line = next(text for code, text in TELLING if code is row.code and finds(row, text))
    shown = line if len(line) <= SHOWN else f"{line[: SHOWN - 1].rstrip()}…"
    return f"`{shown}`" if "`" not in shown else f"`` {shown} ``"


def row_of(row: Signature) -> str:
    """Return one row in Markdown."""
    severity = row.severity or row.code.severity
    cells = (example(row), row.era, severity.word, row.is_not or "—")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def tables() -> str:
    """Return a section for each code with its rows, in the order of the code's list of findings."""
    sections = []
    for code in FindingCode:
        own = [row for row in SIGNATURES if row.code is code]
        if own:
            sections.append(f"## `{code.value}`\n\n{HEAD}{''.join(row_of(row) for row in own)}\n")
    return "".join(sections)


def test_the_page_is_the_table() -> None:
    """Every row of the code stands on the page, with a line that it finds, and no other row does."""
    text = page(NAME)
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == f"\n{tables()}"


def test_the_page_has_every_code_on_lines() -> None:
    """Each code on lines has its section, that on tracebacks in words."""
    told = set(names("\n".join(re.findall(r"(?m)^## (.+)$", page(NAME)))))
    assert told == {code.value for code in FindingCode if code.value.startswith("line_")}
    assert len(rows(page(NAME))) == len(SIGNATURES)


if __name__ == "__main__":
    before, after = page(NAME).split(BEGIN)[0], page(NAME).split(END)[1]
    (DOCS / f"{NAME}.md").write_text(f"{before}{BEGIN}\n{tables()}{END}{after}", "utf-8")
