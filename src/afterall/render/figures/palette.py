"""Name the colours and dashes of figures.

Source: the palette of Okabe and Ito, "Color Universal Design" (2008), which colour-blind eyes tell apart;
without its yellow, which is too pale on white.
"""

from typing import Literal

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
QUIET = "#9AA0A6"
Dashes = Literal["-", "--", ":"]
DASHES: tuple[Dashes, ...] = ("-", "--", ":")
