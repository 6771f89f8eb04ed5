"""Give tests a Python with afterall that every user can read, as a real installation is.

The tests' own interpreter may lie below root's home directory, where the user that a process becomes cannot
read it.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import afterall

USER = 61234
"""A uid that no name service knows."""


def is_readable(python: str) -> bool:
    """Tell whether `USER` can run `python` and load afterall with it."""
    argv = [python, "-I", "-c", "import afterall.collect.errands, numpy"]
    become = {"user": USER, "group": USER, "extra_groups": []}
    try:
        ran = subprocess.run(argv, cwd="/", capture_output=True, check=False, **become)  # type: ignore[call-overload]
    except PermissionError:
        return False
    return bool(ran.returncode == 0)


def install(at: Path) -> str | None:
    """Return a Python that `USER` can run, made in `at` if need be; None where there is no base for one."""
    if is_readable(sys.executable):
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = shutil.which(version, path="/usr/bin:/usr/local/bin")
    if base is None:
        return None
    site = at / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (at / "bin").mkdir()
    (at / "bin/python").symlink_to(base)
    (at / "pyvenv.cfg").write_text(f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n")
    shutil.copytree(Path(afterall.__file__).parent, site / "afterall")
    (metadata,) = (file for file in distribution("afterall").files or () if file.name == "METADATA")
    (site / metadata.parent).mkdir()
    shutil.copy(str(metadata.locate()), site / metadata)
    for needed in _needed("afterall", set()):
        _link_files(needed, site)
    python = str(at / "bin/python")
    return python if is_readable(python) else None


def _needed(name: str, seen: set[str]) -> list[Distribution]:
    """Return the distributions that `name` requires, directly or not, extras left out."""
    found = []
    for requirement in distribution(name).requires or ():
        required = re.match(r"[A-Za-z0-9._-]+", requirement)
        if required is None or "extra ==" in requirement:
            continue
        normalized = re.sub(r"[-_.]+", "-", required[0]).lower()  # PEP 503: MarkupSafe is markupsafe
        if normalized in seen:
            continue
        seen.add(normalized)
        try:
            found.append(distribution(required[0]))
        except PackageNotFoundError:  # needed on another Python only
            continue
        found += _needed(required[0], seen)
    return found


def _link_files(package: Distribution, site: Path) -> None:
    for file in package.files or ():
        source, target = Path(str(package.locate_file(file))), site / file
        if ".." in file.parts or not source.is_file() or target.exists():  # a RECORD may name a file twice
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copy(source, target)
