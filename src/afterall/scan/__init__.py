"""Turn what one experiment left behind into facts: checkpoints, logs, configurations, evaluations.

Invariant: nothing is unpickled or run, no link is followed out of the set, and what is wrong with one file
costs that file's facts alone. `experiment` scans a whole experiment, `checkpoints` verifies by itself.
"""
