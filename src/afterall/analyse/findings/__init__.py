"""Judge what Slurm, the files and the set's design say together, and order all findings, gravest first.

Invariant: a problem is told once. What scanning already found stands; a log line that only echoes what a
job's own finding tells becomes that finding's quote. Evidence holds only what is known: a key below is
absent where no source gave a value.

A *job's evidence* is: job_id (as users type it), state (Slurm's own words), exit_code, may_lack_128 (true:
the source may have subtracted 128 from it), signal, elapsed_s, time_limit_s, requested_memory_bytes,
max_rss_bytes, node_list, failed_node (where a node failed, a job's only one too), reason, source (who said
so), reached_step, planned_steps, logs and saved (how many logs, and checkpoints that can be used, it left);
and, where so, these as true: of_earlier (what is there is an earlier attempt's), is_starting, is_ending,
is_suspended, did_not_boot, did_not_launch, was_killed, is_forgotten (accounting calls it alive, the
controller does not know it), is_elsewhere (on another cluster), is_by_its_user (the job's own user cancelled
it). `subject` is then the job's id.

| code | evidence |
|---|---|
| exit_code_spoiled | a job's; quote: the log's line that spoiled it; sources: it, then why training counts |
| state_contradicts_training | a job's; cause (code of a log finding that may explain it); quote: its line |
| completed_without_training | a job's |
| job_failed | a job's; cause (code of a log finding told beside it), may_be_nodes (true: a node may be to |
| | blame for that), or quote: a line told nowhere else |
| job_timeout, job_cancelled, job_node_fail, job_preempted | a job's; cause; quote: Slurm's line in the log |
| job_deadline | a job's; cause; quote: Slurm's line in the log |
| job_out_of_memory | a job's; memory_evidence (what shows the kill), is_over (true: seen to use more than |
| | was asked for); quote: Slurm's line in the log |
| job_state_unknown | a job's |
| job_without_experiment | jobs (how many), job_ids (by ", "), name, state, are_alive (true), log (the first |
| | of theirs), logs (how many); subject: the first job's id |
| job_cancelled_pending | a job's, without anything of a run |
| job_running | a job's |
| job_pending, job_held, dependency_never_satisfied | a job's, `reason` being why it waits |
| not_submitted | script (the batch script that nobody submitted) |
| submission_unknown | script (the batch script of which nobody can say whether it was submitted) |
| no_accounting_record | job_ids (those that logs name, joined by ", ") |
| slurm_not_asked | none |
| slurm_unavailable | tried (each source that gave no answer, and why, by "; "), answered (who did, by ", ") |
| job_id_recycled | job_id, user, work_dir, submit (ISO 8601); or job_id and copy_of (the experiment of |
| | which Slurm's record of that id is, this one having none) |
| earlier_attempts | earlier (how many), job_ids, states (by ", ", oldest first), elapsed_s (of them all) |
| log_missing | job_id |
| no_loss_found | trainer, logs (how many) |
| loss_guessed | points (how many lines); subject: the log |
| loss_not_finite | metric, not_finite and points (how many of how many), first_step, at_end (true or false) |
| zero_steps | reached_step, planned_steps |
| stopped_early | reached_step, planned_steps, reached_epochs, planned_epochs |
| loss_spike, loss_rose, overfitting, still_falling, learning_rate_ended, throughput_dropped | see |
| | afterall.analyse.health |
| straggler | measure (metric), value, usual (its equals' median), slowest (of them); of times with "_s"; |
| | longer (by what share of the median time), equals (how many), gpu (their model); nodes (as Slurm lists |
| | them), equals_there (how many of them ran there too) or none_there (true); in their place shared_node or |
| | shared_nodes (where every slow run of the group ran and no equal did, by ", "), slow_runs (how many) |
| validation_tracked | points (how many), every (steps), setting (that asked for it), first, last, fell |
| | ("lower": the last is below the first), lowest, lowest_step, last_step (the lowest is not last), or |
| | lowest_epoch and last_epoch |
| evaluation_failed, evaluation_unfinished, evaluation_unreadable | task, checkpoint, status, superseded |
| | (true: the task succeeded on this checkpoint elsewhere); subject: the log; quote: the error's first line |
| evaluation_saturated | score, lowest, highest (over the runs), runs (how many); subject: the task |
| evaluation_paired | score, parameter (that a and b differ in), a, b (runs, by ", "), test ("mcnemar", |
| | "paired_t", "sign_flip"), samples (that both have), samples_a, samples_b (of each), higher_a, |
| | higher_b (on how many), difference (b - a), low, high (of its 95 % interval), p_value, p_corrected |
| | (by Holm), comparisons (how many it is corrected for); subject: the task |
| one_seed | settings (how many were compared, none of them repeated), seed (where all ran the same), runs |
| | (where they are more than the settings, and no seeds tell which of them repeat others) |
| confounded | parameters (that changed together between runs a and b, joined by ", "), never_alone (those |
| | of them that no two runs differ in alone), a, b, comparisons (how many pairs of runs) |
| directory_unreadable | none; subject: the directory |
| walk_truncated | entries (how many were seen) |
| metric_not_found | known (names like it that a metric has here, by ", "); subject: the metric |
"""
