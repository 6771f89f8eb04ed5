"""Write the report of a fine-tuning experiment set when its last Slurm job ends."""

__version__: str


def __getattr__(name: str) -> str:
    """Look up `__version__` when it is asked for: that takes as long as all else a helper imports."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        found = version("afterall")
    except PackageNotFoundError:  # a source tree that was never installed
        found = "0+unknown"
    globals()[name] = found
    return found
