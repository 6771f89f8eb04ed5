"""Path and timer start the worker when there is something to do, and neither is ever lost."""

from cluster.cluster_machine import Machine
from cluster.cluster_page import COLLECT, PROGRAM, SPOOL, listed, note, quicken, starts
from cluster.cluster_processes import until

PATH_UNIT, TIMER = "afterall-collect.path", "afterall-collect.timer"


def wait_taken(machine: Machine) -> None:
    """Wait until the worker has taken every record."""
    until(lambda: listed(machine, "new"), lambda left: left == [], "an empty spool", 30)


def path_state(machine: Machine) -> tuple[str, str]:
    """Return how the path unit does."""
    shown = machine.show(PATH_UNIT, "ActiveState", "Result")
    return shown["ActiveState"], shown["Result"]


def test_a_record_starts_the_worker(alone: Machine) -> None:
    """At once, by the path unit; nothing is started where nothing waits."""
    alone.run(f"systemctl stop {TIMER}")
    alone.run(f"systemctl start {COLLECT}")
    assert starts(alone, COLLECT) == 0
    note(alone, 1)
    wait_taken(alone)
    assert starts(alone, COLLECT) == 1
    assert listed(alone, "done/events")[0].startswith("1.")


def test_the_timer_finds_what_the_path_unit_cannot_see(alone: Machine) -> None:
    """As where another host writes; also when it had elapsed in vain before, and was restarted."""
    quicken(alone, TIMER)
    alone.run(f"systemctl stop {PATH_UNIT}; sleep 2.5")
    assert starts(alone, COLLECT) == 0
    alone.run(f"systemctl restart {TIMER}")
    note(alone, 1)
    wait_taken(alone)


def test_many_records_at_once(alone: Machine) -> None:
    """Five hundred jobs that end together meet no limit; what the path unit does not see the timer finds."""
    quicken(alone, TIMER)
    note(alone, 1000, 500)
    wait_taken(alone)
    assert len(listed(alone, "done/events")) == 500
    assert path_state(alone) == ("active", "success")


def test_a_worker_that_cannot_start_is_tried_at_the_timers_pace(alone: Machine) -> None:
    """As long as the program is away, whatever comes; once it is back, all is taken, by nobody's doing."""
    alone.run(f"systemctl stop {TIMER}; mv {PROGRAM} {PROGRAM}.away")
    note(alone, 1)
    failed = {"Result": "exit-code", "ExecMainStatus": "203"}
    until(lambda: alone.show(COLLECT, *failed), lambda seen: seen == failed, "a failed start", 30)
    assert starts(alone, COLLECT) == 1
    note(alone, 100, 250)
    assert path_state(alone) == ("active", "success")
    quicken(alone, TIMER)
    before = starts(alone, COLLECT)
    until(lambda: starts(alone, COLLECT), lambda now: now >= before + 2, "two more tries", 30)
    alone.run(f"mv {PROGRAM}.away {PROGRAM}")
    wait_taken(alone)
    assert path_state(alone) == ("active", "success")


def test_a_spool_that_another_worker_has_is_left_in_peace(alone: Machine) -> None:
    """A sweep may have it for long; then a record starts one worker, which goes, and the timer the next."""
    note(alone, 1)
    wait_taken(alone)
    alone.run(f"systemctl stop {TIMER}; systemd-run --quiet --unit=other flock {SPOOL}/lock sleep 600")
    until(lambda: alone.run(f"flock -n {SPOOL}/lock true", check=False).returncode, bool, "a held spool", 30)
    before = starts(alone, COLLECT)
    note(alone, 2)
    until(lambda: alone.journal(COLLECT)[-1], lambda line: "another worker" in line, "a worker that goes", 30)
    alone.run("sleep 1")
    assert starts(alone, COLLECT) == before + 1
    alone.run("systemctl stop other")
    quicken(alone, TIMER)
    wait_taken(alone)


def test_a_power_cut_loses_nothing(alone: Machine) -> None:
    """What was noted before it is taken after it: the timer's first round comes after the boot."""
    quicken(alone, TIMER)
    alone.run("systemctl stop afterall-collect.path afterall-collect.timer")
    note(alone, 1, 3)
    alone.cut_power()
    wait_taken(alone)
    assert len(listed(alone, "done/events")) == 3


def test_old_leftovers_of_hooks_are_cleared(alone: Machine) -> None:
    """tmpfiles.d ages tmp only: what a hook was killed over goes, and what waits stays."""
    alone.run(
        f"systemctl stop {PATH_UNIT} {TIMER}; echo half >{SPOOL}/tmp/half; echo whole >{SPOOL}/new/whole"
    )
    alone.run("systemd-tmpfiles --clean /etc/tmpfiles.d/afterall.conf")
    assert (listed(alone, "tmp"), listed(alone, "new")) == (["half"], ["whole"])
    alone.run("sed -i 's/ 1d$/ 1us/' /etc/tmpfiles.d/afterall.conf; sleep 0.1")
    alone.run("systemd-tmpfiles --clean /etc/tmpfiles.d/afterall.conf")
    assert (listed(alone, "tmp"), listed(alone, "new")) == ([], ["whole"])
