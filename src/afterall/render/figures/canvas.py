"""Give figures one look, and write them as SVG of the same bytes for the same figure.

Invariant: a white ground in light and dark pages alike; text stays text, and no name is read as a formula.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure as Sheet
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from afterall.render.escaping import line
from afterall.render.figures.palette import Dashes

WIDTH = 8.4
"""Inches, at 100 dots each: GitHub's column is 830 to 1,010 pixels wide."""
LONGEST_LABEL = 40
_ABOVE_THE_GRID = 2.0
"""Where matplotlib itself puts lines."""
_STYLE: dict[str, Any] = {
    "axes.edgecolor": "#6B7075",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": 72,  # what matplotlib writes SVG at, whatever else is asked for
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": "#E3E5E8",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "path.simplify": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "afterall",
    "text.parse_math": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}


class Stroke(NamedTuple):
    """A line through points; its width in points of print."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    width: float
    dashes: Dashes = "-"
    opacity: float = 1.0


class Mark(NamedTuple):
    """A point to mark, in the colour of its line, filled with another where that is given."""

    x: float
    y: float
    colour: str
    fill: str | None = None


def style() -> AbstractContextManager[None]:
    """Return a context in which figures are made and written, whatever a user's own matplotlibrc says."""
    settings: dict[Any, Any] = {key: value for key, value in mpl.rcParamsDefault.items() if key != "backend"}
    return mpl.rc_context(settings | _STYLE)


def sheet(height: float, panels: int = 1, width: float = WIDTH) -> tuple[Sheet, list[Axes]]:
    """Return an empty figure and its panels side by side; height and width in inches."""
    figure = Sheet(figsize=(width, height))
    FigureCanvasSVG(figure)
    axes = figure.subplots(1, panels, squeeze=False)
    return figure, list(axes[0])


def draw_strokes(axes: Axes, strokes: Sequence[Stroke]) -> None:
    """Draw lines, later ones over earlier ones, the dashed over the solid.

    A set may have thousands, and an artist each would take most of a report's time.
    """
    for dashes in dict.fromkeys(stroke.dashes for stroke in strokes):
        alike = [stroke for stroke in strokes if stroke.dashes == dashes]
        lines = LineCollection(
            [np.array([stroke.x, stroke.y], dtype=float).T for stroke in alike],
            colors=[to_rgba(stroke.colour, stroke.opacity) for stroke in alike],
            linewidths=[stroke.width for stroke in alike],
            linestyles=dashes,
            capstyle="projecting" if dashes == "-" else "butt",
            zorder=_ABOVE_THE_GRID,
        )
        axes.add_collection(lines)
    axes.autoscale_view()


def draw_marks(axes: Axes, marks: Sequence[Mark], shape: str, size: float, edge: str | None = None) -> None:
    """Draw points of one shape, of so many points of print across; `edge` is the colour of every edge."""
    if not marks:
        return
    axes.scatter(
        [mark.x for mark in marks],
        [mark.y for mark in marks],
        s=size**2,
        marker=shape,
        c=[mark.fill or mark.colour for mark in marks],
        edgecolors=edge or [mark.colour for mark in marks],
        linewidths=1,
        zorder=_ABOVE_THE_GRID,
    )


def plain_log_ticks(axes: Axes) -> None:
    """Label a logarithmic axis with plain numbers: matplotlib's own labels are formulas, which are off."""
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def legend(figure: Sheet, entries: Mapping[str, Line2D]) -> None:
    """Put the names of what is drawn below the figure, in as many columns as it holds; one needs none."""
    if len(entries) < 2:
        return
    lines, names = list(entries.values()), [label(name) for name in entries]
    with _any_script():
        for columns in range(min(4, len(entries)), 0, -1):
            drawn = figure.legend(lines, names, loc="outside lower center", ncols=columns)
            if columns == 1 or drawn.get_window_extent().width <= figure.bbox.width:
                break
            drawn.remove()


def svg(figure: Sheet) -> bytes:
    """Return a figure as SVG, without a date and without the program's version."""
    out = io.BytesIO()
    with _any_script():
        # A figure that has a layout is drawn twice, the first time for the layout alone.
        ConstrainedLayoutEngine().execute(figure)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": "afterall"})
    return out.getvalue()


@contextmanager
def _any_script() -> Iterator[None]:
    """Accept names in scripts that the font lacks: the text is the viewer's to draw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def label(name: str) -> str:
    """Return a run's or setting's name as a legend may hold it: one line, nothing unseen, not hidden.

    Matplotlib leaves labels out that begin with an underscore.
    """
    told = line(name, LONGEST_LABEL)
    return f"\u200a{told}" if told.startswith("_") else told
