"""Ask the controller for its list of jobs through squeue, and read it: the living and the just ended.

Invariant: one record is one Attempt; the waiting part of a job array is one record, however many tasks it
holds.
"""

from afterall.model import Attempt, JobId, Phase, SlurmSource
from afterall.observe.question import Question
from afterall.observe.records import RECORDED_SEPARATOR, decode, plain, split_records
from afterall.observe.values import parse_count, parse_duration, parse_epoch, parse_state, parse_text

LETTERS = "AiTruUVSelDCNZjkq"
"""Fields of squeue -o: without a width they print in full, where -O cuts at 20 characters. q stands last so
that a separator in a name or comment spoils neither the directory nor the state."""


def squeue_argv(question: Question, separator: str) -> list[str]:
    """Return the command that lists the user's jobs in every state, hidden partitions' too.

    -t all shows ended jobs for MinJobAge (300 s by default), among them those cancelled while pending. -j
    fails when the controller knows none of the ids, so it is used only where no user is known.
    """
    whose = ["-u", question.asked_user] if question.asked_user else ["-j", ",".join(question.asked_ids)]
    return [
        "squeue",
        "-h",
        "-a",
        "-t",
        "all",
        *whose,
        "-o",
        separator.join(f"%{letter}" for letter in LETTERS),
    ]


def parse_squeue(data: bytes, separator: str = RECORDED_SEPARATOR) -> tuple[Attempt, ...]:
    """Return what squeue says, in its order; any bytes are fine."""
    records = split_records(decode(data), separator, len(LETTERS))
    return tuple(_attempt(dict(zip(LETTERS, record, strict=True))) for record in records)


def _attempt(row: dict[str, str]) -> Attempt:
    state = parse_state(row["T"])
    waits = row["T"] == "PENDING"
    ended = (state is not None and state.phase is not Phase.ALIVE) or row["T"] == "COMPLETING"
    node_list = parse_text(plain(row["N"]))
    return Attempt(
        job_id=JobId(row["A"]),
        source=SlurmSource.SQUEUE,
        display_id=plain(row["i"]),
        user=plain(row["u"]),
        uid=parse_count(row["U"]),
        slurm_state=state,
        state_text=plain(row["T"]),
        submit=parse_epoch(row["V"]),
        # The time a waiting job is expected to start; for one cancelled while waiting, the time of its end.
        start=None if waits or (ended and not node_list) else parse_epoch(row["S"]),
        # The time a living job's limit ends.
        end=parse_epoch(row["e"]) if ended else None,
        time_limit_s=parse_duration(row["l"]),
        nodes=parse_count(row["D"]),
        node_list=node_list,
        cpus=parse_count(row["C"]),
        reason=parse_text(plain(row["r"])),
        work_dir=row["Z"],
        name=plain(row["j"]),
        comment=parse_text(plain(row["k"])),
    )
