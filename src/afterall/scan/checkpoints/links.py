"""Find where a symbolic link leads by reading its text, so that the kernel never follows one.

Invariant: the answer lies below the root; a link that leaves it, by whatever way, is told and not followed.
"""

import errno
import os
import posixpath
from pathlib import Path

from afterall.scan.checkpoints.opening import open_directory

_MOST_LINKS = 8


def follow(root: Path, path: str) -> str | None:
    """Return the path, relative to `root`, that the link at `path` leads to; None where that is outside.

    Raises OSError: ELOOP beyond eight links or through a linked directory, ENOENT where it leads nowhere.
    """
    for _ in range(_MOST_LINKS):
        text = _text(root, path)
        if text is None:
            return path
        if text.startswith("/"):
            target = posixpath.relpath(posixpath.normpath(text), str(root))
        else:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        if target == ".." or target.startswith("../"):
            return None
        path = target
    raise OSError(errno.ELOOP, "too many links", path)


def _text(root: Path, path: str) -> str | None:
    with open_directory(root, posixpath.dirname(path)) as directory:
        try:
            return os.readlink(posixpath.basename(path), dir_fd=directory)
        except OSError as error:
            if error.errno == errno.EINVAL:  # not a link
                return None
            raise
