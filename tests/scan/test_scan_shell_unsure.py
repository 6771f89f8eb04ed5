"""What a batch script may do otherwise than its text tells is not told."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from afterall.model import Scalar
from afterall.scan.parameters.scripts import Given, arguments, settings_in, written_config

FILES = {
    "lines.txt": "--lr 1\n--lr 2\n",
    "params.env": "GONE=3\n",
    "needing.sh": "python t.py --lr ${GONE:-7} --seed 0\n",
}
UNSURE = (
    (Path(__file__).parent / "fixtures/shell/unsure.txt")
    .read_text("utf-8")
    .removesuffix("\n")
    .split("\n---\n")
)
"""Scripts that give a setting one value at first sight, and another where bash runs them."""


def passed_by_bash(
    directory: Path, script: str, words: tuple[str, ...], exported: dict[str, str]
) -> list[dict[str, Scalar]]:
    """Return the settings that bash gives each `python t.py` of a script."""
    for name, text in FILES.items():
        (directory / name).write_text(text)
    program = directory / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\0" python "$@" >> seen; printf "\\1" >> seen\n')
    program.chmod(0o755)
    (directory / "s").write_text(script)
    (directory / "seen").write_text("")
    env = {"PATH": f"{directory}:{os.environ['PATH']}", **exported}
    subprocess.run(["bash", "s", *words], cwd=directory, env=env, capture_output=True, check=False)
    runs = (directory / "seen").read_text().split("\1")[:-1]
    return [dict(arguments(run.split("\0")[:-1])) for run in runs]


def read(name: str) -> list[str] | None:
    """Return the lines of one of FILES."""
    return FILES[name].splitlines() if name in FILES else None


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(("words", "exported"), [((), {}), (("77", "88"), {"RESUME": "1"})])
@pytest.mark.parametrize("script", UNSURE)
def test_nothing_is_told_that_bash_does_not_pass(
    tmp_path: Path, script: str, words: tuple[str, ...], exported: dict[str, str]
) -> None:
    """Whatever words and variables a script is given that no record tells, what is told of it is true."""
    told = {name: fact.value for name, fact in settings_in({"s": script}, Given(read=read)).items()}
    passed = passed_by_bash(tmp_path, script, words, exported)
    assert passed
    for settings in passed:
        assert told.items() <= settings.items()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('"${A[@]}" --bs 4', {"lr": 3, "bs": 4}),
        ('"${A[@]}"', {"lr": 3}),
        ("--lr 5 --seed ${#A[@]}", {"lr": 5}),
    ],
)
def test_options_that_may_have_been_added_are_unknown_alone(
    command: str, expected: dict[str, Scalar]
) -> None:
    """Those that are given anyway are known, and so is where the run saves."""
    script = f"A=(--lr 3 --seed 1)\nif [ -d out ]; then A+=(--seed 2 --resume); fi\npython t.py {command}"
    assert {name: fact.value for name, fact in settings_in({"s": script}, Given()).items()} == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("bash needing.sh", {"lr": 7, "seed": 0}),
        ("set -o allexport; GONE=3; bash needing.sh", {"lr": 3, "seed": 0}),
        ("GONE=3; set -a; LR=4; bash needing.sh", {"lr": 7, "seed": 0}),
        ("export $(grep -v '^#' params.env | xargs); . needing.sh", {"seed": 0}),
        ('eval "$(sort params.env)"; . needing.sh', {"seed": 0}),
        ("source /etc/profile.d/lab.sh; . needing.sh", {"seed": 0}),
    ],
)
def test_what_was_not_handed_on_may_be_set_by_a_text_that_nobody_knows(
    script: str, expected: dict[str, Scalar]
) -> None:
    """With `--export=NONE` a default counts, unless something was run that may have set the variable."""
    told = settings_in({"s": script}, Given(read=read, is_whole=True))
    assert {name: fact.value for name, fact in told.items()} == expected


@pytest.mark.parametrize(
    "name", ["RANDOM", "SLURM_NTASKS", "HOME", "HOSTNAME", "SECONDS", "CUDA_VISIBLE_DEVICES"]
)
def test_what_every_job_has_is_never_unset(name: str) -> None:
    """Also where nothing was handed on, the shell, Slurm and the login set variables of their own."""
    script = f"python t.py --a ${{{name}:-1}} --b ${{LR:-2}}"
    told = settings_in({"s": script}, Given(is_whole=True))
    assert {option: fact.value for option, fact in told.items()} == {"b": 2}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("for LR in 1 2; do\ncat > c.yaml <<E\nlr: $LR\nE\npython t.py --config c.yaml\ndone", {}),
        ("LR=1\ncat > c.yaml <<E\nlr: $LR\nE\nLR=2\npython t.py --config c.yaml", {"lr": 1}),
        ("f() {\ncat > $1.yaml <<E\nlr: $2\nE\n}\nf c 5\npython t.py --config c.yaml", {"lr": 5}),
        ('CFG=out/c.yaml\ncat > "$CFG" <<E\nlr: 3\nE\npython t.py --config $CFG', {"lr": 3}),
    ],
)
def test_a_configuration_is_as_it_was_written(script: str, expected: dict[str, Scalar]) -> None:
    """Variables are put in as they are when it is written; rounds of a loop that differ tell nothing."""
    found = written_config(script, "s", "c.yaml", Given())
    assert {name: fact.value for name, fact in found.items()} == expected


ENDLESS = {
    "patterns": f"X={'a' * 1900}\nfor i in {{1..900}}; do Y=${{X##*a*a*a*a*b}}; done",
    "lookups": "for i in {1..900}; do Y=$(awk -F, '$9 == \"z\"' long); done",
    "substitutions": f"echo {'$(sed -n 1p long)' * 5000}",
    "long command": f"for i in {{1..900}}; do python t.py {'word ' * 20000}; done",
    "functions": "for i in {1..900}; do\nf() {\n" + ":\n" * 60000 + "}\ndone",
    "eval": f"X='# {'y' * 8000}'\nfor i in {{1..900}}; do eval \"$X\"; done",
    "braces": f"for i in {{1..900}}; do : {'{a,b}' * 9}; done",
    "arrays": "for i in {1..1000}; do for j in {1..20}; do A+=(a b c d e f g h); done; done",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_script_that_does_too_much_is_given_up(name: str) -> None:
    """One that would take minutes ends within seconds, and nothing is told of what may come behind."""
    script = f"{ENDLESS[name]}\npython t.py --lr 1\n"
    begin = time.process_time()
    told = settings_in({"s": f"python t.py --lr 2\n{script}"}, Given(read=lambda _: ["x," * 60] * 2000))
    assert not told
    assert time.process_time() - begin < 20
