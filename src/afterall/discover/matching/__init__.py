"""Match jobs and logs to experiments.

Invariant: pure; what is found does not depend on the order in which Slurm lists jobs.
"""
