"""Bring the hook, the units and the examples of this release to where an admin can copy them from."""

from importlib import resources
from pathlib import Path

from afterall.errors import PublishRefused

_HOOK = "hooks/afterall-epilog"


def files_root() -> Path:
    """Return where the files lie: in the installed package, or in a checkout beside the source."""
    packaged = Path(str(resources.files("afterall"))) / "files"
    checkout = Path(__file__).parents[3]
    return packaged if (packaged / _HOOK).is_file() else checkout


def hook_text() -> str:
    """Return the hook of this release."""
    return (files_root() / _HOOK).read_text("utf-8")


def install_files(target: Path) -> list[Path]:
    """Copy hook and unit files below `target`, and return their paths there.

    No file is replaced: raises PublishRefused where one is there already or cannot be made.
    """
    root = files_root()
    sources = [root / _HOOK, *sorted(path for path in (root / "slurm").iterdir() if path.is_file())]
    made = []
    for source in sources:
        copy = target / source.relative_to(root)
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("xb") as file:
                file.write(source.read_bytes())
            copy.chmod(0o755 if source.name == "afterall-epilog" else 0o644)
        except OSError as error:
            raise PublishRefused(copy, (error.strerror or str(error)).lower()) from error
        made.append(copy)
    return made
