"""Accounting is away for hours while sets end: little is asked, nothing is lost, and all reports follow."""

from collect.collect_ground import Ground, written

SETS = 20
NOT_ANSWERING = "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection"


def test_hours_without_accounting_lose_nothing(ground: Ground) -> None:
    """Twenty sets end meanwhile; the worker asks ever more rarely, and in the end once for all of them."""
    ground.restrict(retry_first_s=5, retry_last_s=900)
    sets = [ground.make_set(f"sweep{number}", f"{number}1", f"{number}2") for number in range(1, SETS + 1)]
    ground.slurm.says("sacct", err=NOT_ANSWERING, code=1)
    for number, set_dir in enumerate(sets, start=1):
        ground.event(f"{number}1", set_dir / f"{number}1")
        ground.event(f"{number}2", set_dir / f"{number}2")
    for _ in range(180):
        ground.collect_later(60)
    asked = len(ground.slurm.calls("sacct"))
    assert asked < 180 * 3 / 4
    assert [written(set_dir) for set_dir in sets] == [[]] * SETS
    assert {item.state for item in ground.items()} == {"accounting"}
    assert all("failed to open persistent connection" in item.reason for item in ground.items())
    for number, set_dir in enumerate(sets, start=1):
        for job in (1, 2):
            ground.slurm.ended(f"{number}{job}", set_dir / f"{number}{job}")
    assert ground.collect_later(900).reported == SETS
    assert len(ground.slurm.calls("sacct")) == asked + 1
    assert [written(set_dir) for set_dir in sets] == [["final"]] * SETS
    assert len(ground.names("done/events")) == 2 * SETS


def test_a_restarted_worker_keeps_the_back_off(ground: Ground) -> None:
    """Started anew each second, it still leaves an accounting that is away in peace."""
    ground.restrict(retry_first_s=60, retry_last_s=900)
    sweep_dir = ground.make_set("sweep", "1")
    ground.slurm.says("sacct", err=NOT_ANSWERING, code=1)
    ground.event("1", sweep_dir / "1")
    ground.clock.advance(ground.site.debounce_s)
    for _ in range(40):
        ground.collect_later(1)
    assert len(ground.slurm.calls("sacct")) == 1
