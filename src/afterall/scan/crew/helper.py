"""Have a fresh process read experiments of a set, one after the other; it ends with the process that asks."""

import msgspec

from afterall.model import MatchedExperiment
from afterall.scan.crew.frames import SCANNED, Scanned, encoded
from afterall.scan.helpers import HelperProcess, Lost, helper_argv

ARGV = helper_argv("afterall.scan.crew.helping")


class Helper(HelperProcess):
    """One helper; starting it raises Lost where the system has no room for a process."""

    def __init__(self, argv: tuple[str, ...] = ARGV) -> None:
        super().__init__(argv)

    def scan(self, matched: MatchedExperiment) -> Scanned:
        """Return what it read; raise Lost where it is gone."""
        question = encoded(matched)
        if question is None:
            return Scanned()
        try:
            self.ask(question)
            return SCANNED.decode(self.answer())
        except msgspec.MsgspecError as error:
            raise Lost("answers in no known form") from error
