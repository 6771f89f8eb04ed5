"""Hold what stands under one heading of a section, in the order in which it is printed."""

from collections.abc import Iterable

from msgspec import Struct

from afterall.render.escaping import Markdown, text


class Block(Struct, frozen=True, kw_only=True):
    """A paragraph, a bold label, bullets, a table, a fence, an image: each left out where it is empty."""

    label: Markdown = Markdown("")
    text: Markdown = Markdown("")
    bullets: tuple[Markdown, ...] = ()
    table: Markdown = Markdown("")
    fence: Markdown = Markdown("")
    image: Markdown = Markdown("")


class Subsection(Struct, frozen=True):
    """A heading and its blocks; `heading` may hold a parameter's own name and is escaped when printed."""

    heading: str
    blocks: tuple[Block, ...]


def numbered(subsections: Iterable[Subsection]) -> tuple[Subsection, ...]:
    """Return the subsections with their numbers in their headings: "1. Best Run"."""
    return tuple(
        Subsection(Markdown(f"{place}. {text(part.heading)}"), part.blocks)
        for place, part in enumerate(subsections, start=1)
    )
