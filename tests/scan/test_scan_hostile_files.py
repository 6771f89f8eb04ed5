"""Put broken and hostile files of every kind that is read into one run of three, and look at all three."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterall.model import Experiment, Finding
from afterall.pipeline import files_only, read, survey

WANDB = "wandb/offline-run-20261123_063325-51h7gb6f"
FILES = (
    "trainer_state.json",
    "checkpoint-10/trainer_state.json",
    "checkpoint-10/adapter_config.json",
    "checkpoint-10/config.json",
    "checkpoint-10/model.safetensors.index.json",
    "training_args.bin",
    "all_results.json",
    "eval_results.json",
    "trainer_log.jsonl",
    "logging.jsonl",
    f"{WANDB}/run-51h7gb6f.wandb",
    f"{WANDB}/files/wandb-summary.json",
    f"{WANDB}/files/wandb-metadata.json",
    f"{WANDB}/files/config.yaml",
    f"{WANDB}/files/requirements.txt",
    "runs/events.out.tfevents.1795417042.n1.1.0",
    "lightning_logs/version_0/metrics.csv",
    "lightning_logs/version_0/hparams.yaml",
    "mlflow.db",
    "mlruns/0/abc/metrics/loss",
    "torchtune_config.yaml",
    "setup_finetune.yaml",
    "train_config.yaml",
    "train_config.json",
    "train_config.toml",
    "README.md",
    "logs/log_1795417042.txt",
    "logs/2026-11-23T07-14-06+00-00_capitalization_abc.eval",
    "logs/2026-11-23T07-14-06+00-00_capitalization_abc.json",
    "results/results_2026-01-01T00-00-00.json",
    "gpu_metrics.csv",
    "git-info.log",
    "debug.log",
    "log.csv",
    "training_history.json",
    ".hydra/overrides.yaml",
    ".hydra/config.yaml",
    "job.sbatch",
)
NAMED_WHERE_NO_TEXT = frozenset(FILES) - {
    "training_args.bin",  # a checkpoint's checks name it, and here is none
    "README.md",
    "git-info.log",
    "debug.log",
    "job.sbatch",
}
"""What is told in a finding where its bytes are no text."""
NAMED_WHERE_EMPTY = NAMED_WHERE_NO_TEXT - {
    f"{WANDB}/files/requirements.txt",
    "setup_finetune.yaml",
    "train_config.yaml",
    "train_config.toml",
    ".hydra/overrides.yaml",
}
"""What is told in a finding where it has no byte: others say nothing then, and lose nothing."""
NAMED = {"no text": NAMED_WHERE_NO_TEXT, "zeros": NAMED_WHERE_NO_TEXT, "empty": NAMED_WHERE_EMPTY}


def _zeros(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300 << 20)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(bytes(range(256)) * 8),
    "cut": lambda path: path.write_text('{"a": [1, 2, {"b": "unfinished'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "a directory": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link out": lambda path: path.symlink_to("/etc/passwd"),
    "zeros": _zeros,
}


def a_set(directory: Path) -> Path:
    """Lay down three small runs and return their set."""
    for at, name in enumerate("abc", 1):
        (directory / name).mkdir(parents=True)
        rows = (f'{{"step": {step}, "train_loss": {at + 1 / step}}}\n' for step in range(1, 11))
        (directory / name / f"slurm-1000{at}.out").write_text("".join(rows))
        (directory / name / "config.yaml").write_text(f"lr: 0.{at}\n")
    return directory


def understood(set_dir: Path) -> tuple[dict[str, Experiment], tuple[Finding, ...]]:
    """Return what a report on a set tells of each run, and its findings."""
    report = read(survey(set_dir, files_only))
    return {one.name: one for one in report.experiments}, report.findings


@pytest.fixture(scope="module")
def set_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the set, into which each test puts one file and takes it away again."""
    return a_set(tmp_path_factory.mktemp("hostile") / "set")


@pytest.fixture(scope="module")
def sound(set_dir: Path) -> dict[str, Experiment]:
    """Return the three runs as they are understood without a hostile file."""
    return understood(set_dir)[0]


@pytest.fixture
def put(set_dir: Path, sound: dict[str, Experiment]) -> Iterator[Callable[[str, str], None]]:
    """Put a file of a kind of harm into the run "b"; it is gone afterwards."""
    del sound  # read before anything is put down

    def put_down(name: str, how: str) -> None:
        path = set_dir / "b" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        HOSTILE[how](path)

    own = set((set_dir / "b").iterdir())
    yield put_down
    for path in set((set_dir / "b").iterdir()) - own:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_costs_itself_alone(
    name: str, how: str, set_dir: Path, sound: dict[str, Experiment], put: Callable[[str, str], None]
) -> None:
    """The other runs stay the very same, its own run keeps what its other files tell, and it is named."""
    put(name, how)
    found, findings = understood(set_dir)
    assert [one for one in "ac" if found[one] != sound[one]] == []
    assert found["b"].metrics == sound["b"].metrics
    assert found["b"].parameters == sound["b"].parameters
    named = {finding.subject for finding in findings}
    if how in NAMED:
        assert (f"b/{name}" in named) == (name in NAMED[how])
