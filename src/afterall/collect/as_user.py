"""Be the fresh process that becomes a user: one request on stdin, one answer on stdout, then the end.

Started by the worker as `python -I -m afterall.collect.as_user`.

Invariant: until `become` has returned, nothing is opened but afterall's and Python's own files and the name
service's; whatever knows users' paths is imported after it, by a process that is the user and stays so.
"""

import os
import sys
import traceback

from afterall.collect.become import become
from afterall.collect.json_text import dump, load
from afterall.collect.messages import Answer, Failed, Request, Trouble
from afterall.errors import CannotBecomeUser

MAX_REQUEST_BYTES = 256 * 2**20
_MAX_DETAIL = 500


def main() -> int:
    """Serve one request; the exit code is 0 whenever an answer was given."""
    out = _keep_stdout()
    with open(0, "rb", closefd=False) as stdin:
        request = load(stdin.read(MAX_REQUEST_BYTES), Request)
    if request is None:
        sys.stderr.write("afterall: what stands on stdin is no request\n")
        return 2
    answer = dump(_serve(request))
    while answer:
        answer = answer[os.write(out, answer) :]
    return 0


def _keep_stdout() -> int:
    """Return a descriptor for the answer, and point stdout at stderr: a library's print must not spoil it."""
    out = os.dup(1)
    os.dup2(2, 1)
    return out


def _serve(request: Request) -> Answer:
    try:
        is_known = become(request.person, request.min_uid, request.limits)
    except CannotBecomeUser as error:
        return Answer(Failed(trouble=Trouble.NOT_A_USER, detail=str(error)))
    try:
        from afterall.collect.errands import run  # noqa: PLC0415 (only now: see the module's invariant)

        return Answer(run(request.errand, is_known=is_known))
    except ImportError as error:
        detail = f"uid {request.person.uid} cannot load afterall from {sys.prefix}: {error}"
        return Answer(Failed(trouble=Trouble.INSTALLATION, detail=detail[:_MAX_DETAIL]))
    except Exception as error:  # noqa: BLE001 (the top of this process: told to the worker, which retries)
        traceback.print_exc()
        return Answer(Failed(trouble=Trouble.FAULT, detail=f"{type(error).__name__}: {error}"[:_MAX_DETAIL]))


if __name__ == "__main__":
    sys.exit(main())
