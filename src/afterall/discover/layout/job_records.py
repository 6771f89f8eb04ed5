"""Read which job ran which experiment where a submitting program wrote it down.

Invariant: the parsers are total; a record is believed only where it pairs a name with digits. Formats:
cruijff_kit's `logs/run-torchtune.state.json` ({run: {"job_id": …}}) and the `SUBMIT_JOB: name` … `Job ID: n`
lines of its run logs.
"""

import re
from collections.abc import Iterable

import msgspec

from afterall.discover.names.purposes import Purpose, purpose_of
from afterall.discover.reading import read_ends
from afterall.model import Entry, EntryKind, JobId

_LARGEST_BYTES = 4 << 20
_MOST_FILES = 50
_SUBMITTED = re.compile(r"(?:^|\] ?)SUBMIT_JOB: (\S+)[ \t]*$")
_GIVEN_ID = re.compile(r"\bJob ID: ([1-9]\d{0,9})\b", re.ASCII)
_JOB_ID = re.compile(r"[1-9]\d{0,9}(_\d{1,7})?", re.ASCII)


def parse_state_file(data: bytes) -> tuple[tuple[str, JobId], ...]:
    """Return (run, job id) pairs of a submitter's state file, in its order; none where it is not one."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    runs = document.get("runs", document) if isinstance(document, dict) else None
    if not isinstance(runs, dict):
        return ()
    pairs = []
    for run, state in runs.items():
        job_id = str(state.get("job_id", "")) if isinstance(state, dict) else ""
        if _JOB_ID.fullmatch(job_id):
            pairs.append((str(run), JobId(job_id)))
    return tuple(pairs)


def parse_submit_log(data: bytes) -> tuple[tuple[str, JobId], ...]:
    """Return (run, job id) pairs of a submitter's log, in its order; a run submitted again comes again."""
    pairs = []
    run = None
    for line in data.decode("utf-8", "replace").splitlines():
        submitted = _SUBMITTED.search(line)
        given = _GIVEN_ID.search(line)
        if submitted:
            run = submitted[1]
        elif given and run is not None:
            pairs.append((run, JobId(given[1])))
            run = None
    return tuple(pairs)


def read_job_records(root: str, entries: Iterable[Entry]) -> dict[str, tuple[JobId, ...]]:
    """Return the job ids of each run's training that submitters wrote down in the set or its `logs/`."""
    ids: dict[str, list[JobId]] = {}
    for entry in sorted(filter(_is_record, entries), key=lambda entry: entry.path)[:_MOST_FILES]:
        data = read_ends(root, entry.path, _LARGEST_BYTES, 0)
        pairs = parse_state_file(data) if entry.name.endswith(".json") else parse_submit_log(data)
        for run, job_id in pairs:
            if job_id not in ids.setdefault(run, []):
                ids[run].append(job_id)
    return {run: tuple(found) for run, found in ids.items()}


def _is_record(entry: Entry) -> bool:
    if entry.kind is not EntryKind.FILE or entry.parent not in ("", "logs"):
        return False
    if purpose_of(entry.name) is Purpose.EVALUATION:
        return False
    return entry.name.endswith(".state.json") or (
        entry.name.startswith("run-") and entry.name.endswith(".log")
    )
