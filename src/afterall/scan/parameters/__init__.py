"""Find an experiment's hyperparameters in everything that names them, each with its source."""

from afterall.scan.parameters.experiment import read_parameters

__all__ = ["read_parameters"]
