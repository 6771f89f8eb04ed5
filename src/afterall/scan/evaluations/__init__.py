"""Read evaluations of an experiment's checkpoints, whichever program evaluated them."""

from afterall.scan.evaluations.reading import read_evaluations

__all__ = ["read_evaluations"]
