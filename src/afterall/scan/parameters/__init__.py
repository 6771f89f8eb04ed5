"""Find an experiment's hyperparameters in everything that names them, each with its source."""

from afterall.scan.parameters.experiment import read_parameters
from afterall.scan.parameters.script_logs import logs_by_script

__all__ = ["logs_by_script", "read_parameters"]
