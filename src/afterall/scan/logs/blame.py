"""Tell which of a log's tracebacks is why its program ended, and what only followed on it.

Invariant: pure; a traceback of a launcher, of a group of exceptions, or of a rank that lost the others is
told as the reason only where no better one is known.
"""

from collections.abc import Sequence

from afterall.model import FindingCode
from afterall.scan.logs.telling import Traceback

_OTHERS = frozenset(
    {
        *("ChildFailedError", "CalledProcessError", "ProcessExitedException", "SignalException"),
        *("ExceptionGroup", "BaseExceptionGroup"),
    }
)
"""What ends with a traceback of its own because others ended: launchers of children, groups of exceptions."""
_SAYS_OTHERS = ("Engine core initialization failed. See root cause above.",)
"""In what words vLLM tells that another process of its own ended."""
_SENT = frozenset({"SignalException", "SIGTERMException", "KeyboardInterrupt"})
"""Exceptions that a signal from outside raises."""
_SIGNALS = ("<Signals.SIGTERM: ", "<Signals.SIGKILL: ", "<Signals.SIGINT: ")
_STOPPED = frozenset({-2, -9, -15})


def guilty_of(kept: Sequence[Traceback], rank: str | None, exit_code: int | None) -> Traceback | None:
    """Return the traceback that tells why the program ended; None where there is none.

    `rank` and `exit_code` are those of torchrun's root cause, None where it named none. A rank that died by a
    signal printed no traceback: those of the others are then no cause.
    """
    programs = [t for t in kept if not is_of_others(t)]
    if rank is not None:
        named = [t for t in programs if t.start.label == rank]
        unnamed = [t for t in programs if not t.start.label.isdecimal()]
        was_killed = exit_code is not None and exit_code < 0
        launchers = [t for t in kept if is_of_others(t)]
        programs = named or (launchers if was_killed else unnamed or launchers or programs)
    candidates = programs or kept
    return (_before_others(candidates) or candidates[-1]) if candidates else None


def is_of_others(traceback: Traceback) -> bool:
    """Tell whether a traceback only reports others: a launcher's of its child, a group's of its members."""
    return _name(traceback) in _OTHERS or any(words in traceback.message for words in _SAYS_OTHERS)


def was_sent(traceback: Traceback, exit_code: int | None) -> bool:
    """Tell whether a traceback is what a signal from outside leaves, `exit_code` being torchrun's."""
    if _name(traceback) in _SENT:
        return True
    is_stopped = exit_code in _STOPPED or any(signal in traceback.message for signal in _SIGNALS)
    return is_stopped and is_of_others(traceback)


def _before_others(candidates: Sequence[Traceback]) -> Traceback | None:
    """Return the last end of a rank that had not lost the others, where the last one of all had.

    Only the end of each rank counts, for what a rank raised before was handled; and only ranks that are told.
    """
    ends = list({t.start.label: t for t in candidates if t.start.label.isdecimal()}.values())
    if len(ends) < 2 or not (candidates[-1] in ends and lost_others(candidates[-1])):
        return None
    return next((t for t in reversed(ends) if not lost_others(t)), None)


def lost_others(traceback: Traceback) -> bool:
    """Tell whether an exception says no more than that communication with other ranks failed."""
    return traceback.hit is not None and traceback.hit.signature.code is FindingCode.LINE_NCCL


def _name(traceback: Traceback) -> str:
    """Return the exception's name without its modules."""
    return traceback.exception.rpartition(".")[2]
