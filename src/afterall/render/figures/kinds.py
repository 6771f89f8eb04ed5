"""List the kinds of figures; importing it imports matplotlib.

Invariant: a new kind is one module and one row here.
"""

from collections.abc import Callable, Mapping

from afterall.render.figures import cost, final_metric, losses, throughput
from afterall.render.figures.figure import Figure
from afterall.render.page import Page

KINDS: Mapping[str, Callable[[Page], Figure | None]] = {
    "loss": losses.figure,
    "final_metric": final_metric.figure,
    "cost": cost.figure,
    "throughput": throughput.figure,
}
"""By file name without its ending, in the order of the report."""
