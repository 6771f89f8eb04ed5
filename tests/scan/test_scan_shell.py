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
from afterall.scan.parameters.scripts.commands import commands
from afterall.scan.parameters.scripts.given import Given
from afterall.scan.parameters.scripts.submit_lines import words
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.scripts.written_config import written_config
from scan.run_making import attempt, experiment, lay_down

FILES = {
    "configs.txt": ["a.yaml", "b.yaml", "c.yaml"],
    "params.csv": ["lr,rank", "1e-4,4", "2e-4,8", "3e-4,16"],
    "table.txt": ["ArrayTaskID  lr  rank", "1  1e-4  4", "2  2e-4  8"],
    "odd.txt": ["", '$(rm -rf x) `y` "z" ; python t.py --lr 7', "$SLURM_ARRAY_TASK_ID"],
}


def told(script: str, task: str = "2", *, is_whole: bool = False) -> dict[str, Scalar]:
    """Return the settings of a script's training as one task of an array runs it.

    Where the environment `is_whole`, it holds nothing but the task's number.
    """
    given = Given(values={"SLURM_ARRAY_TASK_ID": task}, read=FILES.get, is_whole=is_whole)
    found = script_settings(script, "s", given)
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
        "LR=$(python pick.py)",
        "LR=$(sed -n 2p missing.txt)",
        "LR=$(shuf -n 1 configs.txt)",
        "LR=$((RANDOM % 3))",
        "read LR",
        "LR=1; unset LR",
        "LR=${OTHER}5",
        "LR=${LR:-1}",
        "LR=1; for X in *.yaml; do LR=5; done",
        "LR=1; for X in $LIST; do LR=5; done",
        "LR=1; for X in 1 2; do [ -f x ] && break; LR=$X; done",
        "LR=1; while [ -f x ]; do LR=5; done",
        "LR=1; until grep -q done log.txt; do LR=5; done",
        "FILES=(*.yaml); LR=${FILES[0]}",
        'declare -A M=([a]=1 [b]=2); for LR in "${!M[@]}"; do :; done',
        "LR=1; ((LR += RANDOM))",
        "LR=1; let LR=RANDOM",
        "LR=1; ((RANDOM > 2)) && LR=5",
        "LR=1; eval LR=$(date +%N)",
        "LR=1; A=(5 7); A[RANDOM]=9; LR=${A[1]}",
        "LR=$(python -c 'import random; print(random.random())')",
        "LR=$(jq '.[] | .lr' odd.txt)",
        "f() { LR=$1; }; f $(date +%N)",
        "LR=$3",
        "LR=${1:-7}",
        "LR=${2:?missing}",
        "LR=abc; LR=${LR/#a*/x}",
        "set -- $(date) 4; LR=$2",
        "shift; LR=${1:-4}",
        "read -r X _ <<< '1 2'; LR=$(date +%N)",
        "LR=1; (test -f x) && LR=5",
        "LR=1; { test -f x; } && LR=5",
        "LR=1; if [ -f x ]; then :; fi && LR=5",
        "LR=1; [ -f x ] && if [ 1 -eq 1 ]; then LR=5; fi",
        "read -p prompt LR <<< '3 4'",
        "read -d '' LR < params.csv",
        "X=ab$RANDOM; LR=${#X}",
        "X=${RANDOM}_5_3; LR=${X%%_*}",
        'X=$RANDOM-5; LR=$(echo "$X" | cut -d- -f1)',
        "X=$RANDOM; LR=${X:-5}",
        "X=$RANDOM; LR=${X:+5}",
        "LR=$((i++))",
        "i=1; X=$((i++)); LR=$i",
        "LR=1; for X in $LIST; do python x.py $LR; LR=$((LR + 1)); done",
        "i=7; for ((i=0; i<RANDOM; i++)); do :; done; LR=$i",
        "i=1; for ((i=0; i<RANDOM; i++)); do n=1; done; LR=$n",
        "if [ -f x ]; then : ${LR:=5}; fi",
        "X=abc; LR=1; [[ $X == @(abc|d) ]] || LR=5",
        "X=a; LR=1; [[ $X == [^a] ]] && LR=5",
        "X=1; LR=${X/#[[:digit:]]/5}",
        "X=7; LR=\"${Y:-'5'}\"",
        "read LR <<< '1\\5'",
        'A=$RANDOM; IFS=$A; B=(1 2); LR="${B[*]}"',
        "LR=1; for X in $LIST; do python x.py $LR; source settings.sh; done",
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
    assert told(script, is_whole=True) == expected


def test_a_default_may_be_the_environments_to_give() -> None:
    """`LR=3 sbatch job.sh` gives a script what its text leaves open, and no record says so."""
    script = "python t.py --lr ${LR:-1} --seed ${SEED:=2} --x 1"
    assert told(script) == {"x": 1}
    assert told(script, is_whole=True) == {"lr": 1, "seed": 2, "x": 1}
    assert told(f"LR=\nSEED=3\n{script}") == {"lr": 1, "seed": 3, "x": 1}
    assert told("LR=3\nbash -c 'python t.py --lr ${LR:-1} --x 1'") == {"x": 1}


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
    assert told(script, is_whole=True) == {"x": int(seen.stdout)}


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
        c
        for c in commands(script, Variables(Given(values={"SLURM_ARRAY_TASK_ID": "2"}, read=FILES.get)))
        if c[0] == "python"
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
        ("2 ** 3 ** 2", "512"),
        ("2 * 3 ** 2", "18"),
        ("3 < 4 && !(2 >= 3)", "1"),
        ("1 == 2 || 0", "0"),
        ("5 > 3 ? 8 : 4", "8"),
        ("0 ? 8 : 1 ? 4 : 2", "4"),
        ("1 + (3 != 3)", "1"),
    ],
)
def test_small_sums_are_worked_out(text: str, value: str) -> None:
    """What scripts do with a task's number."""
    assert calculated(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1 / 0",
        "5 % 0",
        "2 ** -1",
        "9 ** 16",
        "9" * 16,
        "1 << 3",
        "(1",
        "1)",
        "()",
        "010",
        "1 2",
        "1 ?",
        "1 ? 2",
    ],
)
def test_other_sums_are_not(text: str) -> None:
    """Shifts, octal numbers, names, too large numbers and what is no sum have no value."""
    assert calculated(text) is None


@given(st.text(alphabet="0123456789+-*/%() x<>=!&|?:", max_size=40))
def test_any_text_is_a_sum_or_none(text: str) -> None:
    """No text raises anything, and a value is a whole number."""
    value = calculated(text)
    assert value is None or int(value) == int(value.strip())


def test_lines_that_are_split_otherwise_are_not_guessed() -> None:
    """With separators of its own a script's array has other items than it has by blanks."""
    script = "IFS=$'\\n'; A=($(cat table.txt)); python t.py --lr ${A[1]} --seed 1"
    assert told(script) == {"lr": "1  1e-4  4", "seed": 1}
    assert told(script.replace("$'\\n'", "$(cat ifs)")) == {"seed": 1}
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
    found = written_config(HERE, "job.sh", "conf/run.yaml", Given(arguments=("2e-4",)))
    assert {key: fact.value for key, fact in found.items()} == {"learning_rate": 0.0002, "seed": 3}
    quoted = written_config(HERE, "job.sh", "other.yaml", Given())
    assert {key: fact.value for key, fact in quoted.items()} == {"seed": 4}
    assert written_config(HERE + HERE, "job.sh", "conf/run.yaml", Given(arguments=("1",))) == {}
    assert written_config(HERE, "job.sh", "third.yaml", Given(arguments=("1",))) == {}


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
    assert {key: f.value for key, f in written_config(script, "s", "c.yaml", Given()).items()} == {"seed": 3}


@given(st.text(max_size=60), st.sampled_from(["EOF", "'EOF'", "-EOF", ""]))
def test_any_document_is_read(body: str, mark: str) -> None:
    """Whatever stands in a document, or where it ends, raises nothing."""
    written_config(f"cat > a.yaml <<{mark}\n{body}\nEOF\n", "s", "a.yaml", Given())


PIECES = st.sampled_from(
    [
        "if ", "then ", "elif ", "else ", "fi", "case $X in ", "a) ", ";; ", "esac", "for x in 1; ", "do ",
        "done", "{ ", "} ", "; ", "\n", "&& ", "|| ", "| ", "( ", ") ", "((", "))", "$(", "`", '"', "'",
        "\\", "$X ", "${X}", "${", "$((1+1))", "X=1 ", "X=(", "X+=2 ", "read X <<< ", "< <(",
        "mapfile X < f ", "printf -v X %d 3 ", "[ 1 -eq 1 ] ", "[[ ", "]] ", "python t.py --lr ", "1e-4 ",
        "# ", "<<E\n", "E\n", "sed -n 2p configs.txt ", "bash -c ", "export ", "((X++))", "eval ", "X[1]=2 ",
        "\0", "é ", "> ", "2>&1 ", "unset X ", "for X in 1 2; do ",
        "for ((X=1; X<3; X++)); do ", "while read X; do ",
        "break ", "continue 2 ", "exit ", "return ", "f() ", "f 1 ", "function f {", "local X=3 ",
        "shift ", "set -- a b ",
        "declare -A X=([a]=1 ", "${X[a]} ", "${X:-1} ", "${X%.*} ", "${X/a/b} ",
        '"${X[@]}" ', '"$@" ', "{1..3} ", "{a,b} ",
        "let X=1 ", "[[ $X == 1 && ", "source configs.txt ", "jq .x odd.txt ", "python -c 'print(1)' ",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_script_is_read(script: str) -> None:
    """Keywords, quotes and brackets in any order raise nothing and tell no unresolved word."""
    for value in told(script).values():
        assert "$" not in str(value)
    list(commands(script, Variables(Given())))
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
        "for a in {1..1000}; do " * 5 + "X=1; " + "done; " * 5,
        "while true; do X=$X$X; done",
        "for ((;;)); do :; done",
        "for ((i=0; i<1000000000; i++)); do X=a$X; done",
        "f() { f; f; }; f",
        'X=\'eval "$X"; eval "$X"\'; eval "$X"',
        "bash again.sh; bash again.sh; source again.sh\n" * 20,
        "python t.py " + "{a,b}" * 40,
        "python t.py " + "{" * 100_000,
        "python t.py " + "{1..999}" * 3,
        "A=({1..1000}); " + "A+=(${A[@]}); " * 50,
        "X=" + "a" * 8_000 + "; " + "Y=${X//a/bbbbbbbb}; " * 1000,
        "X=" + "a" * 1_900 + "; " + "Y=${X#*a*a*a*a*b}; " * 200,
        "Y=$(python -c 'print(" + "(" * 1_900 + ")'); " * 20,
        "Y=$(python -c 'print(9**9**9)'); " * 1_000,
        "Y=$(python -c 'print(list(range(9999))[1])'); " * 1_000,
        "Y=$(seq 1 9999); " * 2_000,
        "declare -A M; " + "M[a$X]=1; " * 10_000,
        "[[ " * 50_000,
        f"python t.py {'{' * 15}{'{a,b}' * 5} " * 500,
        f"Y=$(python -c 'x=[1,2];{'x=[x,x];' * 60}print(x)'); " * 20,
        f"Y=$(python -c 'x=[1,2];{'x=[x,x];' * 60}print(max([x],[x]))'); " * 20,
        f"Y=$(python -c 'x=[1,2];{'x=[x,x];' * 60}print(str(x))'); " * 20,
        "for x in $X; do X=1; " * 10_000,
        "f() {\n" * 10_000,
        "for x in 1; do\n" * 10_000,
        "done\n" * 50_000,
    ],
)
def test_hostile_scripts_cost_little(script: str) -> None:
    """Depth and length are bounded, and every character is looked at a few times only."""
    begun_s = time.process_time()
    FILES["again.sh"] = script.split("\n")
    told(script)
    del FILES["again.sh"]
    assert time.process_time() - begun_s < 15
