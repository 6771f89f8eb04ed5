"""Read one file of an experiment so that whatever is wrong with it costs that file's facts and nothing else.

Invariant: a file that cannot be read, or whose bytes no reader foresaw, becomes a finding that names it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from afterall.errors import BadInput
from afterall.model import Finding, FindingCode, Source
from afterall.scan.files import open_regular

Result = TypeVar("Result")

_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def read_guarded(
    set_dir: Path, file: str, code: FindingCode, read: Callable[[IO[bytes], str], Result]
) -> tuple[Result | None, Finding | None]:
    """Return what `read` makes of a file, or a finding of `code` on why it could not."""
    try:
        with open_regular(set_dir, file) as opened:
            return read(opened, file), None
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
    except BadInput as error:
        problem = error.problem
    except _UNFORESEEN as error:
        problem = f"not understood: {type(error).__name__}: {error}"[:300]
    return None, unreadable(file, code, problem)


def unreadable(file: str, code: FindingCode, problem: str) -> Finding:
    """Return the finding on a file that could not be read, or not whole."""
    return Finding(code=code, subject=file, evidence={"problem": problem}, sources=(Source(file),))
