"""Be a helper of a verification: judge share after share of its checkpoints, as told on stdin, until it ends.

Started as `python -I -m afterall.scan.checkpoints.helping`, by and as the user who verifies.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from afterall.scan.checkpoints.examining import Examination, judged
from afterall.scan.checkpoints.layouts import Place
from afterall.scan.checkpoints.sharing import Task, encoded
from afterall.scan.helpers import Lost, greet, keep_stdout, receive, send

TASK = msgspec.msgpack.Decoder(Task)
SHARE = msgspec.msgpack.Decoder(tuple[Place, ...])
_NOTHING = b""


def main() -> None:
    """Serve until nobody asks any more."""
    with open(0, "rb", closefd=False) as asked, open(keep_stdout(), "wb") as answers, suppress(Lost):
        serve(asked, answers)


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Greet, take the task, and answer each share; raises Lost in the end."""
    greet(answers)
    task = TASK.decode(receive(asked))
    how = Examination(Path(task.root), promises=task.promises, jobs=task.jobs)
    while True:
        send(answers, _answer(SHARE.decode(receive(asked)), how))


def _answer(places: Sequence[Place], how: Examination) -> bytes:
    return encoded(tuple(judged(places, how))) or _NOTHING


if __name__ == "__main__":
    main()
