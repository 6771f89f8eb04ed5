"""Whoever kills the worker at whatever step loses no event, and the next worker finishes what it began."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from afterall.events.spool import QUARANTINE
from collect.collect_ground import Ground, written

WORKER = Path(__file__).with_name("worker_of_death.py")
TESTS = Path(__file__).parent.parent


def _start(
    ground: Ground, mode: str, die_after: int = 0, *, real_clock: bool = False
) -> subprocess.Popen[bytes]:
    epoch = 0 if real_clock else ground.clock.time.timestamp()
    argv = [sys.executable, str(WORKER), mode, str(ground.path), str(epoch), str(die_after)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def _finish(process: subprocess.Popen[bytes]) -> tuple[int, dict[str, Any]]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, json.loads(out) if out else {}


def _fill(ground: Ground) -> Path:
    sweep_dir = ground.make_set("sweep", "1", "2")
    ground.ends("1", sweep_dir)
    ground.ends("2", sweep_dir)
    (ground.path / "home").mkdir()
    ground.event("3", ground.path / "home")
    (ground.spool.path / "new/0").write_bytes(b"no record")
    return sweep_dir


@pytest.mark.parametrize("quiet", [False, True])
def test_kill_9_after_any_step_loses_nothing(ground: Ground, quiet: bool) -> None:
    """Each run dies one step later than the last; in the end everything has its fate, once each."""
    sweep_dir = _fill(ground)
    if quiet:
        ground.clock.advance(ground.site.debounce_s)
    deaths = 0
    for step in range(1, 100):
        code, _ = _finish(_start(ground, "once", step))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        deaths += 1
        claimed, done = ground.names("claimed"), ground.names("done/events")
        kept = [name for name in ground.names(QUARANTINE) if not name.endswith(".reason")]
        assert len(ground.names("new")) + len(claimed) + len(done) + len(kept) == 4
    assert deaths >= 3
    ground.clock.advance(ground.site.debounce_s)
    ground.collect()
    assert (sweep_dir / "RESULTS.md").read_text() == "1 completed \n2 completed \n"
    assert len(ground.names("done/events")) == 3
    assert (ground.spool.path / "quarantine/0").read_bytes() == b"no record"
    assert ground.names("new") == ground.names("claimed") == ground.names("sets") == []


@pytest.mark.parametrize("step", range(1, 14))
def test_kill_9_once_is_mended_by_the_next_worker(ground: Ground, step: int) -> None:
    """From every step of a whole run on its own, up to the report."""
    sweep_dir = _fill(ground)
    ground.clock.advance(ground.site.debounce_s)
    code, tally = _finish(_start(ground, "once", step))
    assert (code, tally.get("reported")) in ((-signal.SIGKILL, None), (0, 1))
    ground.collect_later(3600)
    ground.collect_later(3600)
    assert written(sweep_dir)
    assert set(written(sweep_dir)) == {"final"}
    assert len(ground.names("done/events")) == 3
    assert len(ground.names("done/sets")) == 1
    assert ground.names("new") == ground.names("claimed") == ground.names("sets") == []


def _until(what: Any, limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_watching_reports_and_ends_cleanly(ground: Ground) -> None:
    """It serves what comes until SIGTERM, then tells what it did and leaves nothing running."""
    sweep_dir = ground.make_set("sweep", "1")
    process = _start(ground, "watch", real_clock=True)
    try:
        _until((ground.spool.path / "pruned").exists)
        ground.clock.time = datetime.now(UTC)
        ground.ends("1", sweep_dir)
        _until(lambda: written(sweep_dir) == ["final"])
        _until(lambda: ground.names("done/sets"))
    finally:
        process.terminate()
        code, tally = _finish(process)
    assert code == 0
    assert (tally["claimed"], tally["reported"], tally["waiting"]) == (1, 1, 0)


def test_ending_kills_a_report_and_keeps_its_set_due(ground: Ground) -> None:
    """SIGTERM does not wait for half an hour of report; the set is written by the next worker."""
    sweep_dir = ground.make_set("sweep", "1", behave="pause")
    process = _start(ground, "watch", real_clock=True)
    try:
        _until((ground.spool.path / "pruned").exists)
        ground.clock.time = datetime.now(UTC)
        ground.ends("1", sweep_dir)
        _until(lambda: ground.items() and ground.items()[0].state == "reporting")
        begun = time.monotonic()
    finally:
        process.send_signal(signal.SIGTERM)
        code, tally = _finish(process)
    assert (code, tally["waiting"]) == (0, 1)
    assert time.monotonic() - begun < 10
    (sweep_dir / "go").write_text("")
    assert ground.collect_later(60).reported == 1
    assert written(sweep_dir) == ["final"]


def test_a_second_worker_leaves_at_once(ground: Ground) -> None:
    """It says so, and touches nothing."""
    ground.event("1", ground.path)
    with ground.spool.alone():
        tally = ground.collect()
        assert (tally.other_worker, tally.claimed) == (True, 0)
        code, other = _finish(_start(ground, "once"))
        assert (code, other["other_worker"]) == (0, True)
    assert len(ground.names("new")) == 1
    assert ground.collect().claimed == 1


def test_two_workers_at_once_serve_each_event_once(ground: Ground) -> None:
    """Started together again and again, they share nothing out twice."""
    sweep_dir = ground.make_set("sweep", *(str(number) for number in range(1, 31)))
    for number in range(1, 31):
        ground.ends(str(number), sweep_dir)
    ground.clock.advance(ground.site.debounce_s)
    claimed = 0
    for _ in range(3):
        pair = [_start(ground, "once") for _ in range(2)]
        claimed += sum(tally["claimed"] for _, tally in map(_finish, pair))
    assert claimed == 30
    assert written(sweep_dir) == ["final"]


def test_the_worker_takes_little_memory(ground: Ground) -> None:
    """Fifty sets of ten jobs stay far below what a node would notice."""
    for number in range(50):
        set_dir = ground.make_set(f"sweep{number}", *(str(10 * number + job) for job in range(1, 11)))
        for job in range(1, 11):
            ground.ends(str(10 * number + job), set_dir)
    ground.clock.advance(ground.site.debounce_s)
    code, tally = _finish(_start(ground, "once"))
    assert (code, tally["folded"], tally["reported"]) == (0, 500, 50)
    assert tally["peak_kib"] < 100 * 1024


@pytest.mark.soak
def test_kill_9_at_random_moments_loses_nothing(ground: Ground) -> None:
    """Two hundred workers die one after the other while jobs of twenty sets end."""
    instants = random.Random(11)
    sets = [ground.make_set(f"sweep{n}", *(f"{n}{job}" for job in range(1, 6))) for n in range(1, 21)]
    endings = [(f"{n}{job}", set_dir) for n, set_dir in enumerate(sets, start=1) for job in range(1, 6)]
    instants.shuffle(endings)
    for death in range(200):
        process = _start(ground, "watch", real_clock=True)
        if endings and death % 2:
            ground.clock.time = datetime.now(UTC)
            ground.ends(*endings.pop())
        time.sleep(0.2 + instants.random())
        process.kill()
        process.communicate()
    while endings:
        ground.ends(*endings.pop())
    ground.clock.time = datetime.now(UTC)
    for _ in range(4):
        ground.collect_later(3600)
    assert all(set(written(set_dir)) == {"final"} for set_dir in sets)
    assert [len((set_dir / "RESULTS.md").read_text().splitlines()) for set_dir in sets] == [5] * 20
    assert len(ground.names("done/events")) == 100
    assert ground.names("new") == ground.names("claimed") == ground.names("sets") == []
