"""Put style, scripts and data into a page so that nothing else can act in it.

Invariant: each part is allowed by its own hash alone (Content Security Policy Level 3), so that markup from a
name or a log, had it slipped in, would still not run; no text of a report can end the element it stands in.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from markupsafe import Markup


@lru_cache
def read_part(name: str) -> str:
    """Return the text of one of the page's own files."""
    return (files("afterall.render.html") / "page" / name).read_text("utf-8")


def embedded(part: str) -> Markup:
    """Return a part of ours to stand in its element as it is: its hash must be that of these bytes."""
    if "</" in part or "<!--" in part:
        raise ValueError("a part of the page could end its own element")
    return Markup(part)  # noqa: S704 (a file of this package)


def policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the content security policy under which these parts and images in the page itself are all."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_hashes(styles)}",
            f"script-src {_hashes(scripts)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def script_json(data: Any) -> Markup:
    r"""Return data as JSON for a script element: `<` and `&` as `\u003c` and `\u0026`, all else ASCII."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 (no markup is left in it)


def data_uri(svg: bytes) -> str:
    """Return an SVG as an address that holds it; a browser runs no script in an image."""
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def _hashes(parts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{b64encode(sha256(part.encode()).digest()).decode()}'" for part in parts)
