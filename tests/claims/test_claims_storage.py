"""What the report says of disks is what walking the set's files gives."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from claims.claims_reading import Json, Told
from claims.claims_report import prose, section, tables, tokens, without_names
from claims.claims_sets import SETS

ToldOf = Callable[[str], Told]
OURS = ("afterall.toml", "RESULTS.md.orig", "RESULTS.md", "RESULTS.json", "RESULTS_files", ".afterall")
BLOCK = 512
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json")


def walked(top: Path) -> dict[Path, os.stat_result]:
    """Return the regular files below a directory, each file of several names once."""
    found: dict[tuple[int, int], tuple[Path, os.stat_result]] = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        if path.is_file() and not path.is_symlink():
            found.setdefault((status.st_dev, status.st_ino), (path, status))
    return dict(found.values())


def files_of(report: Told) -> dict[Path, os.stat_result]:
    """Return the set's files but for those that the report is."""
    top = report.set_dir
    return {p: s for p, s in walked(top).items() if p.relative_to(top).parts[0] not in OURS}


@pytest.mark.parametrize("name", SETS)
def test_the_whole_set_is_as_large_as_its_files(name: str, told: ToldOf) -> None:
    """Apparent and allocated sizes are the sums over all files."""
    files = files_of(told(name)).values()
    storage = told(name).results["storage"]
    assert storage["size_bytes"] == sum(status.st_size for status in files)
    assert storage["allocated_bytes"] == sum(status.st_blocks * BLOCK for status in files)


@pytest.mark.parametrize("name", SETS)
def test_each_experiment_is_as_large_as_its_directory(name: str, told: ToldOf) -> None:
    """Its sizes are the sums over its files, and those of its kinds of files add up to them."""
    for experiment in told(name).results["storage"]["experiments"]:
        run = told(name).run(experiment["experiment"])
        files = walked(told(name).set_dir / run["path"]).values()
        assert experiment["size_bytes"] == sum(status.st_size for status in files)
        assert experiment["allocated_bytes"] == sum(status.st_blocks * BLOCK for status in files)
        roles = experiment["by_role"]
        assert sum(role["files"] for role in roles) == len(files)
        for size in ("size_bytes", "allocated_bytes"):
            assert sum(role[size] for role in roles) == experiment[size]


@pytest.mark.parametrize("name", SETS)
def test_checkpoints_are_as_large_as_their_files(name: str, told: ToldOf) -> None:
    """Each is the sum of its files on disk, and an experiment's the sum of its checkpoints."""
    for experiment in told(name).results["storage"]["experiments"]:
        checkpoints = told(name).run(experiment["experiment"])["checkpoints"]
        saved = [checkpoint for checkpoint in checkpoints if checkpoint["verdict"] != "missing"]
        for checkpoint in saved:
            paths = [told(name).set_dir / file["path"] for file in checkpoint["files"]]
            sizes = [path.lstat().st_size for path in paths if path.is_symlink() or path.exists()]
            assert checkpoint["size_bytes"] == sum(sizes), checkpoint["path"]
        assert experiment["checkpoints"] == len(saved)
        assert (experiment["full_bytes"] or 0) == sum(c["size_bytes"] for c in saved)
        adapters = sum(map(adapter_bytes, saved))
        assert (experiment["adapter_only_bytes"] or 0) == adapters


def adapter_bytes(checkpoint: Json) -> int:
    """Return what one form of a checkpoint's adapter takes with its configuration."""
    adapter = [file for file in checkpoint["files"] if file["role"] == "adapter"]
    safe = [file for file in adapter if file["path"].endswith(".safetensors")]
    config = [file for file in checkpoint["files"] if file["role"] == "adapter_config"]
    return sum(file["size_bytes"] for file in (*(safe or adapter), *config)) if adapter else 0


@pytest.mark.parametrize("name", SETS)
def test_components_are_files_of_their_example(name: str, told: ToldOf) -> None:
    """Base model and adapter sizes are those of the named checkpoint's files."""
    for component in told(name).results["storage"]["components"]:
        directory = told(name).set_dir / component["example"]
        pattern = (
            "model*.safetensors" if component["component"] == "full_weights" else "adapter_model.safetensors"
        )
        sizes = [path.stat().st_size for path in directory.glob(pattern) if path.is_file()]
        (run,) = [
            r for r in told(name).runs if any(c["path"] == component["example"] for c in r["checkpoints"])
        ]
        assert component["size_bytes"] == sum(sizes), component
        assert component["model"] == run["parameters"].get("model", "")
        if component["component"] == "adapter":
            assert component["lora_rank"] == run["parameters"].get("lora_rank")


@pytest.mark.parametrize("name", SETS)
def test_tokenizers_that_repeat_are_counted(name: str, told: ToldOf) -> None:
    """All tokenizer files of checkpoints but the first of each name and size."""
    first, repeated = set(), []
    for path, status in files_of(told(name)).items():
        if path.name in TOKENIZER and status.st_size:
            key = (path.name, status.st_size)
            repeated += [status.st_size] if key in first else []
            first.add(key)
    storage = told(name).results["storage"]
    assert (storage["repeated_files"], storage["repeated_bytes"]) == (len(repeated), sum(repeated))


@pytest.mark.parametrize("name", SETS)
def test_what_could_be_freed_is_neither_last_nor_best(name: str, told: ToldOf) -> None:
    """Spare are a finished run's checkpoints but the last, the best, and those that a next step is about."""
    storage = told(name).results["storage"]
    needed = {
        (run, step["details"].get("checkpoint"))
        for step in told(name).results["next_steps"]
        for run in step["experiments"]
    }
    spare = [
        path
        for run in told(name).runs
        for path in spare_of(run)
        if (run["name"], path.rpartition("/")[2]) not in needed
    ]
    assert storage["spare"] == spare
    gone = [p.stat() for path in spare for p in (told(name).set_dir / path).rglob("*") if p.is_file()]
    links = Counter(status.st_ino for status in gone)
    freed = {status.st_ino: status.st_size for status in gone if links[status.st_ino] == status.st_nlink}
    assert storage["spare_bytes"] == sum(freed.values())


def spare_of(run: Json) -> list[str]:
    """Return the checkpoints that a run could do without."""
    saved = [checkpoint for checkpoint in run["checkpoints"] if checkpoint["files"]]
    if not run["training_completed"] or len(saved) < 2 or saved[-1]["verdict"] != "ok":
        return []
    kept = {saved[-1]["path"]}
    best = run["metrics"].get("best_val_step")
    kept |= {c["path"] for c in saved if best and c["step"] == best["value"]}
    for score in {key for e in run["evaluations"] for key in e["metrics"] if not key.endswith("stderr")}:
        told = [(e["metrics"][score], e["checkpoint"]) for e in run["evaluations"] if score in e["metrics"]]
        top = max(value for value, _ in told)
        kept |= {c["path"] for c in saved for value, where in told if value == top and c["name"] == where}
    inner = [checkpoint["path"] for checkpoint in saved if checkpoint["path"] != run["path"]]
    return [path for path in inner if path not in kept]


@pytest.mark.parametrize("name", SETS)
def test_the_tables_print_these_sizes(name: str, told: ToldOf) -> None:
    """Each cell of both tables is a size of RESULTS.json."""
    storage = told(name).results["storage"]
    for row in rows_of(told(name)):
        if "Experiment" in row:
            (own,) = [e for e in storage["experiments"] if e["experiment"] == row["Experiment"]]
            sizes = [own["full_bytes"], own["adapter_only_bytes"], own["size_bytes"]]
            for cell, size in zip(list(row.values())[1:], sizes, strict=True):
                assert (cell == "—") == (size is None), row
                assert size is None or next(tokens(cell)).is_of(size), row
        elif "Component" in row:
            assert_components(row, storage["components"])


@pytest.mark.parametrize("name", SETS)
def test_the_fold_names_the_smallest_and_the_largest(name: str, told: ToldOf) -> None:
    """The words on the totals say between which experiments the others lie."""
    sizes = {e["experiment"]: e["size_bytes"] for e in told(name).results["storage"]["experiments"]}
    (words,) = re.findall(r"<summary>.*whole directories: (.*)</summary>", told(name).report)
    ends = [re.fullmatch(r"(.*) \((.*)\)", part) for part in words.split(" to ")]
    for found, end in zip(ends, (min, max), strict=False):
        assert found is not None
        assert sizes[found[2]] == end(sizes.values())
        assert next(tokens(found[1])).is_of(sizes[found[2]])


def rows_of(report: Told) -> Iterator[dict[str, str]]:
    """Yield the rows of the storage tables."""
    for table in tables(section(report.report, "Storage Summary")):
        yield from table


def assert_components(row: dict[str, str], components: list[Json]) -> None:
    """Compare one row of the table of components."""
    rank = re.search(r"\(rank (\S+)\)", row["Component"])
    kind = "full_weights" if row["Component"].startswith("Base") else "adapter"
    for model, cell in list(row.items())[1:]:
        own = [
            c["size_bytes"] for c in components
            if c["component"] == kind and model in (c["model"], "Size")
            and (rank is None or str(c["lora_rank"]) == rank[1])
        ]  # fmt: skip
        assert (cell == "—") == (not own), row
        assert not own or any(next(tokens(cell)).is_of(size) for size in own), row


@pytest.mark.parametrize("name", SETS)
def test_the_sentences_print_these_sizes(name: str, told: ToldOf) -> None:
    """Each number of the notes is one of RESULTS.json's, or a sum over its kinds of files."""
    storage = told(name).results["storage"]
    experiments = storage["experiments"]
    both = [e for e in experiments if e["full_bytes"] and e["adapter_only_bytes"] is not None]
    full = sum(e["full_bytes"] for e in both)
    adapters = sum(e["adapter_only_bytes"] for e in both)
    roles: dict[str, list[int]] = {}
    for role in (role for e in experiments for role in e["by_role"]):
        sums = roles.setdefault(role["role"], [0, 0])
        sums[0] += role["size_bytes"]
        sums[1] += role["files"]
    total = sum(size for size, _ in roles.values())
    small = sum(size for size, _ in roles.values() if size * 100 < total)
    known = {
        "The set takes": [storage["size_bytes"], storage["allocated_bytes"], 1e9],
        "Adapters alone": [adapters, full, adapters / full if full else 0],
        "tokenizer file": [storage["repeated_files"], storage["repeated_bytes"]],
        "Keeping only": [storage["spare_bytes"], len(storage["spare"])],
        "whole directories": [len(experiments), *(e["size_bytes"] for e in experiments)],
        "By kind of file": [*(number for role in roles.values() for number in role), small],
    }
    for line in prose(section(told(name).report, "Storage Summary")):
        facts = [facts for words, facts in known.items() if words in line]
        printed = tokens(without_names(line, told(name)))
        wrong = [t.text for t in printed if not any(t.is_of(fact) for each in facts for fact in each)]
        assert wrong == [], line
