"""Hold `afterall.toml`, the settings that lie in a set and speak for it before any guess."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from afterall.errors import BadInput, BadSettings
from afterall.settings.files import read_text
from afterall.settings.toml import line_of, parse_toml

RESULTS_JSON = "RESULTS.json"
"""The facts for programs, under one name whatever the report is called."""
RESULTS_HTML = "RESULTS.html"
"""The report as a page, under one name whatever the report is called."""
RESULTS_FILES = "RESULTS_files"
"""Directory of what the report links to."""
SECTIONS = ("overview", "checkpoints", "results", "findings", "storage", "next_steps", "appendix")
"""The sections that a report can do without, by the names of their templates; it never hides its issues."""
LONGEST_NAME = 24
"""Characters of a parameter's name: the narrowest figure has room for it, a legend for a value behind it."""
SETTINGS_NAME = "afterall.toml"
"""Its presence also opts the set in to a site's hook."""


class SetSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every field may be left out; globs are relative to the set and never leave it."""

    enabled: bool = True
    """False keeps a site's hook away from this set."""
    report: str = "RESULTS.md"
    """The report's file name; RESULTS.json, RESULTS.html and RESULTS_files beside it keep their names."""
    title: str | None = None
    task: str | None = None
    """What was being fine-tuned for; otherwise the set's README.md or name says."""
    description: str | None = None
    experiments: tuple[str, ...] = ()
    """Globs of experiment directories, as "runs/*"; empty: found by what lies in them."""
    exclude: tuple[str, ...] = ()
    """Globs of directories that are no experiments."""
    logs: tuple[str, ...] = ()
    """Globs of logs in common directories, as "logs/*.out"; empty: found by name."""
    jobs: dict[str, tuple[str, ...]] = {}
    """Job ids by experiment, for logs whose names do not tell: {"rank4" = ["1234", "1235_7"]}."""
    parameters: tuple[str, ...] = ()
    """Parameters to compare by, when the report should not find them itself."""
    ignore_parameters: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ("seed", "random_seed", "data_seed")
    """Parameters that only replicate a run."""
    names: dict[str, str] = {}
    """What the report calls parameters, by their keys in RESULTS.json: {"lora_rank" = "rank r"}."""
    metrics: dict[str, str] = {}
    """Metrics to rank by, the first deciding who is best, each with what is good: {"final_loss" = "min"}."""
    baseline: str | None = None
    """Name or path of the experiment that every other is compared with."""
    partial: bool = False
    """True: the worker also writes a provisional report each time a job ends."""
    figures: bool = True
    """False: no figures are drawn."""
    html: bool = False
    """True: the report is also written as RESULTS.html, a page that needs nothing but itself."""
    omit: tuple[str, ...] = ()
    """Sections that the report leaves out, by the names of their templates."""
    templates: str | None = None
    """Directory with templates that replace the report's own, relative to the set."""


def parse_set_settings(text: str, path: str = SETTINGS_NAME) -> SetSettings:
    """Return the settings in `text`; raise BadSettings with file, line and key."""
    settings = parse_toml(text, SetSettings, path)
    for key, problem in _problems(settings):
        raise BadSettings(path, problem, line=line_of(text, key), key=key)
    return settings


def read_set_settings(set_dir: Path) -> SetSettings:
    """Return the set's settings, or the defaults where it has no afterall.toml."""
    path = set_dir / SETTINGS_NAME
    try:
        text = read_text(path)
    except FileNotFoundError:
        return SetSettings()
    except NotADirectoryError as error:
        raise BadInput(set_dir, "is not a directory") from error
    except (OSError, ValueError) as error:
        raise BadInput(path, (getattr(error, "strerror", None) or str(error)).lower()) from error
    return parse_set_settings(text, str(path))


def _problems(settings: SetSettings) -> Iterator[tuple[str, str]]:
    """Yield key and problem of every value that has the right type and still cannot be used."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.md", settings.report):
        yield "report", f"'{settings.report}' is not a plain file name that ends in .md"
    for name in settings.omit:
        if name not in SECTIONS:
            yield "omit", f"'{name}' is no section that can be left out; there are {', '.join(SECTIONS)}"
    for metric, goal in settings.metrics.items():
        if goal not in ("min", "max"):
            yield f"metrics.{metric}", f"'{goal}' is neither 'min' nor 'max'"
    yield from _name_problems(settings.names)
    templates = () if settings.templates is None else (settings.templates,)
    for key, values in (
        ("experiments", settings.experiments),
        ("exclude", settings.exclude),
        ("logs", settings.logs),
        ("templates", templates),
    ):
        for value in values:
            if value.startswith("/") or ".." in value.split("/"):
                yield key, f"'{value}' leaves the set"
    for experiment, ids in settings.jobs.items():
        for job_id in ids:
            if not re.fullmatch(r"[0-9]+(_[0-9]+)?", job_id):
                yield f"jobs.{experiment}", f"'{job_id}' is no job id such as 1234 or 1234_5"


def _name_problems(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield key and problem of names that say nothing, that no label holds, or that two parameters share."""
    taken: dict[str, str] = {}
    for parameter, name in names.items():
        words = " ".join(name.split())
        holder = taken.setdefault(words.casefold(), parameter)
        if not words:
            yield f"names.{parameter}", "is blank"
        elif len(name) > LONGEST_NAME:
            yield f"names.{parameter}", f"is longer than {LONGEST_NAME} characters"
        elif holder != parameter:
            yield f"names.{parameter}", f"'{words}' is the name of {holder} too"
