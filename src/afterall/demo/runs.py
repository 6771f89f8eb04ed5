"""Say what the demo's runs are and how each of them ends."""

from enum import Enum

from msgspec import Struct


class Ending(Enum):
    """How a demo run ends, each of them something that happens to people."""

    WELL = "well"
    COPY_FAILED = "copy failed"
    """Training completes, then the script's last line fails and spoils the job's exit code."""
    OUT_OF_MEMORY = "CUDA out of memory"


class DemoModel(Struct, frozen=True):
    """A base model: `layers` and `width` size its (tiny) adapters, `tau` (steps) its loss curves."""

    name: str
    layers: int
    width: int
    tau: float
    seconds_per_step: float


class DemoRun(Struct, frozen=True):
    """One run of the demo; `floor` is the loss it falls to."""

    name: str
    job_id: int
    model: DemoModel
    rank: int
    floor: float
    ending: Ending = Ending.WELL

    @property
    def steps_reached(self) -> int:
        """How many optimizer steps it takes before it ends."""
        return 40 if self.ending is Ending.OUT_OF_MEMORY else STEPS

    @property
    def end(self) -> int:
        """When its job ends, in seconds since the epoch."""
        return START + int(self.steps_reached * self.model.seconds_per_step) + 40


EPOCHS = 3
STEPS_PER_EPOCH = 100
STEPS = EPOCHS * STEPS_PER_EPOCH
LOG_EVERY = 10
LEARNING_RATE = 3e-4
START = 1_795_417_200
"""When the demo's jobs started: 2026-11-23 07:00:00 UTC."""

SMALL = DemoModel("tiny-1B", layers=2, width=64, tau=60.0, seconds_per_step=0.93)
LARGE = DemoModel("tiny-3B", layers=4, width=128, tau=45.0, seconds_per_step=3.12)

RUNS = (
    DemoRun("1B_rank4", 4101, SMALL, rank=4, floor=0.046),
    DemoRun("1B_rank64", 4102, SMALL, rank=64, floor=0.031, ending=Ending.COPY_FAILED),
    DemoRun("3B_rank4", 4103, LARGE, rank=4, floor=0.022),
    DemoRun("3B_rank64", 4104, LARGE, rank=64, floor=0.019),
    DemoRun("3B_rank256", 4105, LARGE, rank=256, floor=0.017, ending=Ending.OUT_OF_MEMORY),
)
