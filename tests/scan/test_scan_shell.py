"""Follow a batch script as far as its text tells, and no further: branches, loops, arrays, lines of files."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from afterall.model import Scalar, SlurmState
from afterall.scan.parameters import read_parameters
from afterall.scan.parameters.scripts.arithmetic import calculated
from afterall.scan.parameters.scripts.command_lines import script_settings
from afterall.scan.parameters.scripts.commands import commands, words
from afterall.scan.parameters.scripts.variables import LONGEST_EXPANDED, Variables
from afterall.scan.parameters.scripts.written_config import written_config
from scan.run_making import attempt, experiment, lay_down

FILES = {
    "configs.txt": ["a.yaml", "b.yaml", "c.yaml"],
    "params.csv": ["lr,rank", "1e-4,4", "2e-4,8", "3e-4,16"],
    "table.txt": ["ArrayTaskID  lr  rank", "1  1e-4  4", "2  2e-4  8"],
    "odd.txt": ["", '$(rm -rf x) `y` "z" ; python t.py --lr 7', "$SLURM_ARRAY_TASK_ID"],
}


def told(script: str, task: str = "2") -> dict[str, Scalar]:
    """Return the settings of a script's training as one task of an array runs it."""
    found = script_settings(script, "s", {"SLURM_ARRAY_TASK_ID": task}, FILES.get)
    return {name: fact.value for name, fact in found.items()}


LINES = (
    'CONFIG=$(sed -n "${SLURM_ARRAY_TASK_ID}p" configs.txt)',
    "CONFIG=`sed -n ${SLURM_ARRAY_TASK_ID}p configs.txt`",
    'CONFIG=$(sed "${SLURM_ARRAY_TASK_ID}q;d" < configs.txt)',
    'CONFIG="$(cat configs.txt | sed -n "${SLURM_ARRAY_TASK_ID}{p;q}")"',
    'CONFIG=$(awk "NR==$SLURM_ARRAY_TASK_ID" configs.txt)',
    "CONFIG=$(awk 'NR=='$SLURM_ARRAY_TASK_ID' {print $1}' configs.txt)",
    "CONFIG=$(awk -v n=$SLURM_ARRAY_TASK_ID 'NR==n{print $1; exit}' configs.txt)",
    "CONFIG=$(head -n $SLURM_ARRAY_TASK_ID configs.txt | tail -n 1)",
    "CONFIG=$(head -${SLURM_ARRAY_TASK_ID} configs.txt | tail -1)",
    "CONFIG=$(tail -n +$SLURM_ARRAY_TASK_ID configs.txt | head -1)",
    "mapfile -t ALL < configs.txt; CONFIG=${ALL[$((SLURM_ARRAY_TASK_ID - 1))]}",
    "ALL=($(cat configs.txt)); CONFIG=${ALL[SLURM_ARRAY_TASK_ID - 1]}",
    'ALL=(\n  a.yaml  # first\n  b.yaml\n)\nCONFIG="${ALL[$(($SLURM_ARRAY_TASK_ID-1))]}"',
    'read CONFIG < <(sed -n "${SLURM_ARRAY_TASK_ID}p" configs.txt)',
    "case $SLURM_ARRAY_TASK_ID in 1) CONFIG=a.yaml;; 2|3) CONFIG=b.yaml;; esac",
    'case "$SLURM_ARRAY_TASK_ID" in\n1)\n CONFIG=a.yaml\n ;;\n2)\n CONFIG=b.yaml\n ;;\n*) exit ;;\nesac',
    'if [ "$SLURM_ARRAY_TASK_ID" -eq 1 ]; then CONFIG=a.yaml; else CONFIG=b.yaml; fi',
    "N=$SLURM_ARRAY_TASK_ID\nif [[ $N == 1 ]]\nthen N=7\nelif [ $N -eq 2 ]; then CONFIG=b.yaml; fi",
    "[ $SLURM_ARRAY_TASK_ID = 1 ] && CONFIG=a.yaml || CONFIG=b.yaml",
)


@pytest.mark.parametrize("line", LINES)
def test_an_array_tasks_line_of_a_list_is_found(line: str) -> None:
    """The ways by which scripts look their task's configuration up, each gives the second of the list."""
    assert told(f"{line}\npython train.py --config $CONFIG") == {"config": "b.yaml"}


ROWS = (
    (
        'N=$((SLURM_ARRAY_TASK_ID + 1)); LINE=$(sed -n "${N}p" params.csv)\n'
        'LR=$(echo $LINE | cut -d, -f1)\nRANK=$(echo "$LINE" | cut -d "," -f2)'
    ),
    'IFS=, read -r LR RANK <<< "$(sed -n "$((SLURM_ARRAY_TASK_ID+1))p" params.csv)"',
    "IFS=',' read LR RANK < <(tail -n +2 params.csv | sed -n \"${SLURM_ARRAY_TASK_ID}p\")",
    "LR=$(awk -F, 'NR==3 {print $1}' params.csv); RANK=$(awk -F',' 'NR==3 {print $2}' params.csv)",
    (
        "LR=$(awk -v N=$SLURM_ARRAY_TASK_ID '$1==N {print $2}' table.txt)\n"
        "RANK=$(awk -v N=$SLURM_ARRAY_TASK_ID '$1==N {print $3}' table.txt)"
    ),
    (
        "LRS=(1e-4 2e-4)\nRANKS=(8)\nN=${#RANKS[@]}\nLR=${LRS[$SLURM_ARRAY_TASK_ID / 2]}\n"
        "RANK=${RANKS[$((SLURM_ARRAY_TASK_ID % N))]}"
    ),
    'set -- $(sed -n "$((SLURM_ARRAY_TASK_ID+1))"p table.txt); LR=$2; RANK=$((8 + ($3 / 8) % 1))',
    "declare -a C=('1e-4 4' '2e-4 8')\nIFS=' ' read -r LR RANK <<< \"${C[$SLURM_ARRAY_TASK_ID - 1]}\"",
    'printf -v LR "%de-4" $SLURM_ARRAY_TASK_ID; RANK=$(expr $SLURM_ARRAY_TASK_ID + 6)',
    "ARGS=(x)\nLR=2e-4\nRANK=8",
)


@pytest.mark.parametrize("lines", ROWS)
def test_an_array_tasks_row_of_a_table_is_found(lines: str) -> None:
    """Columns of a line, grids by division and remainder, and names that are put together."""
    assert told(f"{lines}\npython train.py --lr $LR --rank $RANK") == {"lr": 0.0002, "rank": 8}


@pytest.mark.parametrize(
    "lines",
    [
        "if [ -d data ]; then LR=5; else LR=7; fi",
        "if [ -f x ]; then LR=5; fi\nLR=${LR:-1}",
        "if nvidia-smi | grep -q A100; then LR=5; fi",
        "LR=1; if [ -f x ]; then LR=5; fi",
        "LR=1; [[ -e x ]] && LR=5",
        "case $HOSTNAME in a*) LR=5;; *) LR=7;; esac",
        "LR=1; while read x; do LR=5; done",
        "LR=1; for LR in 5 7; do true; done",
        "LR=$(python pick.py)",
        "LR=$(sed -n 2p missing.txt)",
        "LR=$(shuf -n 1 configs.txt)",
        "LR=$((RANDOM % 3))",
        "LR=$(sed -n 2p configs.txt | tr a b)",
        "read LR",
        "LR=1; unset LR",
        "LR=${OTHER}5",
        "read -r X _ <<< '1 2'; LR=$(date +%N)",
        "LR=1; N=3; ((N == 2)) && LR=5",
        "LR=1; (test -f x) && LR=5",
        "LR=1; { test -f x; } && LR=5",
        "LR=1; if [ -f x ]; then :; fi && LR=5",
        "LR=1; [ -f x ] && if [ 1 -eq 1 ]; then LR=5; fi",
        "LR=1; ((LR++))",
        "LR=1; (( N = 2, LR += N ))",
        "LR=1; let LR=2",
        "LR=1; eval LR=2",
        "LR=1; N=1; A=(5 7); A[N]=9; LR=${A[1]}",
        "read -p prompt LR <<< '3 4'",
        "read -d '' LR < params.csv",
    ],
)
def test_what_only_a_shell_could_know_is_not_told(lines: str) -> None:
    """Where a branch may have been taken, or a program had its say, no value is made up."""
    assert told(f"{lines}\npython train.py --lr $LR --seed 1") == {"seed": 1}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            'ARGS=(--lr 1)\nARGS+=(--note "a b")\npython t.py "${ARGS[@]}" --x 1',
            {"lr": 1, "note": "a b", "x": 1},
        ),
        ('ARGS="--lr 1"\nARGS+=" --rank 8"\npython t.py $ARGS 2>&1 | tee log.txt', {"lr": 1, "rank": 8}),
        ("python t.py --flag > out.txt 2> err.txt", {"flag": True}),
        ("python t.py --name $(date +%s) --lr 3 &>> all.log", {"lr": 3}),
        ("python t.py --lr 3 # --lr 4", {"lr": 3}),
        ("python t.py --note 'a;b' --lr '$LR'", {"note": "a;b"}),
        ('srun bash -c "cd x && python t.py --lr 4"', {"lr": 4}),
        ("if [ ! -f done ]; then\n  python t.py --lr 8\nfi", {"lr": 8}),
        ("if [ 1 -eq 2 ]; then python t.py --lr 8; else python t.py --lr 9; fi", {"lr": 9}),
        ("for s in 1 2; do python t.py --seed $s --lr 1; done", {"lr": 1}),
        ("train() {\n  python t.py --lr 1\n}\ntrain", {"lr": 1}),
        ("set -e\nLR=1 python t.py --lr 2", {"lr": 2}),
        ("LR=$'0.5'; python t.py --lr $LR", {"lr": 0.5}),
        ("LR=1; [ 1 -eq 1 ] || { echo no; LR=5; }; python t.py --lr $LR", {"lr": 1}),
        ("[ 2 -eq 3 ] && { X=1; LR=5; } || { X=2; LR=6; }; python t.py --lr $LR", {"lr": 6}),
        ("LR=1; [ 1 -eq 1 ] || if [ 1 -eq 1 ]; then LR=5; fi; python t.py --lr $LR", {"lr": 1}),
        ("[ 1 -eq 1 ] || (python t.py --lr 9)", {}),
        ("[ 1 -eq 2 ] || (python t.py --lr 9)", {"lr": 9}),
        ("A=1+1; python t.py --lr $((A*3)) --x $(($A*3))", {"lr": 6, "x": 4}),
        ('LR=1; eval "$(conda shell.bash hook)"; python t.py --lr $LR', {"lr": 1}),
    ],
)
def test_commands_are_told_as_a_shell_would_see_them(script: str, expected: dict[str, Scalar]) -> None:
    """Arrays of options, redirections, comments, quotes, branches and shells within shells."""
    assert told(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("export LR=3\nsrun bash -c 'python t.py --lr ${LR:-1}'", {"lr": 3}),
        ("LR=3\nexport LR\nbash -c 'python t.py --lr ${LR:-1}'", {"lr": 3}),
        ("declare -x LR=3\nbash -c 'python t.py --lr ${LR:-1}'", {"lr": 3}),
        ("LR=3 bash -c 'python t.py --lr ${LR:-1}'", {"lr": 3}),
        ("LR=3\nbash -c 'python t.py --lr ${LR:-1}'", {"lr": 1}),
        ("srun bash -c 'python t.py --lr 1 --seed $SLURM_ARRAY_TASK_ID'", {"lr": 1, "seed": 2}),
        ("set -- 3\nbash -c 'python t.py --lr ${1:-4}'", {"lr": 4}),
        ("LR=$(date) bash -c 'python t.py --lr ${LR:-1} --x 1'", {"x": 1}),
        ('read LR\nbash -c "python t.py --lr ${LR:-1} --x 1"', {"x": 1}),
        ("if [ -f x ]; then export LR=3; fi\nbash -c 'python t.py --lr ${LR:-1} --x 1'", {"x": 1}),
    ],
)
def test_a_shell_within_has_what_was_exported(script: str, expected: dict[str, Scalar]) -> None:
    """Its defaults stand in for what was not exported, and never for what may have been."""
    assert told(script) == expected


def test_bash_gives_a_shell_within_the_same(tmp_path: Path) -> None:
    """What bash itself hands on is what is told."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    (tmp_path / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$3"\n')
    (tmp_path / "python").chmod(0o755)
    script = "A=1\nexport B=2\nC=3 bash -c 'python t.py --x ${A:-4}${B:-5}${C:-6}'"
    seen = subprocess.run(
        [bash, "-c", script], env={"PATH": f"{tmp_path}:/bin:/usr/bin"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert told(script) == {"x": int(seen.stdout)}


def test_nothing_in_a_files_line_is_the_shells() -> None:
    """A line that holds a command is words, not run, and what looks like a variable in it is none."""
    assert told('X=$(sed -n 2p odd.txt)\npython t.py --lr 1 --note "$X"') == {"lr": 1}
    assert told("X=$(sed -n 3p odd.txt)\npython t.py --lr 1 --a $X") == {"lr": 1}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    "script",
    [
        *(f"{line}\npython t.py --config $CONFIG" for line in LINES),
        *(f"{lines}\npython t.py --lr $LR --rank $RANK" for lines in ROWS),
        'A="a b"; B=$A; C=(x "$A" $A); python t.py "$B" ${#C[@]} "${C[1]}" ${C[2]} "${C[@]}"',
        "f() { LR=9; }; LR=1; (LR=5); { LR=2; }; python t.py $LR",
        "false && LR=1 || LR=2; true || LR=3; [ 1 -eq 2 ] || [ 2 -eq 2 ] && X=4 || X=5; python t.py $LR $X",
        "export A=$(echo a b) B='c d'; python t.py \"$A\" \"$B\" '$A' \\$A",
    ],
)
def test_bash_sees_the_same(tmp_path: Path, script: str) -> None:
    """What is told of a command is what bash gives it, word for word."""
    for name, lines in FILES.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    shell = 'python() { printf "%s\\0" python "$@"; }\nSLURM_ARRAY_TASK_ID=2\n'
    run = subprocess.run(["bash", "-c", shell + script], cwd=tmp_path, capture_output=True, check=True)
    mine = [
        c for c in commands(script, Variables({"SLURM_ARRAY_TASK_ID": "2"}, FILES.get)) if c[0] == "python"
    ]
    assert mine == [run.stdout.decode().split("\0")[:-1]]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", "3"),
        ("7/2", "3"),
        ("7 % 4 + 1", "4"),
        ("1+2*3", "7"),
        ("42 + (7 / 4)", "43"),
        ("((7 / 2) % 2)", "1"),
        ("-7 / 2", "-3"),
        ("-7 % 2", "-1"),
        ("2 - -3", "5"),
        (" 5 ", "5"),
        ("10 - 3 - 2", "5"),
    ],
)
def test_small_sums_are_worked_out(text: str, value: str) -> None:
    """What scripts do with a task's number."""
    assert calculated(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "x", "1 / 0", "5 % 0", "2 ** 9", "9" * 16, "1 << 3", "(1", "1)", "()", "010", "1 2"],
)
def test_other_sums_are_not(text: str) -> None:
    """Powers, shifts, octal numbers, names and what is no sum have no value."""
    assert calculated(text) is None


@given(st.text(alphabet="0123456789+-*/%() x", max_size=40))
def test_any_text_is_a_sum_or_none(text: str) -> None:
    """No text raises anything, and a value is a whole number."""
    value = calculated(text)
    assert value is None or int(value) == int(value.strip())


def test_lines_that_are_split_otherwise_are_not_guessed() -> None:
    """With separators of its own a script's array has other items than it has by blanks."""
    script = "IFS=$'\\n'; A=($(cat table.txt)); python t.py --lr ${A[1]} --seed 1"
    assert told(script) == {"seed": 1}
    assert told("IFS=$' \\t\\n'; A=($(cat configs.txt)); python t.py --config ${A[1]}") == {
        "config": "b.yaml"
    }


def test_a_list_in_the_set_is_read_for_its_task(tmp_path: Path) -> None:
    """The file lies where jobs are submitted, or beside the script, also where the set has been moved."""
    files = {
        "jobs/array.sbatch": b'C=$(sed -n "${SLURM_ARRAY_TASK_ID}p" lists/lr.txt)\npython t.py --lr $C\n',
        "lists/lr.txt": b"1e-4\n2e-4\n3e-4\n",
        "r/x": b"",
    }
    entries = lay_down(tmp_path / "set", files)
    job = attempt("12", SlurmState.COMPLETED, display_id="8_2", submit_line="sbatch jobs/array.sbatch")
    matched = experiment("r", entries, attempts=[replace(job, work_dir="/old/set")])
    matched = replace(matched, layout=replace(matched.layout, scripts=("jobs/array.sbatch",)))
    parameters, findings = read_parameters(tmp_path / "set", matched, [])
    assert (parameters["learning_rate"].value, findings) == (0.0002, ())
    (tmp_path / "secret").write_bytes(b"9\n9\n9\n")
    (tmp_path / "set/lists/lr.txt").unlink()
    (tmp_path / "set/lists/lr.txt").symlink_to(tmp_path / "secret")
    assert "learning_rate" not in read_parameters(tmp_path / "set", matched, [])[0]


HERE = """\
LR=$1
cat > conf/run.yaml <<EOF
learning_rate: ${LR}
seed: 3
warmup_steps: $UNKNOWN
EOF
cat > other.yaml << 'EOF'
seed: 4
EOF
tune run full --config conf/run.yaml
"""


def test_a_configuration_that_the_script_writes_is_read() -> None:
    """Of the documents in a script the one that its command names, with the variables put in."""
    found = written_config(HERE, "job.sh", "conf/run.yaml", {"1": "2e-4"})
    assert {key: fact.value for key, fact in found.items()} == {"learning_rate": 0.0002, "seed": 3}
    quoted = written_config(HERE, "job.sh", "other.yaml", {})
    assert {key: fact.value for key, fact in quoted.items()} == {"seed": 4}
    assert written_config(HERE + HERE, "job.sh", "conf/run.yaml", {"1": "1"}) == {}
    assert written_config(HERE, "job.sh", "third.yaml", {"1": "1"}) == {}


@pytest.mark.parametrize(
    "before",
    [
        "read A <<< one",
        "X=$((1<<3))",
        "X=$((1 << N))",
        'echo "a <<b"',
        "# <<x",
        "# note \\",
        "cat <<E\nx \\\nE",
    ],
)
def test_what_only_looks_like_a_document_hides_nothing(before: str) -> None:
    """Here-strings, shifts, text in quotes, comments and documents whose last line ends in a backslash."""
    script = f"{before}\ncat > c.yaml \\\n  <<EOF\nseed: 3\nEOF\npython t.py --config c.yaml\n"
    assert told(script) == {"config": "c.yaml"}
    assert {key: f.value for key, f in written_config(script, "s", "c.yaml", {}).items()} == {"seed": 3}


@given(st.text(max_size=60), st.sampled_from(["EOF", "'EOF'", "-EOF", ""]))
def test_any_document_is_read(body: str, mark: str) -> None:
    """Whatever stands in a document, or where it ends, raises nothing."""
    written_config(f"cat > a.yaml <<{mark}\n{body}\nEOF\n", "s", "a.yaml", {})


PIECES = st.sampled_from(
    [
        "if ", "then ", "elif ", "else ", "fi", "case $X in ", "a) ", ";; ", "esac", "for x in 1; ", "do ",
        "done", "{ ", "} ", "; ", "\n", "&& ", "|| ", "| ", "( ", ") ", "((", "))", "$(", "`", '"', "'",
        "\\", "$X ", "${X}", "${", "$((1+1))", "X=1 ", "X=(", "X+=2 ", "read X <<< ", "< <(",
        "mapfile X < f ", "printf -v X %d 3 ", "[ 1 -eq 1 ] ", "[[ ", "]] ", "python t.py --lr ", "1e-4 ",
        "# ", "<<E\n", "E\n", "sed -n 2p configs.txt ", "bash -c ", "export ", "((X++))", "eval ", "X[1]=2 ",
        "\0", "é ", "> ", "2>&1 ", "unset X ",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_script_is_read(script: str) -> None:
    """Keywords, quotes and brackets in any order raise nothing and tell no unresolved word."""
    for value in told(script).values():
        assert "$" not in str(value)
    list(commands(script, Variables({})))
    words(script)


@given(st.text(max_size=200))
def test_any_text_is_a_script(script: str) -> None:
    """No text raises anything."""
    told(script)


@pytest.mark.parametrize(
    "script",
    [
        "$(" * 20_000,
        "(" * 100_000,
        "(( ) " * 50_000,
        ("(" * 190 + "))") * 1_000,
        "`" * 100_000,
        '"' * 99_999,
        "if " * 20_000,
        "case x in " * 10_000,
        "${X[" * 20_000,
        "X=1\n" + "X=$X$X$X$X\n" * 2000,
        "X=(1)\n" + 'X+=("${X[@]}" "${X[@]}")\n' * 2000,
        "X=(" * 20_000,
        "'\\" * 50_000,
        "a=$(echo $(echo $(echo $(echo $(echo 1)))))\n" * 500,
        "$(cat <(cat <(cat <(" * 5_000,
        "".join(f"<<E{number}\n" for number in range(30_000)),
        " \\\n" * 80_000,
        "bash -c 'X=1; X=$X$X$X$X; X=$X$X$X$X; X=$X$X$X$X; X=$X$X$X$X; X=$X$X$X$X; X=$X$X$X$X'\n" * 2_500,
        "X=" + "a" * 8_000 + "\n" + ("echo " + "$X" * 120 + "\n") * 20,
        "let " + "a" * 250_000,
    ],
)
def test_hostile_scripts_cost_little(script: str) -> None:
    """Depth and length are bounded, and every character is looked at a few times only."""
    begun_s = time.process_time()
    told(script)
    assert time.process_time() - begun_s < 15


def test_variables_are_not_put_in_where_that_makes_no_command_of_a_script() -> None:
    """A line stays unknown that would become longer than any that somebody wrote."""
    known = Variables({"X": "a" * 8_000})
    assert known.expand("$X$X") == "a" * 16_000
    assert known.expand("$X" * 5) == "$X" * 5
    assert 4 * 8_000 < LONGEST_EXPANDED < 5 * 8_000
