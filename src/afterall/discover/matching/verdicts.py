"""Decide for one job at a time whose attempt it is.

Invariant: pure; the first rule that speaks decides: the manifest, ids in names, the working directory, the
output file, the batch script, the job's name, its submit line. What is left may still be placed by its array:
see afterall.discover.matching.matches.
"""

import posixpath
import re
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from afterall.discover.layout.left_out import LeftOut
from afterall.discover.matching.claims import Claim, Claims
from afterall.discover.matching.job_paths import JobPaths, script_path, told_words
from afterall.discover.matching.recycled import Recycling
from afterall.discover.names.directories import words_of
from afterall.discover.names.namesakes import Namesakes
from afterall.discover.names.purposes import Purpose, purpose_of
from afterall.model import Attempt, SetLayout

_EVALUATION_CELL = "cell.slurm"
"""cruijff_kit's batch script of one evaluation."""
_INSPECT = re.compile(r"\binspect\s+eval\b")


class Fate(Enum):
    """What a job is to a set."""

    ATTEMPT = "attempt"
    STRANGER = "stranger"
    """It bears an id of the set's and is another job."""
    ASIDE = "aside"
    """A job of the set that trains none of its runs: an evaluation, the report's own, a het job's second
    component, a job of a directory that was left out."""
    UNPLACED = "unplaced"
    """A job of the set whose experiment is not known."""
    ELSEWHERE = "elsewhere"


class Verdict(Struct, frozen=True):
    """A job's fate and the experiment's index, -1 for none; `by_id` where an id says so."""

    fate: Fate
    index: int = -1
    by_id: bool = False


class Judge(Struct, frozen=True, kw_only=True):
    """Knows all that decides on a job."""

    layout: SetLayout
    paths: JobPaths
    claims: Claims
    namesakes: Namesakes
    left_out: LeftOut

    def verdicts(self, attempts: Sequence[Attempt]) -> list[Verdict]:
        """Return the verdict on each of the attempts."""
        claimed = [
            (position, claim) for position, one in enumerate(attempts) if (claim := self.claims.of(one))
        ]
        found = Recycling(self.layout, self.paths).strangers(
            (attempts[position], claim) for position, claim in claimed
        )
        strangers = {claimed[place][0] for place in found}
        return [
            self._verdict(one, is_stranger=position in strangers) for position, one in enumerate(attempts)
        ]

    def _verdict(self, attempt: Attempt, *, is_stranger: bool) -> Verdict:
        claim = self.claims.of(attempt)
        if claim and (claim.is_sure or is_stranger):
            return Verdict(Fate.STRANGER if is_stranger else Fate.ATTEMPT, claim.index, by_id=True)
        if not claim and not self.paths.is_ours(attempt) and not self._is_our_evaluation(attempt):
            return Verdict(Fate.ELSEWHERE)
        if not claim and self.paths.lies_in(attempt, self.left_out):
            return Verdict(Fate.ASIDE)
        index = claim.index if claim else self._by_place_or_name(attempt)
        if self._is_aside(attempt, claim, index):
            return Verdict(Fate.ASIDE)
        if index is None:
            return Verdict(Fate.UNPLACED)
        return Verdict(Fate.ATTEMPT, index, by_id=claim is not None)

    def _by_place_or_name(self, attempt: Attempt) -> int | None:
        for where in (self.paths.worked_in, self.paths.wrote_to, self.paths.was_told_to_run):
            index = where(attempt)
            if index is not None:
                return index
        index = self.namesakes.of_text(attempt.name)
        return self._by_submission(attempt) if index is None else index

    def _by_submission(self, attempt: Attempt) -> int | None:
        """Return the one experiment that a submit line names, by its directory or its name."""
        named = {
            index
            for word in told_words(attempt)
            if re.search(r"[^\W\d]", word)
            for index in (self.paths.was_told_of(attempt, word), self._namesake(word))
            if index is not None
        }
        return named.pop() if len(named) == 1 else None

    def _namesake(self, word: str) -> int | None:
        name = posixpath.basename(word)
        index = self.namesakes.of_text(name)
        return self.namesakes.of_file(name) if index is None else index

    def _is_our_evaluation(self, attempt: Attempt) -> bool:
        """Return whether a job that worked elsewhere bears an evaluation's id and can be the owner's."""
        return self.claims.is_evaluation(attempt) and attempt.uid in (None, self.layout.owner_uid)

    def _is_aside(self, attempt: Attempt, claim: Claim | None, index: int | None) -> bool:
        if "+" in attempt.display_id and not attempt.display_id.endswith("+0"):
            # A het job's batch script runs in its first component alone.
            return True
        if self.claims.is_evaluation(attempt) or _INSPECT.search(attempt.submit_line):
            return True
        if self.paths.worked_on_evaluation(attempt) and (claim is None or claim.is_doubtful):
            return True
        names = (one.name for one in self.layout.experiments)
        own = words_of(" ".join(names) if index is None else self.layout.experiments[index].name)
        script = posixpath.basename(script_path(attempt))
        texts = (attempt.name, script)
        return script == _EVALUATION_CELL or any(
            purpose_of(text, own) is not Purpose.TRAINING for text in texts
        )
