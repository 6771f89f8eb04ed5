"""Install afterall for a test cluster where each of its users can run it, with the files that it ships."""

import shutil
import sys
from pathlib import Path

from collect.collect_installation import install

_TREE = Path(__file__).parents[2]


def install_for_all(at: Path) -> str | None:
    """Return a Python that every user can run and that has afterall; None where there is no base for one."""
    python = install(at)
    if python is not None and python != sys.executable:
        (package,) = at.glob("lib/python*/site-packages/afterall")
        for name in ("hooks", "slurm"):
            shutil.copytree(_TREE / name, package / "files" / name)
    return python
