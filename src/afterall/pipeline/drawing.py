"""Import matplotlib so that nothing which lies about can have a say in it, as its settings files would have.

Invariant: no matplotlibrc is read, neither the current directory's nor the user's, and nothing is written
outside the user's own cache; a user without a home has a directory of this process's alone, for as long as
the import takes.

matplotlib looks for matplotlibrc in the current directory first, then where $MATPLOTLIBRC says
(`matplotlib.matplotlib_fname`); it follows links, waits for FIFOs and fails on bytes that are not UTF-8.
"""

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress


def prepare_drawing() -> None:
    """Import matplotlib with its list of fonts; what it logs concerns its own set-up, never the figures."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    with ExitStack() as during:
        place = {"MATPLOTLIBRC": os.devnull}
        named = "MPLCONFIGDIR" in os.environ or "XDG_CACHE_HOME" in os.environ
        if not named and not os.access(os.path.expanduser("~"), os.W_OK):
            place["MPLCONFIGDIR"] = during.enter_context(tempfile.TemporaryDirectory(prefix="afterall-"))
        during.enter_context(_environment(place))
        during.enter_context(_at_the_root())
        import matplotlib.font_manager  # noqa: F401, PLC0415 (only here is it safe)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def _at_the_root() -> Iterator[None]:
    """Be in a directory where only root may put something; go back afterwards, where that is possible."""
    try:
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # removed or closed: nothing can be read there, and no way leads back
        yield
        return
    try:
        os.chdir("/")
        yield
    finally:
        with suppress(OSError):
            os.fchdir(here)
        os.close(here)
