"""Read GPT-NeoX's iterations, validations and arguments."""

import math

from scan.trace_reading import facts, lasts, trace_by, values


def iteration(step: int, loss: str = "2.500000E+00", *, skipped: int = 0, nan: int = 0) -> str:
    """Return the line of an iteration."""
    told = f"lm_loss: {loss} | " if loss else ""
    return (
        f" samples/sec: 64.000 | iteration {step:8d}/      50 | elapsed time per iteration (ms): 500.0 | "
        f"learning rate: 1.234E-04 | approx flops per GPU: 150.3TFLOPS | {told}"
        f"number of skipped iterations: {skipped:3d} | number of nan iterations: {nan:3d} |\n"
    )


LOG = (
    "-------------------- arguments --------------------\n"
    "  lr .............................. 0.0001234...................updated\n"
    "  optimizer ....................... {'type': 'Adam', 'params': {'lr': 0.0001234}}updated\n"
    "  train_iters ..................... 50..........................updated\n"
    "  merge_file ...................... None........................default\n"
    "---------------- end of arguments ----------------\n"
    "[2026-01-01 10:00:00,000] [INFO] [logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[0.0001234]\n"
    f"{iteration(10)}"
    " validation results at iteration 10 | lm_loss value: 3.400000E+00 | lm_loss_ppl value: 2.996E+01 | \n"
    " test results at iteration 10 | lm_loss value: 9.900000E+00 | \n"
)


def test_iterations_and_validations_are_read() -> None:
    """Each line has its speed; the validation names its loss and its perplexity."""
    trace = trace_by("gpt_neox", LOG.encode())
    assert (values(trace, "loss"), values(trace, "val_loss")) == ({10: 2.5}, {10: 3.4})
    assert (lasts(trace)["samples_per_second"], lasts(trace)["steps_per_second"]) == (64.0, 2.0)
    assert facts(trace) == {"planned_steps": 50, "global_step": 10}


def test_lines_behind_pdshs_host_are_the_same() -> None:
    """Its launcher runs pdsh, which names the host before each line, the arguments among them."""
    plain = trace_by("gpt_neox", LOG.encode())
    behind = trace_by("gpt_neox", "".join(f"10.0.0.7: {line}" for line in LOG.splitlines(True)).encode())
    assert values(behind, "loss") == values(plain, "loss")
    assert behind.parameters.keys() == plain.parameters.keys() != set()


def test_arguments_are_told_without_where_they_are_from() -> None:
    """Behind each value stands whether it was set; dictionaries are left out, and none is Megatron-LM's."""
    told = {name: fact.value for name, fact in trace_by("gpt_neox", LOG.encode()).parameters.items()}
    assert told == {"lr": 0.0001234, "train_iters": 50, "merge_file": None}


def test_a_loss_of_skipped_iterations_is_none() -> None:
    """Where every iteration was skipped the printed zero is no loss; one that was NaN is NaN."""
    log = iteration(10) + iteration(20, "0.000000E+00", skipped=10) + iteration(30, "", skipped=10, nan=10)
    losses = values(trace_by("gpt_neox", log.encode()), "loss")
    assert losses.keys() == {10, 30}
    assert math.isnan(losses[30])


def test_what_is_validated_at_the_end_is_the_last_iteration() -> None:
    """The last validation names no iteration."""
    last = " validation results at the end of training for val data | lm_loss value: 2.25E+00 | \n"
    assert values(trace_by("gpt_neox", (iteration(50) + last).encode()), "val_loss") == {50: 2.25}
