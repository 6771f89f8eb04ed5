"""Draw conclusions from the facts of a set: comparisons, findings, storage, next steps. Pure."""

from afterall.analyse.assembly import analyse
from afterall.analyse.material import Material
from afterall.analyse.readings import left_traces

__all__ = ["Material", "analyse", "left_traces"]
