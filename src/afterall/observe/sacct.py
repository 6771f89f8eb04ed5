"""Ask the accounting database through sacct's text, and read what it says: one Attempt for each leg.

Invariant: the command is bounded in time, never left to sacct's own window (since midnight), and every row
of the answer that is a leg becomes exactly one Attempt.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from afterall.model import Attempt, JobId, Phase, SlurmSource
from afterall.observe.dialect import DOCUMENTED_COLUMNS, RECORDED, Dialect
from afterall.observe.question import Question
from afterall.observe.records import decode, plain, split_records
from afterall.observe.steps import Row, fold_exit_code, fold_max_rss, memory_kill
from afterall.observe.values import (
    count_gpus,
    elapsed_of,
    memory_bytes,
    parse_count,
    parse_epoch,
    parse_exit,
    parse_minutes,
    parse_state,
    parse_text,
    parse_tres,
)

_EVERY_STATE = "BF,CA,CD,DL,F,NF,OOM,PD,PR,R,RQ,RS,RV,S,TO"
_LONGEST_BY_IDS = "now-1826days"
_LONGEST_BY_USER = "now-366days"
_MARGIN = timedelta(days=1)
_PATHS = frozenset({"WorkDir", "StdOut", "StdErr"})


def sacct_argv(question: Question, dialect: Dialect = RECORDED) -> list[str]:
    """Return the one accounting query for `question`.

    By ids it needs no states: `-j` also lists jobs that were never eligible to run. By user it needs all of
    them: a window without -s leaves out what was held or waiting until it was cancelled, since its Eligible
    is Unknown; with -s such a job is found by its end. Waiting ones stay out of both: squeue has them. The
    end lies in the future because clocks differ. [all measured, 22.05.8]
    """
    argv = ["sacct", "-n", "-P", f"--delimiter={dialect.separator}", "--noconvert", "-D"]
    if dialect.expands_patterns:
        argv.append("--expand-patterns")
    if question.asks_by_ids:
        argv += ["-a", "-S", _start(question.since, _LONGEST_BY_IDS), "-j", ",".join(question.asked_ids)]
    else:
        argv += ["-S", _start(question.since, _LONGEST_BY_USER), "-E", "now+1day", "-s", _EVERY_STATE]
        argv += ["-u", question.asked_user] if question.asked_user else []
    return [*argv, "-o", ",".join(dialect.columns)]


def parse_sacct(data: bytes, dialect: Dialect = RECORDED) -> tuple[Attempt, ...]:
    """Return the legs in sacct's -P text, steps folded into their allocation; any bytes are fine."""
    rows = split_records(decode(data), dialect.separator, len(dialect.columns))
    return attempts_of([_named(fields, dialect.columns) for fields in rows], dialect)


def attempts_of(rows: Sequence[Row], dialect: Dialect) -> tuple[Attempt, ...]:
    """Return one Attempt for each allocation row, with what the step rows after it say of it."""
    legs: list[tuple[Row, list[Row]]] = []
    latest: dict[str, list[Row]] = {}
    for row in rows:
        job_id, _, step = row["JobIDRaw"].partition(".")
        if step:
            latest.get(job_id, []).append(row)
        else:
            latest[job_id] = []
            legs.append((row, latest[job_id]))
    return tuple(_attempt(row, steps, dialect) for row, steps in legs)


def _named(fields: Sequence[str], columns: Sequence[str]) -> Row:
    said = {
        name: value if name in _PATHS else plain(value) for name, value in zip(columns, fields, strict=True)
    }
    return {**dict.fromkeys(DOCUMENTED_COLUMNS, ""), **said}


def _start(since: datetime | None, longest: str) -> str:
    if since is None:
        return longest
    return (since.astimezone(UTC) - _MARGIN).strftime("%Y-%m-%dT%H:%M:%S")


def _attempt(row: Row, steps: Sequence[Row], dialect: Dialect) -> Attempt:
    state = parse_state(row["State"])
    ended = state is None or state.phase is not Phase.ALIVE
    allocated = parse_tres(row["AllocTRES"])
    node_list = parse_text(row["NodeList"])
    code, signal = parse_exit(row["ExitCode"])
    restored, may_lack = fold_exit_code(row, steps, subtracts_128=dialect.subtracts_128)
    # Start is the time of its end for a job cancelled while it waited, None for one that was held [measured].
    start = None if ended and not node_list else parse_epoch(row["Start"])
    return Attempt(
        job_id=JobId(row["JobIDRaw"]),
        source=SlurmSource.SACCT,
        display_id=row["JobID"],
        cluster=row["Cluster"],
        user=row["User"],
        uid=parse_count(row["UID"]),
        slurm_state=state,
        state_text=row["State"],
        exit_code=(code if restored is None else restored) if ended else None,
        exit_code_may_lack_128=may_lack and ended,
        signal=signal if ended else None,
        submit=parse_epoch(row["Submit"]),
        eligible=parse_epoch(row["Eligible"]),
        start=start,
        end=parse_epoch(row["End"]),
        elapsed_s=elapsed_of(parse_count(row["ElapsedRaw"]), start),
        time_limit_s=parse_minutes(row["TimelimitRaw"]),
        nodes=parse_count(row["NNodes"]),
        node_list=node_list,
        cpus=parse_count(row["NCPUS"]),
        gpus=count_gpus(allocated),
        requested_memory_bytes=memory_bytes(allocated) or memory_bytes(parse_tres(row["ReqTRES"])),
        max_rss_bytes=fold_max_rss([row, *steps]),
        reason=parse_text(row["Reason"]),
        failed_node=parse_text(row.get("FailedNode", "")),
        restarts=parse_count(row.get("Restarts", "")),
        work_dir=row["WorkDir"],
        name=row["JobName"],
        comment=row["Comment"],
        submit_line=row["SubmitLine"],
        std_out=parse_text(row.get("StdOut", "")),
        std_err=parse_text(row.get("StdErr", "")),
        out_of_memory_evidence=memory_kill(row, steps),
    )
