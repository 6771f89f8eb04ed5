"""Counters grow over all runs of the worker, and stand in a file that node_exporter reads."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from afterall.collect.collected import Collected
from afterall.collect.counters import FILE, HELP, metrics_text, read_counts
from collect.collect_ground import Ground


def metrics(path: Path) -> dict[str, float]:
    """Return the metrics in a file by name; every one of them has its help and its type."""
    text = path.read_text()
    values = dict(re.findall(r"(?m)^(afterall_[a-z_]+(?:\{[^}]*\})?) (\S+)$", text))
    for name in values:
        plain = name.partition("{")[0]
        assert f"# HELP {plain} " in text
        assert f"# TYPE {plain} " in text
    return {name: float(value) for name, value in values.items()}


def test_two_runs_count_together(ground: Ground) -> None:
    """What the first run took and the second one reported stand in one count."""
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    ground.collect_later(ground.site.debounce_s)
    assert (ground.spool.path / FILE).exists()
    counts = read_counts(ground.spool.path)
    assert (counts.claimed, counts.folded, counts.reported) == (1, 1, 1)


def test_a_run_that_does_nothing_writes_nothing(ground: Ground) -> None:
    """A timer that finds nothing leaves the counters' file alone."""
    ground.collect()
    assert not (ground.spool.path / FILE).exists()


def test_the_metrics_file_is_written_where_the_site_asks(ground: Ground) -> None:
    """Counters and what waits, readable by node_exporter's user."""
    target = ground.path / "afterall.prom"
    ground.site = replace(ground.site, metrics_file=str(target))
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.collect()
    told = metrics(target)
    assert told["afterall_events_folded_total"] == 1
    assert told['afterall_sets_unfinished{state="new"}'] == 1
    assert told["afterall_last_run_timestamp_seconds"] == ground.clock.now().timestamp()
    assert target.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("lead", [os.symlink, os.link])
def test_what_lies_in_a_metrics_files_way_leads_nowhere(
    ground: Ground, lead: Callable[[Path, Path], None]
) -> None:
    """Its directory may be another user's, who could put a link to anything there."""
    other = ground.path / "other"
    other.write_text("theirs")
    other.chmod(0o600)
    lead(other, ground.path / ".afterall.prom.tmp")
    os.symlink(other, ground.path / "afterall.prom")
    ground.site = replace(ground.site, metrics_file=str(ground.path / "afterall.prom"))
    ground.ends("1", ground.make_set("sweep", "1"))
    ground.collect()
    assert (other.read_text(), other.stat().st_mode & 0o777) == ("theirs", 0o600)
    assert metrics(ground.path / "afterall.prom")["afterall_events_folded_total"] == 1


def test_a_metrics_file_that_cannot_be_written_costs_nothing(
    ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    """The worker goes on, and says so."""
    ground.site = replace(ground.site, metrics_file=str(ground.path / "nowhere" / "x.prom"))
    sweep_dir = ground.make_set("sweep", "1")
    ground.ends("1", sweep_dir)
    ground.collect()
    assert ground.collect_later(ground.site.debounce_s).reported == 1
    assert "action=unseen" in caplog.text


def test_damaged_counters_begin_anew(ground: Ground) -> None:
    """What a full disk left of the file stops nothing."""
    (ground.spool.path / FILE).write_bytes(b'{"key":')
    ground.ends("1", ground.make_set("sweep", "1"))
    ground.collect()
    assert read_counts(ground.spool.path).claimed == 1


def test_what_could_not_be_kept_is_counted_later(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    """A count does not fall: what a full disk refused is kept as soon as there is room."""
    (ground.spool.path / FILE).mkdir()
    worker = ground.worker()
    worker.tally.reported = 2
    worker.show()
    assert "action=unsaved" in caplog.text
    (ground.spool.path / FILE).rmdir()
    worker.tally.reported = 3
    worker.show()
    assert read_counts(ground.spool.path).reported == 3


def test_every_counter_is_shown(ground: Ground) -> None:
    """Each has a metric of its own with words."""
    text = metrics_text(Collected(), [], ground.clock.now())
    assert all(f"afterall_{name} 0" in text for name, _ in HELP.values())
    assert set(HELP) == set(Collected.__struct_fields__) - {"waiting", "held", "other_worker"}
