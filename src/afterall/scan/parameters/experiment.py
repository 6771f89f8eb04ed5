"""Read every source of one experiment's parameters: files, scripts, the submit line, traces, its name."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from afterall.model import Attempt, Fact, Finding, FindingCode, MatchedExperiment, Source
from afterall.scan.files import read_whole
from afterall.scan.parameters.command_lines import script_settings, submit_variables
from afterall.scan.parameters.config_files import MOST_BYTES, choose
from afterall.scan.parameters.directory_names import parse_directory_name
from afterall.scan.parameters.gathering import Said, gather
from afterall.scan.parameters.standing import Standing
from afterall.scan.traces import Origin, Trace

MOST_SCRIPTS = 4
_SCRIPT_BYTES = 1 << 18


def read_parameters(
    set_dir: Path, matched: MatchedExperiment, traces: Sequence[Trace]
) -> tuple[dict[str, Fact], tuple[Finding, ...]]:
    """Return the parameters by name, and findings on files that could not be read or disagree."""
    layout = matched.layout
    said = [Said(_standing(trace), trace.parameters) for trace in traces if trace.parameters]
    command = _command_settings(set_dir, matched)
    said.append(Said(Standing.COMMAND, command))
    findings: list[Finding] = []
    named = command.get("config")
    for standing, file, values, problem in _files(set_dir, matched):
        if problem is not None:
            findings.append(_unreadable(file, problem))
        said.append(Said(standing, values))
    said = _with_named_config(said, str(named.value) if named else "")
    said.append(Said(Standing.DIRECTORY, parse_directory_name(layout.path or layout.name)))
    names = frozenset({layout.name, *layout.path.split("/"), *layout.name.split("/")}) - {""}
    parameters, contradictions = gather(said, names)
    return parameters, (*findings, *contradictions)


def _standing(trace: Trace) -> Standing:
    if trace.origin is Origin.TRAINER_STATE:
        return Standing.TRAINER_STATE
    return Standing.RESOLVED if trace.trains else Standing.TRACKER


def _files(
    set_dir: Path, matched: MatchedExperiment
) -> Iterator[tuple[Standing, str, dict[str, Fact], str | None]]:
    """Yield standing, path, values and problem of each configuration file."""
    for kind, entry in choose(matched.layout.entries, matched.layout.path):
        try:
            config = kind.parse(read_whole(set_dir, entry.path, MOST_BYTES), entry.path)
        except OSError as error:
            yield kind.standing, entry.path, {}, (error.strerror or str(error)).lower()
            continue
        yield kind.standing, entry.path, config.values, config.problem


def _with_named_config(said: list[Said], named: str) -> list[Said]:
    """Leave hand-written configurations out that the training command did not name, where it named one."""
    name = named.rpartition("/")[2]
    is_named = {
        id(s) for s in said if any(f.source.file.rpartition("/")[2] == name for f in s.values.values())
    }
    if not name or not any(s.standing is Standing.WRITTEN and id(s) in is_named for s in said):
        return said
    return [s for s in said if s.standing is not Standing.WRITTEN or id(s) in is_named]


def _command_settings(set_dir: Path, matched: MatchedExperiment) -> dict[str, Fact]:
    """Return the settings of the training command: of the script that ran, else the first that has one."""
    latest = matched.attempts[-1] if matched.attempts else None
    line = latest.submit_line if latest else ""
    scripts = matched.layout.scripts
    variables = {**submit_variables(line, scripts), **_slurm_variables(matched, latest)}
    submitted = [script for script in scripts if script.rpartition("/")[2] in line]
    for script in [*submitted, *(s for s in scripts if s not in submitted)][:MOST_SCRIPTS]:
        try:
            text = read_whole(set_dir, script, _SCRIPT_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        settings = script_settings(text, script, variables)
        if settings:
            return settings
    wrapped = line.partition("--wrap")[2].lstrip("= ").strip("\"'")
    return script_settings(wrapped or line, "sacct", variables)


def _slurm_variables(matched: MatchedExperiment, latest: Attempt | None) -> dict[str, str]:
    """Return what Slurm tells a script of itself: its job id and, in an array, its task's number."""
    tasks = [log.task_id for log in matched.logs if log.task_id]
    task = latest.display_id.partition("_")[2] if latest else (tasks[-1] if tasks else "")
    variables: dict[str, str] = {"SLURM_JOB_ID": latest.job_id} if latest else {}
    return {**variables, "SLURM_ARRAY_TASK_ID": task} if task.isdecimal() else variables


def _unreadable(file: str, problem: str) -> Finding:
    return Finding(
        code=FindingCode.CONFIG_UNREADABLE,
        subject=file,
        evidence={"problem": problem},
        sources=(Source(file),),
    )
