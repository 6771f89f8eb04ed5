"""Read every source of one experiment's parameters: files, scripts, the submit line, traces, its name."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from afterall.model import Attempt, ExperimentLayout, Fact, Finding, FindingCode, MatchedExperiment, Source
from afterall.scan.files import read_whole
from afterall.scan.parameters.config_files import MOST_BYTES, ConfigKind, choose, kind_beside
from afterall.scan.parameters.decoding import parse_deepspeed
from afterall.scan.parameters.directory_names import parse_directory_name
from afterall.scan.parameters.experiment_summary import FILE_NAME as PLAN
from afterall.scan.parameters.experiment_summary import planned
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.others_commands import is_of_another
from afterall.scan.parameters.scripts import (
    CONFIGS,
    Given,
    Lines,
    Reader,
    lines_in,
    parse_submit_line,
    script_settings,
    settings_in,
    written_config,
)
from afterall.scan.parameters.standing import Standing
from afterall.scan.traces import Origin, Trace

MOST_SCRIPTS = 40
_DEEPSPEED = frozenset({"deepspeed", "deepspeed_config"})
_JSON = re.compile(r"\.json$")
LONGEST_PATH = 4096
_SCRIPT_BYTES = 1 << 18
_MOST_FILES = 16
"""That scripts look into and that are kept for the next look."""


def read_parameters(
    set_dir: Path,
    matched: MatchedExperiment,
    traces: Sequence[Trace],
    saved: Mapping[str, Fact] | None = None,
) -> tuple[dict[str, Fact], tuple[Finding, ...]]:
    """Return the parameters by name, and findings on files that could not be read or disagree.

    `saved` are the arguments that a trainer keeps beside the weights.
    """
    layout = matched.layout
    said = [Said(_standing(trace), trace.parameters) for trace in traces if trace.parameters]
    said.append(Said(Standing.SAVED, dict(saved or {})))
    command, written = _command_settings(set_dir, matched)
    said += [Said(Standing.COMMAND, command), Said(Standing.COMMAND, written)]
    findings: list[Finding] = []
    named = _named(command)
    for kind, file in _files(set_dir, matched, named):
        values, problem = _read(set_dir, kind, file)
        if problem is not None:
            findings.append(_unreadable(file, problem))
        said.append(Said(kind.standing, values))
    said = _with_named_config(said, named)
    said.append(Said(Standing.WRITTEN, _sharding(set_dir, matched, said)))
    said.append(Said(Standing.PLAN, _planned(set_dir, matched.layout)))
    said.append(Said(Standing.DIRECTORY, parse_directory_name(layout.path or layout.name)))
    names = frozenset({layout.name, *layout.path.split("/"), *layout.name.split("/")}) - {""}
    parameters, contradictions = gather(said, names)
    return parameters, (*findings, *contradictions)


def _standing(trace: Trace) -> Standing:
    if trace.origin is Origin.TRAINER_STATE:
        return Standing.TRAINER_STATE
    return Standing.RESOLVED if trace.trains else Standing.TRACKER


def _files(set_dir: Path, matched: MatchedExperiment, named: str) -> Iterator[tuple[ConfigKind, str]]:
    """Yield each configuration file with its kind: the run's own, its namesakes', the command's."""
    own = [(kind, entry.path) for kind, entry in choose(matched.layout.entries, matched.layout.path)]
    yield from own
    inside = {entry.path for entry in matched.layout.entries}
    beside = [path for path in matched.layout.configs if path not in inside]
    beside += [path for path in _places_of(set_dir, matched, named) if path not in inside][:1]
    for path in dict.fromkeys(beside):
        kind = kind_beside(path)
        if kind is not None:
            yield kind, path


def _places_of(set_dir: Path, matched: MatchedExperiment, named: str) -> Iterator[str]:
    """Yield where in the set a file is that a command named, seen from where jobs are submitted."""
    root = str(set_dir.resolve())
    worked_in = matched.attempts[-1].work_dir if matched.attempts else ""
    scripts = [f"{root}/{script}" for script in matched.layout.scripts[:1]]
    directories = [worked_in or root, root, *map(posixpath.dirname, scripts)]
    if worked_in and posixpath.basename(worked_in) == posixpath.basename(root):
        named = named.removeprefix(f"{worked_in}/")  # the set may have been moved since
    for directory in dict.fromkeys(directories) if named else ():
        path = posixpath.normpath(posixpath.join(directory, named))
        if path.startswith(f"{root}/") and posixpath.isfile(path):
            yield path[len(root) + 1 :]


def _reader(set_dir: Path, matched: MatchedExperiment) -> Reader:
    """Return how a script's own look into files of the set is followed."""

    def read(named: str) -> Lines | None:
        for path in _places_of(set_dir, matched, named[:LONGEST_PATH]):
            try:
                return lines_in(read_whole(set_dir, path, _SCRIPT_BYTES))
            except OSError:
                continue
        return None

    return lru_cache(maxsize=_MOST_FILES)(read)


def _read(set_dir: Path, kind: ConfigKind, file: str) -> tuple[dict[str, Fact], str | None]:
    """Return a configuration's values and what is wrong with it."""
    try:
        config = kind.parse(read_whole(set_dir, file, MOST_BYTES), file)
    except OSError as error:
        return {}, (error.strerror or str(error)).lower()
    return config.values, config.problem


def _sharding(set_dir: Path, matched: MatchedExperiment, said: Sequence[Said]) -> dict[str, Fact]:
    """Return what the DeepSpeed configuration says that a command or a configuration names."""
    named = (fact.value for each in said for key, fact in each.values.items() if key in _DEEPSPEED)
    for name in named:
        if isinstance(name, str) and name.endswith(".json"):
            for path in _places_of(set_dir, matched, name[:LONGEST_PATH]):
                return _read(set_dir, ConfigKind(_JSON, parse_deepspeed, Standing.WRITTEN), path)[0]
    return {}


def _planned(set_dir: Path, layout: ExperimentLayout) -> dict[str, Fact]:
    """Return what the set's plan says of a run, by the name of its directory."""
    name = (layout.path or layout.name).rpartition("/")[2]
    try:
        return planned(read_whole(set_dir, PLAN, MOST_BYTES), PLAN, name)
    except OSError:
        return {}


def _with_named_config(said: list[Said], named: str) -> list[Said]:
    """Leave hand-written configurations out that the training command did not name, where it named one."""
    name = named.rpartition("/")[2]
    is_named = {
        id(s) for s in said if any(f.source.file.rpartition("/")[2] == name for f in s.values.values())
    }
    if not name or not any(s.standing is Standing.WRITTEN and id(s) in is_named for s in said):
        return said
    return [s for s in said if s.standing is not Standing.WRITTEN or id(s) in is_named]


def _named(command: Mapping[str, Fact]) -> str:
    """Return the configuration that a training command names, "" where it names none."""
    return next((str(command[name].value) for name in CONFIGS if name in command), "")


def _command_settings(set_dir: Path, matched: MatchedExperiment) -> tuple[dict[str, Fact], dict[str, Fact]]:
    """Return the settings of the training command, and of the configuration that its script writes for it."""
    latest = matched.attempts[-1] if matched.attempts else None
    line = latest.submit_line if latest else ""
    scripts = matched.layout.scripts
    given = _given(set_dir, matched, line)
    places = (*matched.layout.roots, matched.layout.name)
    if not matched.layout.roots:
        places = (*places, *(entry.path for entry in matched.layout.entries))
    submitted = [script for script in scripts if script.rpartition("/")[2] in line]
    # The script that ran counts; where that is not known, any may have, and only what all say is sure.
    texts = _texts(set_dir, submitted) or _texts(set_dir, scripts if len(scripts) <= MOST_SCRIPTS else ())
    settings = settings_in(texts, given, places, partial(is_of_another, set_dir, matched.layout))
    if settings:
        file = next(iter(settings.values())).source.file
        written = written_config(texts[file], file, _named(settings), given) if file in texts else {}
        return settings, written
    wrapped = line.partition("--wrap")[2].lstrip("= ").strip("\"'")
    return script_settings(wrapped or line, "sacct", given, places), {}


def _texts(set_dir: Path, scripts: Iterable[str]) -> dict[str, str]:
    """Return the texts of those scripts that can be read, by file."""
    texts = {}
    for script in scripts:
        try:
            texts[script] = read_whole(set_dir, script, _SCRIPT_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
    return texts


def _given(set_dir: Path, matched: MatchedExperiment, line: str) -> Given:
    """Return what the script that ran was given: by the submit line, and by Slurm."""
    latest = matched.attempts[-1] if matched.attempts else None
    submitted = parse_submit_line(line, matched.layout.scripts)
    slurm = _slurm_variables(matched, latest)
    is_no_task = latest is not None and bool(latest.display_id) and "_" not in latest.display_id
    return Given(
        values={**submitted.values, **slurm},
        arguments=submitted.arguments,
        unset=frozenset({"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_JOB_ID"}) if is_no_task else frozenset(),
        is_whole=submitted.is_whole,
        read=_reader(set_dir, matched),
    )


def _slurm_variables(matched: MatchedExperiment, latest: Attempt | None) -> dict[str, str]:
    """Return what Slurm tells a script of itself: its job id and, in an array, its task's number."""
    tasks = [log.task_id for log in matched.logs if log.task_id]
    task = latest.display_id.partition("_")[2] if latest else (tasks[-1] if tasks else "")
    variables: dict[str, str] = {"SLURM_JOB_ID": latest.job_id} if latest else {}
    if latest is not None and latest.work_dir:
        variables["SLURM_SUBMIT_DIR"] = latest.work_dir
    return {**variables, "SLURM_ARRAY_TASK_ID": task} if task.isdecimal() else variables


def _unreadable(file: str, problem: str) -> Finding:
    return Finding(
        code=FindingCode.CONFIG_UNREADABLE,
        subject=file,
        evidence={"problem": problem},
        sources=(Source(file),),
    )
