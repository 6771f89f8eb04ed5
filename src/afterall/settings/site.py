"""Hold `/etc/afterall/config.toml`, the admin's settings of the worker."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from afterall.errors import BadInput
from afterall.settings.files import read_text
from afterall.settings.toml import parse_toml

SITE_SETTINGS_PATH = Path("/etc/afterall/config.toml")

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class SiteSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field may be left out; times in seconds unless the name says otherwise."""

    auto: bool = False
    """True reports on every set of every user; False only on sets that opted in."""
    spool: str = "/var/spool/afterall"
    """The directory that the hook's `spool=` line names."""
    hook_user: str = "slurm"
    """Who runs EpilogSlurmctld and jobcomp/script, and so may own the spool whatever his uid: SlurmUser."""
    slurm_path: str = "/usr/bin:/bin:/usr/local/bin:/opt/slurm/bin"
    """Where root looks for sacct, squeue and scontrol; the caller's PATH is never used."""
    slurm_conf: str | None = None
    """SLURM_CONF for those commands, where it is not the default."""
    min_uid: Annotated[int, Meta(ge=1)] = 1000
    """Jobs of users below it are left alone."""
    debounce_s: Seconds = 10
    """How long a set must have been quiet before Slurm is asked."""
    grace_s: Seconds = 300
    """How long a preempted, requeued or node-failed job must stay out of the queue to count as over."""
    held_is_over: bool = False
    """True: a held job does not keep its set open; the report says that it waits, and a release ends that."""
    retry_first_s: Seconds = 5
    """First wait after a set was found unfinished or a step failed; doubles each time."""
    retry_last_s: Seconds = 900
    """Longest such wait."""
    max_age_days: Annotated[float, Meta(gt=0)] = 14
    """After this long without any news a set is given up, and said so in the log."""
    slurm_timeout_s: Annotated[float, Meta(gt=0)] = 60
    """Time limit of one Slurm command."""
    query_batch: Annotated[int, Meta(ge=1, le=1000)] = 200
    """Most job ids in one accounting query."""
    report_timeout_s: Annotated[float, Meta(gt=0)] = 1800
    """Time limit of one report."""
    report_memory_mib: Count = 4096
    """Address space of one report's process."""
    report_open_files: Count = 1024
    report_file_mib: Count = 512
    """Largest file that a report's process may write."""
    metrics_file: str | None = None
    """Where counters are written for node_exporter's textfile collector, as "….prom"; None: nowhere."""
    hung_job_s: Seconds = 86400
    """How long accounting may call a job running that the controller does not know any more."""


def parse_site_settings(text: str, path: str = str(SITE_SETTINGS_PATH)) -> SiteSettings:
    """Return the settings in `text`; raise BadSettings with file, line and key."""
    return parse_toml(text, SiteSettings, path)


def read_site_settings(path: Path = SITE_SETTINGS_PATH) -> SiteSettings:
    """Return the site's settings, or the defaults where there is no such file."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        return SiteSettings()
    except (OSError, ValueError) as error:
        raise BadInput(path, (getattr(error, "strerror", None) or str(error)).lower()) from error
    return parse_site_settings(text, str(path))
