"""Stand in for the process that becomes a user: answers at once, or misbehaves as a file in the set says.

A set is a directory that holds a file `set`, with the ids of its jobs in `jobs`. Words in its file `behave`:
no and unsaid (its afterall.toml), partial, some (it does not name every job), refuse; and hang, pause (until
a file `go` is there), crash, flood, babble, while reporting or, with these words, when resolving or at look.
"""

import os
import sys
import time
from pathlib import Path

from afterall.collect.json_text import dump, load
from afterall.collect.messages import (
    Answer,
    Failed,
    Look,
    Looked,
    LookedSet,
    OptIn,
    Place,
    Report,
    Reported,
    Request,
    Resolve,
    Resolved,
    Trouble,
)
from afterall.model import JobId


def _behaviour(set_dir: Path) -> list[str]:
    path = set_dir / "behave"
    return path.read_text().split() if path.exists() else []


def _opt_in(words: list[str]) -> OptIn:
    return OptIn.NO if "no" in words else OptIn.UNSAID if "unsaid" in words else OptIn.YES


def _misbehave(words: list[str], set_dir: Path) -> None:
    if "hang" in words:
        time.sleep(600)
    while "pause" in words and not (set_dir / "go").exists():
        time.sleep(0.01)
    if "crash" in words:
        sys.exit("it broke")
    if "flood" in words:
        while True:
            os.write(1, b"x" * 65536)
    if "babble" in words:
        os.write(1, b'{"answer": [[[')
        sys.exit(0)


def _place(work_dir: str) -> Place:
    path = Path(work_dir)
    if not path.is_dir():
        return Place(work_dir=work_dir, trouble=Trouble.MISSING)
    for above in (path, path.parent):
        if (above / "set").exists():
            words = _behaviour(above)
            if "resolve" in words:
                _misbehave(words, above)
            return Place(work_dir=work_dir, set_dir=str(above), opt_in=_opt_in(words))
    return Place(work_dir=work_dir, detail="belongs to no experiment set")


def _looked(set_dir: str) -> LookedSet:
    words = _behaviour(Path(set_dir))
    if "look" in words:
        _misbehave(words, Path(set_dir))
    ids = tuple(JobId(job_id) for job_id in (Path(set_dir) / "jobs").read_text().split())
    known = "some" not in words
    return LookedSet(
        set_dir=set_dir,
        opt_in=_opt_in(words),
        job_ids=ids,
        every_job_known=known,
        partial="partial" in words,
    )


def _report(errand: Report) -> Reported | Failed:
    words = _behaviour(Path(errand.set_dir))
    if "refuse" in words:
        return Failed(trouble=Trouble.REFUSED, detail="the lock is held")
    if not {"resolve", "look"} & set(words):
        _misbehave(words, Path(errand.set_dir))
    attempts = sorted(errand.observation.attempts, key=lambda attempt: attempt.job_id)
    text = "".join(f"{a.job_id} {a.state} {a.comment}\n" for a in attempts)
    with open(os.path.join(errand.set_dir, "written"), "a") as file:
        file.write("provisional\n" if errand.provisional else "final\n")
    (Path(errand.set_dir) / "RESULTS.md").write_text(text)
    return Reported(status="incomplete" if errand.provisional else "complete", written=1)


def main() -> None:
    """Answer one request."""
    request = load(sys.stdin.buffer.read(), Request)
    assert request is not None
    answer: Resolved | Looked | Reported | Failed
    match request.errand:
        case Resolve(dirs=dirs):
            answer = Resolved(tuple(_place(work_dir) for work_dir in dirs))
        case Look(sets=sets):
            answer = Looked(tuple(_looked(set_dir) for set_dir in sets))
        case Report():
            answer = _report(request.errand)
    os.write(1, dump(Answer(answer)))


if __name__ == "__main__":
    main()
