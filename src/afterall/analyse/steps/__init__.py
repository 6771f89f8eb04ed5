"""Suggest what to do next, each suggestion with its reason and, where there is one, its exact command.

Invariant: commands hold absolute, shell-quoted paths of this set and are never run by us; suggestions of
the same kind and the same details are one, with a command a line.

| kind | details |
|---|---|
| resubmit | cause (the code of the log finding that explains the end); memory_mib and old_memory_mib, or |
| | time_limit_s and old_time_limit_s (the changed limit, memory being per node); else one of these as true: |
| | lacked_memory, lacked_time (limits nobody told), had_dependency (that can never come true), |
| | did_not_launch (directory or output file missing), is_unexplained; none where nothing is to change |
| submit | unset (the parameters that its name promises and no file of it sets, joined by ", ") |
| wait | jobs (how many); or held (true: the command releases the job; without one only an admin can) |
| evaluate | checkpoint (its name), how: "slurm" (the set's own batch script), "inspect", "setup_inspect"; |
| | task (that most other runs have a score of, of this checkpoint); none where the set has no |
| | evaluation and no script for one |
| rerun_evaluation | task, checkpoint |
| compare_evaluations | task, metric, loss (the metric of the losses), best_by_loss, best_by_evaluation |
| intermediate_values | parameter, values (joined by ", "), lower, upper (the measured neighbours) |
| beyond_range | parameter, value (the proposed one), edge ("largest" or "smallest"), trend ("lower" or |
| | "higher"), tried and measured (values and numbers, the best last), metric, sources (of the numbers), |
| | step or epoch (of them all); is_single (no mean among them), checkpoint, moves_with where it is so |
| more_seeds | settings (how many ran, each once), runs (where they are more than the settings), or tied |
| | (how many runs tie for the best, of several settings); seed (the parameter's name), used (the seeds |
| | so far, joined by ", ") |
| longer_training | epochs (that were planned) |
| earlier_checkpoint | checkpoint (its path); lowest and last (validation losses), or metric and |
| | measured (its score, and that of the last one) |
| fix_mode | files (how many) |
"""
