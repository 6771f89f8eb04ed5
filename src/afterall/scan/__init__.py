"""Turn what one experiment left behind into facts: checkpoints, logs, configurations, evaluations.

Invariant: nothing is unpickled or run, no link is followed out of the set, and what is wrong with one file
costs that file's facts alone.
"""

from pathlib import Path

from afterall.model import Experiment, MatchedExperiment, Tier
from afterall.scan.experiment import scan_experiment
from afterall.settings import SetSettings


def scan(
    set_dir: Path, matched: MatchedExperiment, settings: SetSettings, depth: Tier = Tier.QUICK
) -> Experiment:
    """Return everything the files of one experiment say; `depth` is how deep its checkpoints are looked into.

    Never raises for what it finds in them.
    """
    del settings  # Nothing of a set's settings changes what its files say.
    return scan_experiment(set_dir, matched, depth)


__all__ = ["scan"]
