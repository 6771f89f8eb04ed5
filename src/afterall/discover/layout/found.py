"""Say what one experiment of a set is: its place, its directories, and what was found of it."""

from msgspec import Struct

from afterall.discover.layout.locations import Key


class Found(Struct, frozen=True):
    """One experiment: its place and its directories, its own first; "" is the set itself."""

    key: Key
    roots: tuple[str, ...]
    is_product: bool = False
    has_own_trace: bool = False

    @property
    def is_whole(self) -> bool:
        """True where results lie together with the script or log that made them."""
        return self.is_product and self.has_own_trace
