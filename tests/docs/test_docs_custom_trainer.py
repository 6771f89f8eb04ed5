"""What the page on trainers of one's own shows is understood as it says."""

from pathlib import Path

from afterall.model import Experiment
from afterall.pipeline import files_only, read, survey
from docs.docs_pages import fences, page

HOW_TO = page("how-to/custom-trainer")


def shown(language: str) -> list[str]:
    """Return the page's fenced blocks in a language."""
    return ["\n".join(fence.lines) for fence in fences(HOW_TO) if fence.language == language]


def run_with(set_dir: Path, files: dict[str, str]) -> Experiment:
    """Return what is understood of a run that left these files, beside another one."""
    for name, text in {"other/slurm-1.out": "hello\n", **files}.items():
        (set_dir / name).parent.mkdir(parents=True, exist_ok=True)
        (set_dir / name).write_text(text + "\n")
    report = read(survey(set_dir, files_only))
    return next(one for one in report.experiments if one.name == "mine")


def numbers(experiment: Experiment) -> dict[str, object]:
    """Return an experiment's metrics by name."""
    return {name: fact.value for name, fact in experiment.metrics.items()}


def test_the_printed_lines_are_understood(tmp_path: Path) -> None:
    """Loss, validation loss and steps are taken from the page's lines, and no trainer is named."""
    (lines,) = shown("text")
    experiment = run_with(tmp_path, {"mine/slurm-2.out": lines})
    found = numbers(experiment)
    assert (found["final_loss"], found["global_step"], found["final_val_loss"]) == (0.0995, 300, 0.2301)
    assert found["best_val_step"] == 200
    assert len(experiment.series["loss"].points) == len(lines.splitlines())
    assert experiment.trainer is None
    assert experiment.completion.value is None


def test_each_printed_line_is_understood_alone(tmp_path: Path) -> None:
    """Every line of the page gives a loss without the others."""
    for number, line in enumerate(shown("text")[0].splitlines()):
        experiment = run_with(tmp_path / str(number), {"mine/slurm-2.out": line})
        assert "final_loss" in experiment.metrics, line


def test_the_smallest_state_file_tells_the_end(tmp_path: Path) -> None:
    """The page's trainer_state.json shows losses, and that training reached its planned end."""
    (state,) = shown("json")
    experiment = run_with(tmp_path, {"mine/trainer_state.json": state})
    found = numbers(experiment)
    assert (found["final_loss"], found["final_val_loss"], found["planned_steps"]) == (0.5, 0.8, 40)
    assert experiment.completion.value is True


def test_a_config_beside_the_run_is_enough(tmp_path: Path) -> None:
    """The page's configuration gives its two parameters."""
    (config,) = shown("yaml")
    experiment = run_with(tmp_path, {"mine/slurm-2.out": "loss: 1.5 step: 1", "mine/config.yaml": config})
    told = {name: fact.value for name, fact in experiment.parameters.items()}
    assert told == {"learning_rate": 0.0003, "batch_size": 16}
