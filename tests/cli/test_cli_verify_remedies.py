"""A command that `afterall verify --json` gives mends what it was given for, run as it is printed."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afterall.model import FindingCode
from cli.cli_ground import speak
from scan.checkpoint_making import model_arrays, safetensors_bytes, write_epoch

RUN = "a run's $(epochs)"


def private(epoch: Path) -> None:
    """Make weights readable by their owner alone, as safetensors 0.8.0 does."""
    for path in epoch.glob("model-*.safetensors"):
        path.chmod(0o600)


def leftover(epoch: Path) -> None:
    """Leave what an interrupted save leaves."""
    (epoch / ".tmpAb3dEf").write_bytes(b"x")


def stale(epoch: Path) -> None:
    """Leave a whole model beside the shards."""
    (epoch / "model.safetensors").write_bytes(safetensors_bytes(model_arrays(7)))


def without_config(epoch: Path) -> None:
    """Lose the adapter's configuration."""
    (epoch / "adapter_config.json").unlink()


def cut_config(epoch: Path) -> None:
    """Cut the model's configuration."""
    (epoch / "config.json").write_text('{"model_type"')


def findings(capsys: pytest.CaptureFixture[str], path: str) -> list[dict[str, Any]]:
    """Return every finding of a directory as JSON has it."""
    told = json.loads(speak(capsys, "verify", "--json", "--no-cache", path).out)
    return [finding for checkpoint in told["checkpoints"] for finding in checkpoint["findings"]]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (private, FindingCode.MODE_PRIVATE),
        (leftover, FindingCode.TEMPORARY_FILE),
        (stale, FindingCode.SHARD_EXTRA),
        (without_config, FindingCode.ADAPTER_CONFIG_MISSING),
        (cut_config, FindingCode.CONFIG_INVALID),
    ],
)
def test_the_command_mends_it(
    spoil: Callable[[Path], None],
    code: FindingCode,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After it was run from where verify was, the finding is gone and no other has come."""
    monkeypatch.chdir(tmp_path)
    epochs = [write_epoch(tmp_path / RUN / f"epoch_{n}", seed=n) for n in range(3)]
    sound = findings(capsys, RUN)
    spoil(epochs[1])
    (found,) = [one for one in findings(capsys, RUN) if one["code"] == code.value]
    subprocess.run(["bash", "-ec", found["command"]], check=True, timeout=30)
    assert findings(capsys, RUN) == sound
