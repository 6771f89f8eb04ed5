"""Be a helper of a set's process: read one experiment after the other, as told on stdin, until it ends.

Started as `python -I -m afterall.scan.crew.helping`, by and as the user whose report it is.
"""

from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec

from afterall.scan.checkpoints import Examination, Memory
from afterall.scan.crew.frames import MATCHED, TASK, Scanned, Task, encoded
from afterall.scan.experiment import scan_experiment
from afterall.scan.helpers import Lost, greet, keep_stdout, receive, seldom_collected, send

_NOTHING = msgspec.msgpack.encode(Scanned())


def main() -> None:
    """Serve until nobody asks any more."""
    with (
        open(0, "rb", closefd=False) as asked,
        open(keep_stdout(), "wb") as answers,
        suppress(Lost),
        seldom_collected(),
    ):
        serve(asked, answers)


def serve(asked: IO[bytes], answers: IO[bytes]) -> None:
    """Greet, take the task, and answer each experiment; raises Lost in the end."""
    greet(answers)
    task = TASK.decode(receive(asked))
    while True:
        send(answers, _answer(receive(asked), task))


def _answer(question: bytes, task: Task) -> bytes:
    memory = Memory(task.known, keeps=task.known is not None)
    how = Examination(Path(task.root), task.depth, memory=memory)
    try:
        found = scan_experiment(MATCHED.decode(question), how)
    except Exception:  # noqa: BLE001 (whoever asked reads it again, and tells)
        return _NOTHING
    return encoded(Scanned(experiment=found, used=memory.used, has_learned=memory.has_learned)) or _NOTHING


if __name__ == "__main__":
    main()
