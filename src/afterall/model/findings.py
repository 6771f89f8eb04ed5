"""Name every kind of thing the report can find, and how grave it is.

A finding holds codes and numbers; its sentences stand in render.
"""

from enum import Enum, IntEnum
from typing import Self

from msgspec import Struct

from afterall.model.facts import Scalar, Source


class Severity(IntEnum):
    """How grave a finding is; higher is graver."""

    INFO = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        """Its name in RESULTS.json."""
        return self.name.lower()


class FindingCode(Enum):
    """All codes with their usual severity."""

    # Slurm against the run
    EXIT_CODE_SPOILED = ("exit_code_spoiled", Severity.WARNING)
    STATE_CONTRADICTS_TRAINING = ("state_contradicts_training", Severity.WARNING)
    COMPLETED_WITHOUT_TRAINING = ("completed_without_training", Severity.ERROR)
    JOB_FAILED = ("job_failed", Severity.ERROR)
    JOB_TIMEOUT = ("job_timeout", Severity.ERROR)
    JOB_DEADLINE = ("job_deadline", Severity.ERROR)
    JOB_CANCELLED = ("job_cancelled", Severity.ERROR)
    JOB_CANCELLED_PENDING = ("job_cancelled_pending", Severity.ERROR)
    JOB_OUT_OF_MEMORY = ("job_out_of_memory", Severity.ERROR)
    JOB_NODE_FAIL = ("job_node_fail", Severity.ERROR)
    JOB_PREEMPTED = ("job_preempted", Severity.ERROR)
    JOB_RUNNING = ("job_running", Severity.INFO)
    JOB_PENDING = ("job_pending", Severity.INFO)
    DEPENDENCY_NEVER_SATISFIED = ("dependency_never_satisfied", Severity.ERROR)
    JOB_HELD = ("job_held", Severity.WARNING)
    NOT_SUBMITTED = ("not_submitted", Severity.WARNING)
    JOB_STATE_UNKNOWN = ("job_state_unknown", Severity.WARNING)
    JOB_WITHOUT_EXPERIMENT = ("job_without_experiment", Severity.WARNING)
    SUBMISSION_UNKNOWN = ("submission_unknown", Severity.WARNING)
    NO_ACCOUNTING_RECORD = ("no_accounting_record", Severity.WARNING)
    SLURM_NOT_ASKED = ("slurm_not_asked", Severity.INFO)
    SLURM_UNAVAILABLE = ("slurm_unavailable", Severity.WARNING)
    JOB_ID_RECYCLED = ("job_id_recycled", Severity.WARNING)
    EARLIER_ATTEMPTS = ("earlier_attempts", Severity.INFO)
    # The log
    LOG_MISSING = ("log_missing", Severity.WARNING)
    LOG_UNREADABLE = ("log_unreadable", Severity.ERROR)
    LOG_SHARED_BY_JOBS = ("log_shared_by_jobs", Severity.INFO)
    NO_LOSS_FOUND = ("no_loss_found", Severity.WARNING)
    LOSS_GUESSED = ("loss_guessed", Severity.INFO)
    LOSS_NOT_FINITE = ("loss_not_finite", Severity.ERROR)
    ZERO_STEPS = ("zero_steps", Severity.ERROR)
    STOPPED_EARLY = ("stopped_early", Severity.ERROR)
    SOURCES_DISAGREE = ("sources_disagree", Severity.WARNING)
    LOSS_SPIKE = ("loss_spike", Severity.WARNING)
    LOSS_ROSE = ("loss_rose", Severity.WARNING)
    OVERFITTING = ("overfitting", Severity.WARNING)
    STILL_FALLING = ("still_falling", Severity.INFO)
    LEARNING_RATE_ENDED = ("learning_rate_ended", Severity.WARNING)
    THROUGHPUT_DROPPED = ("throughput_dropped", Severity.WARNING)
    STRAGGLER = ("straggler", Severity.WARNING)
    VALIDATION_TRACKED = ("validation_tracked", Severity.INFO)
    TRACES_OF_EARLIER_ATTEMPT = ("traces_of_earlier_attempt", Severity.WARNING)
    LINE_TIME_LIMIT = ("line_time_limit", Severity.ERROR)
    LINE_PREEMPTED = ("line_preempted", Severity.WARNING)
    LINE_CANCELLED = ("line_cancelled", Severity.WARNING)
    LINE_NODE_FAILURE = ("line_node_failure", Severity.ERROR)
    LINE_HOST_OUT_OF_MEMORY = ("line_host_out_of_memory", Severity.ERROR)
    LINE_KILLED = ("line_killed", Severity.WARNING)
    LINE_CUDA_OUT_OF_MEMORY = ("line_cuda_out_of_memory", Severity.ERROR)
    LINE_GPU_ERROR = ("line_gpu_error", Severity.ERROR)
    LINE_NCCL = ("line_nccl", Severity.ERROR)
    LINE_DISK_FULL = ("line_disk_full", Severity.ERROR)
    LINE_FILE_SYSTEM = ("line_file_system", Severity.ERROR)
    LINE_FILE_DAMAGED = ("line_file_damaged", Severity.ERROR)
    LINE_DIVERGED = ("line_diverged", Severity.ERROR)
    LINE_HUB_ACCESS = ("line_hub_access", Severity.ERROR)
    LINE_MODULE_MISSING = ("line_module_missing", Severity.ERROR)
    LINE_FILE_MISSING = ("line_file_missing", Severity.WARNING)
    LINE_TRACEBACK = ("line_traceback", Severity.ERROR)
    LINE_COPY_FAILED = ("line_copy_failed", Severity.WARNING)
    LINE_WANDB = ("line_wandb", Severity.WARNING)
    LINE_TASK_EXITED = ("line_task_exited", Severity.WARNING)
    LINE_STEP_REFUSED = ("line_step_refused", Severity.WARNING)
    # Checkpoints
    NO_CHECKPOINTS = ("no_checkpoints", Severity.ERROR)
    CHECKPOINT_MISSING = ("checkpoint_missing", Severity.ERROR)
    CHECKPOINT_PRUNED = ("checkpoint_pruned", Severity.INFO)
    FILE_EMPTY = ("file_empty", Severity.ERROR)
    FILE_TRUNCATED = ("file_truncated", Severity.ERROR)
    FILE_TRAILING_BYTES = ("file_trailing_bytes", Severity.ERROR)
    FILE_NOT_ITS_FORMAT = ("file_not_its_format", Severity.ERROR)
    HEADER_INVALID = ("header_invalid", Severity.ERROR)
    FILE_UNREADABLE = ("file_unreadable", Severity.ERROR)
    NO_TENSORS = ("no_tensors", Severity.ERROR)
    SHARD_MISSING = ("shard_missing", Severity.ERROR)
    INDEX_MISSING = ("index_missing", Severity.ERROR)
    INDEX_INVALID = ("index_invalid", Severity.ERROR)
    TENSOR_MISSING = ("tensor_missing", Severity.ERROR)
    ADAPTER_CONFIG_MISSING = ("adapter_config_missing", Severity.ERROR)
    CONFIG_INVALID = ("config_invalid", Severity.ERROR)
    TOKENIZER_MISSING = ("tokenizer_missing", Severity.INFO)
    MODE_PRIVATE = ("mode_private", Severity.WARNING)
    TEMPORARY_FILE = ("temporary_file", Severity.WARNING)
    CHECKPOINT_UNFINISHED = ("checkpoint_unfinished", Severity.ERROR)
    CHECKPOINT_FILE_MISSING = ("checkpoint_file_missing", Severity.ERROR)
    WEIGHTS_MISSING = ("weights_missing", Severity.ERROR)
    RESUME_POINT_BROKEN = ("resume_point_broken", Severity.ERROR)
    STEP_DIFFERS = ("step_differs", Severity.WARNING)
    FINAL_STATE_NOT_SAVED = ("final_state_not_saved", Severity.WARNING)
    CHECKPOINTS_IDENTICAL = ("checkpoints_identical", Severity.WARNING)
    CHECKPOINTS_LINKED = ("checkpoints_linked", Severity.INFO)
    FILES_REPEATED = ("files_repeated", Severity.INFO)
    FILE_ZERO_TAIL = ("file_zero_tail", Severity.ERROR)
    FILE_SPARSE = ("file_sparse", Severity.WARNING)
    FILE_NOT_VERIFIABLE = ("file_not_verifiable", Severity.INFO)
    FILE_LINKED_OUTSIDE = ("file_linked_outside", Severity.WARNING)
    FILE_NEWER_THAN_JOB = ("file_newer_than_job", Severity.WARNING)
    FILE_STILL_CHANGING = ("file_still_changing", Severity.WARNING)
    HEADER_NOT_STANDARD = ("header_not_standard", Severity.WARNING)
    TENSOR_REPEATED = ("tensor_repeated", Severity.WARNING)
    TENSORS_WITHOUT_ELEMENTS = ("tensors_without_elements", Severity.ERROR)
    TENSOR_MISPLACED = ("tensor_misplaced", Severity.ERROR)
    TENSOR_IN_TWO_SHARDS = ("tensor_in_two_shards", Severity.ERROR)
    SHARD_EXTRA = ("shard_extra", Severity.WARNING)
    INDEX_SIZE_DIFFERS = ("index_size_differs", Severity.WARNING)
    STORAGE_MISSING = ("storage_missing", Severity.ERROR)
    STORAGE_SIZE_MISMATCH = ("storage_size_mismatch", Severity.ERROR)
    PICKLE_RUNS_CODE = ("pickle_runs_code", Severity.WARNING)
    CONFIG_MISSING = ("config_missing", Severity.WARNING)
    ADAPTER_RANK_DIFFERS = ("adapter_rank_differs", Severity.ERROR)
    ADAPTER_HALF_MISSING = ("adapter_half_missing", Severity.ERROR)
    ADAPTER_TARGET_UNMATCHED = ("adapter_target_unmatched", Severity.WARNING)
    ADAPTER_LAYERS_MISSING = ("adapter_layers_missing", Severity.WARNING)
    ADAPTER_COPIES_DIFFER = ("adapter_copies_differ", Severity.ERROR)
    ADAPTER_OVERSIZED = ("adapter_oversized", Severity.INFO)
    ADAPTER_BASE_MISSING = ("adapter_base_missing", Severity.WARNING)
    ADAPTER_UNTRAINED = ("adapter_untrained", Severity.ERROR)
    VALUES_NOT_FINITE = ("values_not_finite", Severity.ERROR)
    VALUES_ALL_ZERO = ("values_all_zero", Severity.WARNING)
    VALUES_CONSTANT = ("values_constant", Severity.INFO)
    RECORD_CHECKSUM_WRONG = ("record_checksum_wrong", Severity.ERROR)
    CHECKSUM_NOT_COMPUTED = ("checksum_not_computed", Severity.INFO)
    DIGEST_DIFFERS = ("digest_differs", Severity.ERROR)
    RECORDED_FILE_MISSING = ("recorded_file_missing", Severity.ERROR)
    NOT_IN_MANIFEST = ("not_in_manifest", Severity.INFO)
    # Evaluations
    EVALUATION_FAILED = ("evaluation_failed", Severity.ERROR)
    EVALUATION_UNFINISHED = ("evaluation_unfinished", Severity.WARNING)
    EVALUATION_UNREADABLE = ("evaluation_unreadable", Severity.WARNING)
    EVALUATION_SATURATED = ("evaluation_saturated", Severity.INFO)
    EVALUATION_PAIRED = ("evaluation_paired", Severity.INFO)
    # The set
    ONE_SEED = ("one_seed", Severity.INFO)
    CONFOUNDED = ("confounded", Severity.INFO)
    DIRECTORY_UNREADABLE = ("directory_unreadable", Severity.WARNING)
    WALK_TRUNCATED = ("walk_truncated", Severity.WARNING)
    METRIC_NOT_FOUND = ("metric_not_found", Severity.WARNING)
    REPORT_EDITED = ("report_edited", Severity.INFO)
    CONFIG_UNREADABLE = ("config_unreadable", Severity.WARNING)

    severity: Severity

    def __new__(cls, code: str, severity: Severity) -> Self:
        """Make the code the value, so that a finding can be written and read back."""
        member = object.__new__(cls)
        member._value_ = code
        member.severity = severity
        return member


class Finding(Struct, frozen=True, kw_only=True):
    """One statement of something found, with its evidence and no prose."""

    code: FindingCode
    experiment: str | None = None
    """Name of the experiment; None where the set as a whole is meant."""
    subject: str = ""
    """The file, checkpoint, job or parameter in question, relative to the set."""
    evidence: dict[str, Scalar] = {}
    """Numbers and words the sentence needs, by name."""
    quote: str = ""
    """One line of the file as it stands there, unescaped; empty where there is none."""
    sources: tuple[Source, ...] = ()
    severity: Severity | None = None
    """Set where this case is graver or milder than its code usually is."""

    @property
    def gravity(self) -> Severity:
        """Its own severity, or its code's."""
        return self.code.severity if self.severity is None else self.severity
