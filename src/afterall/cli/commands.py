"""List the commands: name, the module in this package that holds it, one line of help."""

COMMANDS: dict[str, tuple[str, str]] = {
    "report": ("report", "Observe, scan and write a set's report now."),
    "status": ("status", "Show how a set, or every set below a directory, stands."),
    "compare": ("compare", "Compare the runs of several sets in one table."),
    "submit": ("submit", "Submit a job that writes the report when the set's jobs have ended."),
    "verify": ("verify", "Verify checkpoints anywhere."),
    "init": ("init", "Write a commented afterall.toml, which opts the set in to a site's hook."),
    "collect": ("collect", "Empty the hook's spool: report on every set that is over."),
    "sweep": ("sweep", "Look again at every set the worker knows to be unfinished."),
    "doctor": ("doctor", "Check an installation, or what a set's file system can do."),
    "demo": ("demo", "Make a small set and report on it, no Slurm needed."),
}
