"""Put states, verdicts and Slurm's sources into words and marks."""

from afterall.model import (
    Attempt,
    Experiment,
    FileRole,
    SlurmSource,
    SlurmState,
    State,
    Verdict,
)

GOOD, BAD, DOUBT = "✓", "✗", "⚠️"

STATES = {
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.TIMEOUT: "timed out",
    State.CANCELLED: "cancelled",
    State.OUT_OF_MEMORY: "out of memory",
    State.NODE_FAIL: "node failed",
    State.PREEMPTED: "preempted",
    State.RUNNING: "running",
    State.PENDING: "pending",
    State.NOT_SUBMITTED: "not submitted",
    State.UNKNOWN: "unknown",
}
"""In the order in which a status line tells them."""

VERDICTS = {
    Verdict.OK: (GOOD, "complete"),
    Verdict.INCOMPLETE: (DOUBT, "incomplete"),
    Verdict.CORRUPT: (BAD, "corrupt"),
    Verdict.MISSING: (BAD, "missing"),
    Verdict.UNVERIFIED: (DOUBT, "not verifiable"),
}

ROLES = {
    FileRole.FULL_WEIGHTS: "Full model weights",
    FileRole.ADAPTER: "Adapter weights",
    FileRole.WEIGHTS_INDEX: "Index of the weight shards",
    FileRole.ADAPTER_CONFIG: "Adapter configuration",
    FileRole.MODEL_CONFIG: "Model configuration files",
    FileRole.TOKENIZER: "Tokenizer files and configs",
    FileRole.OPTIMIZER: "Optimizer and resume state",
    FileRole.TRAINER_STATE: "Trainer state",
    FileRole.RUN_CONFIG: "Run configuration",
    FileRole.SCRIPT: "Scripts",
    FileRole.LOG: "Logs",
    FileRole.TRACKER: "Experiment tracker files",
    FileRole.EVALUATION: "Evaluations",
    FileRole.TEMPORARY: "Temporary files",
    FileRole.OTHER: "Other files",
}
"""In the order in which a checkpoint's contents are told."""

SOURCES = {
    SlurmSource.PYSLURM: "Slurm accounting (pyslurm)",
    SlurmSource.SACCT: "Slurm accounting (sacct)",
    SlurmSource.SCONTROL: "the Slurm controller (scontrol)",
    SlurmSource.SQUEUE: "the Slurm queue (squeue)",
    SlurmSource.LOG: "the runs' own logs",
}

TRAINERS = {
    "torchtune": "torchtune",
    "huggingface": "the Hugging Face Trainer",
    "lightning": "Lightning",
    "trl": "TRL",
    "axolotl": "Axolotl",
    "llamafactory": "LLaMA-Factory",
    "ms_swift": "ms-swift",
    "peft": "PEFT",
    "accelerate": "Accelerate",
    "litgpt": "LitGPT",
    "nemo": "NeMo",
    "megatron": "Megatron-LM",
    "gpt_neox": "GPT-NeoX",
    "deepspeed": "DeepSpeed",
}
"""Trainers whose registry name is not how people call them."""


def exit_words(attempt: Attempt) -> str:
    """Return "1:0" as Slurm writes exit code and signal, "" where unknown."""
    if attempt.exit_code is None:
        return ""
    return f"{attempt.exit_code}:{attempt.signal or 0}"


def slurm_word(attempt: Attempt) -> str:
    """Return Slurm's own word for an attempt's state, "" where no source gave one."""
    return attempt.state_text or (attempt.slurm_state.value if attempt.slurm_state else "")


def living_word(attempt: Attempt) -> str:
    """Return Slurm's own word for how a job lives, "" where it is plainly running or waiting."""
    word = slurm_word(attempt)
    return "" if word in (SlurmState.RUNNING.value, SlurmState.PENDING.value) else word


def never_ran(experiment: Experiment) -> bool:
    """Tell whether Slurm knows the job that counts, and that it never started."""
    latest = experiment.latest
    if latest is None or latest.source is SlurmSource.LOG:
        return False
    return latest.start is None and not latest.elapsed_s
