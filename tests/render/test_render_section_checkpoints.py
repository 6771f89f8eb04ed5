"""Checkpoints and storage are told as they were found, deviations by name."""

import re

from afterall.model import Completion, State, Verdict
from render.render_reports import (
    make_checkpoint,
    make_experiment,
    make_storage,
    spec_files,
    spec_report,
    tiny_report,
)
from render.render_sections import markdown, section


def test_all_epochs_saved_is_said_only_when_true() -> None:
    """One damaged checkpoint of twelve, and the sentence is another."""
    assert "All experiments saved checkpoints for **epochs 0, 1, and 2**.\n" in markdown(spec_report())
    files = spec_files("Llama-3.2-1B-Instruct", 4)
    bad = make_checkpoint("1B_rank4/epoch_2", 2, files, verdict=Verdict.CORRUPT)
    kept = make_experiment("1B_rank4").checkpoints[:2]
    runs = (make_experiment("1B_rank4", checkpoints=(*kept, bad)), make_experiment("1B_rank64", 2))
    told = section(markdown(tiny_report(*runs)), "Checkpoint Verification")
    assert "All experiments saved" not in told
    assert "1 of 2 experiments have all their checkpoints, complete; 1 checkpoint is damaged" in told
    assert "| ✓         | ✓         | ✗         | epoch_2 corrupt |" in told


def test_different_epochs_are_not_called_the_same() -> None:
    """Experiments with different checkpoints do not share one sentence."""
    short = make_experiment("1B_rank4", checkpoints=make_experiment("1B_rank4").checkpoints[:2])
    told = section(markdown(tiny_report(short, make_experiment("1B_rank64", 2))), "Checkpoint Verification")
    assert "All experiments saved" not in told
    assert "| —         | Complete |" in told


def test_training_that_still_runs_has_not_come_short_of_its_end() -> None:
    """Of a living run it is said that its training goes on, of one that failed that it did not end."""
    alive = make_experiment("a", state=State.RUNNING, completion=Completion(False))
    cut = make_experiment("b", 2, state=State.FAILED, completion=Completion(False))
    kept = make_experiment("c", 3, checkpoints=make_experiment("c").checkpoints[:2])
    told = section(markdown(tiny_report(alive, kept)), "Checkpoint Verification")
    assert "complete; training of 1 goes on." in told
    told = section(markdown(tiny_report(alive, cut, kept)), "Checkpoint Verification")
    assert "; training of 1 did not come to its end; training of 1 goes on." in told


def test_many_checkpoints_are_counted() -> None:
    """Beyond eight columns checkpoints are numbers, so the table stays readable."""
    files = spec_files("Llama-3.2-1B-Instruct", 4)
    many = tuple(make_checkpoint(f"a/epoch_{n}", n, files) for n in range(30))
    told = section(markdown(tiny_report(make_experiment("a", checkpoints=many))), "Checkpoint Verification")
    assert "| a            |      30 |  30 |    0 |   0 | Epoch 29 | Complete |" in told


def test_contents_tell_deviations() -> None:
    """Checkpoints with other files than the rest are told apart by their paths."""
    whole = spec_files("Llama-3.2-1B-Instruct", 4)
    without = {name: kept for name, kept in whole.items() if "tokenizer" not in name}
    saved = (*make_experiment("a").checkpoints[:2], make_checkpoint("a/epoch_2", 2, without))
    told = section(markdown(tiny_report(make_experiment("a", checkpoints=saved))), "Checkpoint Contents")
    kinds = r"full model weights, adapter weights, .*tokenizer files and configs"
    assert re.search(f"<summary>a/epoch_0 and a/epoch_1 contain {kinds}</summary>", told)
    assert re.search("<summary>a/epoch_2 contains full model weights, adapter weights, .*</summary>", told)
    assert told.count("Tokenizer files and configs (") == told.count("okenizer files and configs<") == 1


def test_storage_is_report_specs() -> None:
    """Components and totals stand in tables, with adapters alone beside the full size."""
    told = section(markdown(spec_report()), "Storage Summary")
    assert "| Adapter (rank 64)         |                   82 MB |                  172 MB |" in told
    assert "3 Epochs (Full Model)" in told
    assert re.search(r"\| 3B_rank64 +\| +19.4 GB \| +516 MB \| +19.4 GB \|", told)


def test_storage_of_nothing_is_nothing() -> None:
    """An experiment without checkpoints has a dash for their size."""
    bare = make_experiment("a", checkpoints=())
    report = tiny_report(bare, storage=make_storage((bare,)))
    assert re.search(r"\| a +\| +— \| +— \| +90 kB \|", section(markdown(report), "Storage Summary"))
