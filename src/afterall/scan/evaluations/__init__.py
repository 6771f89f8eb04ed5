"""Read evaluations of an experiment's checkpoints, whichever program evaluated them."""

from afterall.scan.evaluations.reading import read_evaluations
from afterall.scan.evaluations.shared import shared_evaluations, with_shared
from afterall.scan.evaluations.validation import own_validation

__all__ = ["own_validation", "read_evaluations", "shared_evaluations", "with_shared"]
