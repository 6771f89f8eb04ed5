"""Find the runs of Lightning's loggers, `NAME/version_N`, where nothing else tells them apart.

Invariant: pure; versions of one of several names are that run's attempts, and so are those of a name beside
which its own script or log lies.
"""

from collections.abc import Mapping, Sequence

from afterall.discover.layout.found import Found
from afterall.discover.layout.locations import Key
from afterall.discover.layout.places import Place
from afterall.discover.names import directories


def versions_of(place: Place) -> list[Found]:
    """Return the `version_N` directories in which products of a place lie."""
    found = {}
    for product in place.products:
        parts = product.split("/")
        for depth, name in enumerate(parts, start=1):
            if directories.lightning_version(name) is not None:
                found["/".join(parts[:depth])] = name
                break
    return [Found(key=(*place.key, name), roots=(path,), is_product=True) for path, name in found.items()]


def with_versions(found: Sequence[Found], places: Mapping[Key, Place]) -> list[Found]:
    """Return the experiments; instead of a logger's only name, as in `logs/NAME/version_0`, its versions."""
    place = places[found[0].key] if len(found) == 1 else None
    if place is None or place.has_own_trace:
        return list(found)
    versions = versions_of(place)
    lie_below_name = all(one.roots[0].rpartition("/")[0] in place.roots for one in versions)
    tops = tuple(f"{one.roots[0]}/" for one in versions)
    is_all = all(f"{product}/".startswith(tops) for product in place.products)
    return versions if len(versions) > 1 and lie_below_name and is_all else list(found)
