"""Read a JSON file of a name that any program may use.

Invariant: total; what is JSON but no object says nothing, what is no JSON is damaged.
"""

import json
from collections.abc import Mapping
from typing import IO

from afterall.errors import BadInput

MOST_BYTES = 64 << 20


def read_document(file: IO[bytes], name: str) -> Mapping[str, object]:
    """Return the JSON object in a file, empty for another value; raise BadInput where it is cut."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise BadInput(name, f"is larger than {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(name, "is cut short or no JSON" if data else "is empty") from error
    return found if isinstance(found, dict) else {}
