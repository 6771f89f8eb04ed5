"""Make a small experiment set to try afterall on: real safetensors, real log text, no Slurm needed.

The losses are drawn from a formula, not from training; the set's README.md says so. Every byte and every
file time is the same each time it is made, apart from the paths that recorded accounting names.
"""

from afterall.demo.maker import DEMO_SET_NAME, RECORDED_ACCOUNTING, make_demo

__all__ = ["DEMO_SET_NAME", "RECORDED_ACCOUNTING", "make_demo"]
