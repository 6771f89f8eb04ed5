"""Notice where Hydra tells why a run ended without a traceback.

Format: `Error executing job with overrides: ['lr=0.1']`, then Hydra's own error, as `Error locating target
'x.Model', …` or `Error in call to target 'x.Model':` with the exception in the next line, and at last `Set
the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.`, which also stands alone below what
is wrong with a configuration. Any other exception has its traceback in between. Source:
hydra/core/utils.py, hydra/_internal/utils.py, run_and_report.
"""

from afterall.scan.logs.lines import Line

BEGINS = "Error executing job with overrides: ["
ENDS = "Set the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace."
_MOST_LINES = 30
"""How far below its beginning an error may end."""


class CompactErrors:
    """Follows one process at a time from the words that begin an error to those that end it."""

    def __init__(self) -> None:
        self._begun: Line | None = None
        self._said: list[Line] = []
        self._left = 0

    @property
    def is_open(self) -> bool:
        """True between the words that begin an error and those that end it."""
        return self._begun is not None

    def close(self) -> None:
        """Forget what was begun: a traceback tells it."""
        self._begun, self._said = None, []

    def read(self, line: Line) -> tuple[Line, str] | None:
        """Return the line that tells an error, with its words, where this one ends it."""
        if line.text.startswith(BEGINS):
            self._begun, self._said, self._left = line, [], _MOST_LINES
        elif line.text == ENDS and line.is_complete:
            said = self._said or [line]
            is_split = said[0].text.endswith(":") and len(said) > 1
            self.close()
            return said[0], " ".join(each.text for each in said[: 1 + is_split])
        elif self._begun is not None and line.label == self._begun.label:
            self._left -= 1
            if line.text.strip() and len(self._said) < 2:
                self._said = [*self._said, line]
            if self._left <= 0:
                self.close()
        return None
