"""Read a configuration that a program printed into its log as YAML, until other text follows."""

import re

from afterall.scan.logs.lines import Line

_YAML = re.compile(r"\s+\S|- |[+~]?[\w.\"'/-]+:(?:\s|$)|[\]}]")
MOST_LINES = 4000


class ConfigBanner:
    """The text of one printed configuration; `first` is the line above it, None before it was seen."""

    def __init__(self) -> None:
        self.first: Line | None = None
        self.is_open = False
        self._lines: list[str] = []

    @property
    def text(self) -> str:
        """The YAML text read so far."""
        return "\n".join(self._lines)

    def begin(self, line: Line) -> None:
        """Expect a configuration below `line`; an earlier one is forgotten."""
        self.first, self.is_open, self._lines = line, True, []

    def read(self, line: Line) -> bool:
        """Take a line if it belongs to the configuration; False once it ended, and for good."""
        # A blank line behind srun's label is the label alone.
        label = "" if self.first is None else f"{self.first.label}:"
        if line.text.strip() in ("", label):
            return True
        self.is_open = _YAML.match(line.text) is not None and len(self._lines) < MOST_LINES
        if self.is_open and line.is_complete:
            self._lines.append(line.text)
        return self.is_open
