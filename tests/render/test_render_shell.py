"""Commands in RESULTS.md are for a shell in the set's own directory, and do there what they do anywhere."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterall.analyse.steps.shell import command, inside
from afterall.render.shell import from_set

SET = "/scratch/my-set"


@pytest.mark.parametrize(
    ("absolute", "relative"),
    [
        ("inspect eval-retry {}/a/x.eval --log-dir {}/a", "inspect eval-retry a/x.eval --log-dir a"),
        ("inspect eval {}/a/e.py -M model_path={}/a/c", "inspect eval a/e.py -M model_path={}/a/c"),
        ("inspect eval '{}/a b/e.py'", "inspect eval 'a b/e.py'"),
        ("inspect eval {}/-a/e.py", "inspect eval ./-a/e.py"),
        ("(cd {}/r && sbatch --mem=2G t.sbatch {}/d)", "(cd r && sbatch --mem=2G t.sbatch {}/d)"),
        ("(cd '{}/r 1' && sbatch t.sbatch)", "(cd 'r 1' && sbatch t.sbatch)"),
        ("(cd {} && chmod g+r a b)", "chmod g+r a b"),
        ("scancel 5 && (cd {}/r && sbatch t.sbatch)", "scancel 5 && (cd r && sbatch t.sbatch)"),
        ("inspect eval {}-other/e.py", "inspect eval {}-other/e.py"),
        ("squeue -j 1,2", "squeue -j 1,2"),
        ("echo $'{}/\\x1b'", "echo $'{}/\\x1b'"),
        ("echo 'unclosed", "echo 'unclosed"),
    ],
)
def test_paths_are_relative_to_the_set(absolute: str, relative: str) -> None:
    """Words that are paths, and the directory that a command goes to; settings and what is run there stay."""
    assert from_set(absolute.replace("{}", SET), SET) == relative.replace("{}", SET)


_NAMES = st.text(st.sampled_from("ab -='\"$()&;\\x\n\té"), min_size=1, max_size=6).filter(lambda n: n != ".")


@settings(max_examples=60, deadline=None)
@given(_NAMES, st.lists(_NAMES, min_size=1, max_size=3), st.booleans())
def test_a_command_reaches_the_same_files(set_name: str, names: list[str], is_inside: bool) -> None:
    """Whatever the names are, bash in the set's directory makes of the words what it made of them before."""
    set_dir = f"/tmp/{set_name}"
    told = command("printf", "%s\\0", *(f"{set_dir}/{name}" for name in names))
    told = inside(f"{set_dir}/{names[0]}", command("printf", "%s\\0", *names)) if is_inside else told
    short = from_set(told, set_dir)
    before, after = (said_by_bash(line) for line in (told, short))
    assert [whole(word, set_dir) for word in after] == [whole(word, set_dir) for word in before]


def whole(word: bytes, set_dir: str) -> bytes:
    """Return a path as it is called from anywhere."""
    home = set_dir.encode()
    return word if word.startswith(home) else home + b"/" + word.removeprefix(b"./")


def said_by_bash(line: str) -> list[bytes]:
    """Return the words that bash hands over, a directory that it would go to first."""
    script = f'cd() {{ printf "%s\\0" "$1"; }}\n{line}\n'
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True, cwd=Path("/"))
    return done.stdout.split(b"\0")[:-1]
