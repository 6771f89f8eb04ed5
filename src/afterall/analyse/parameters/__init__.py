"""Find what varies across a set, and which variations are one and the same."""

from afterall.analyse.parameters.varying import Varying, find_varying

__all__ = ["Varying", "find_varying"]
