"""Write the report of a fine-tuning experiment set when its last Slurm job ends."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("afterall")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
