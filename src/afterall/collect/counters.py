"""Count over all runs of the worker what it did, and show it to node_exporter's textfile collector.

Invariant: a count never falls while the spool lasts; the file is whole at any instant (temporary file and
rename). Format: Prometheus text exposition 0.0.4.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from afterall.collect.backlog import Waiting, waiting
from afterall.collect.collected import Collected
from afterall.collect.decisions import warn
from afterall.collect.json_text import dump
from afterall.collect.store import read_note, write_durably
from afterall.errors import BadInput

FILE = "counters.json"
_PREFIX = "afterall_"


HELP = {
    "claimed": ("events_claimed_total", "Records taken from the spool."),
    "quarantined": ("events_quarantined_total", "Records that could not be read."),
    "ignored": ("events_ignored_total", "Events that ask for nothing."),
    "folded": ("events_folded_total", "Events that belong to a set."),
    "reported": ("reports_written_total", "Final reports written."),
    "provisional": ("reports_provisional_total", "Provisional reports written."),
    "forgotten": ("sets_forgotten_total", "Sets that had not opted in."),
    "failed": ("given_up_total", "Events and sets given up."),
}
"""By field of `Collected` that only grows: its metric's name and what it counts."""


def read_counts(spool: Path) -> Collected:
    """Return what all earlier runs on this spool did together; nothing where that cannot be read."""
    return read_note(spool / FILE, Collected) or Collected()


def add_counts(earlier: Collected, run: Collected) -> Collected:
    """Return what all runs did together, the present one included."""
    return replace(earlier, **{name: getattr(earlier, name) + getattr(run, name) for name in HELP})


def save_counts(spool: Path, counts: Collected) -> None:
    """Keep the counts where they have grown; a full disk is told, and they are kept the next time."""
    if counts == read_counts(spool):
        return
    try:
        write_durably(spool / FILE, dump(counts))
    except OSError as error:
        warn("unsaved", counters=spool / FILE, reason=error.strerror)


def show(target: Path, spool: Path, counts: Collected, now: datetime) -> None:
    """Write the metrics file; where that is not possible it is told, and nothing else changes."""
    try:
        text = metrics_text(counts, waiting(spool), now)
        write_durably(target, text.encode(), mode=0o644)
    except BadInput as error:
        warn("unseen", metrics=target, reason=error.problem)
    except OSError as error:
        warn("unseen", metrics=target, reason=error.strerror)


def metrics_text(counts: Collected, held: Sequence[Waiting], now: datetime) -> str:
    """Return all metrics in Prometheus' text format; `held` is what the spool holds."""
    lines: list[str] = []
    for field, (name, words) in HELP.items():
        lines += _metric(name, "counter", words, {"": getattr(counts, field)})
    kinds = Counter(one.kind for one in held)
    states = Counter(one.state for one in held if one.kind == "set")
    events = [one.since.timestamp() for one in held if one.kind == "event" and one.since is not None]
    for name, words, values in (
        ("events_waiting", "Records that no worker has finished with.", {"": kinds["event"]}),
        ("oldest_event_age_seconds", "Age of the oldest of them.", {"": _age(events, now)}),
        (
            "sets_unfinished",
            "Sets that wait, by why.",
            {f'{{state="{s}"}}': states[s] for s in sorted(states)},
        ),
        ("directories_unresolved", "Directories whose set is not known yet.", {"": kinds["directory"]}),
        ("sets_given_up", "Sets given up that are still kept.", {"": kinds["failed"]}),
        ("records_set_aside", "Records that could not be read and are kept.", {"": kinds["quarantined"]}),
        ("last_run_timestamp_seconds", "When the worker last ended a round.", {"": now.timestamp()}),
    ):
        lines += _metric(name, "gauge", words, values)
    return "\n".join([*lines, ""])


def _age(written: Sequence[float], now: datetime) -> float:
    return max(0.0, now.timestamp() - min(written)) if written else 0.0


def _metric(name: str, kind: str, words: str, values: Mapping[str, float]) -> list[str]:
    told = [f"{_PREFIX}{name}{labels} {value:.15g}" for labels, value in values.items()]
    return [f"# HELP {_PREFIX}{name} {words}", f"# TYPE {_PREFIX}{name} {kind}", *told]
