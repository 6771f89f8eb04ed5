import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover import match
from afterall.model import Attempt, JobId, MatchedSet, SetLayout, SlurmSource, SlurmState
from afterall.settings import SetSettings
from discover.discover_trees import HOME, NO_SETTINGS, OWNER, at, entries, job, laid_out, layout_of, seen

YEAR = 365 * 24 * 3600
WEIGHTS = "checkpoint-5/adapter_model.safetensors"
RUNS = (
    "a/train.sbatch",
    "a/slurm-10.out",
    f"a/{WEIGHTS}",
    "b/train.sbatch",
    "b/slurm-11.out",
    f"b/{WEIGHTS}",
)


def ids(matched: MatchedSet) -> list[list[str]]:
    """Return the shown ids of each experiment's attempts."""
    return [[attempt.display_id for attempt in one.attempts] for one in matched.experiments]


def logs(matched: MatchedSet) -> list[list[str]]:
    """Return the paths of each experiment's training logs."""
    return [[log.path for log in one.logs] for one in matched.experiments]


def others(matched: MatchedSet) -> list[str]:
    """Return the shown ids of the set's other jobs."""
    return [attempt.display_id for attempt in (*matched.others, *matched.unplaced)]


def matched(layout: SetLayout, *jobs: Attempt, **more: object) -> MatchedSet:
    """Return the layout matched to these jobs."""
    return match(layout, seen(*jobs), NO_SETTINGS, **more)  # type: ignore[arg-type]


# Which rule places a job


def test_the_id_in_a_logs_name_places_a_job_wherever_it_was_submitted() -> None:
    """slurm-10.out in a/ makes job 10 a's, though it was submitted from the home directory."""
    assert ids(matched(layout_of(*RUNS), job("10", "/home/u"), job("11", "/home/u"))) == [["10"], ["11"]]


def test_the_manifest_is_stronger_than_names() -> None:
    """[jobs] gives job 10 to b, and a job of nobody to a; the user's word is not doubted."""
    settings = SetSettings(jobs={"b": ("10",), "a": ("5",)})
    stranger = job("5", "/elsewhere", uid=7, start=at(-YEAR), end=at(-YEAR))
    found = match(layout_of(*RUNS, settings=settings), seen(job("10", f"{HOME}/a"), stranger), settings)
    assert ids(found) == [["5"], ["10"]]


def test_the_manifest_can_name_an_arrays_task() -> None:
    """Its 1235_7 is the task that users see, whatever the raw id."""
    settings = SetSettings(jobs={"b": ("1235_7",)})
    found = match(layout_of(*RUNS, settings=settings), seen(job("1300", HOME, display_id="1235_7")), settings)
    assert ids(found) == [[], ["1235_7"]]


def test_the_working_directory_places_a_job_without_a_log() -> None:
    """A job that was cancelled while it waited is known by the directory that it was submitted from."""
    layout = layout_of("a/train.sbatch", "b/train.sbatch", "b/sub/x")
    waiting = job("12", f"{HOME}/a", start=None, end=at(5), slurm_state=SlurmState.CANCELLED)
    assert ids(matched(layout, waiting, job("13", f"{HOME}/b/sub"))) == [["12"], ["13"]]


def test_the_output_file_places_a_job() -> None:
    """A pattern is filled in as Slurm would: %x, %A, %a and %j with their widths."""
    layout = layout_of(f"a/{WEIGHTS}", f"b/{WEIGHTS}", "train.sbatch")
    jobs = [
        job("21", HOME, std_out="a/out-%j.txt"), job("22", HOME, std_out=f"{HOME}/%x/%5j.log", name="b"),
        job("24", "/repo", display_id="23_1", std_out=f"{HOME}/b/%A_%3a_%%.log"),
    ]  # fmt: skip
    assert ids(matched(layout, *jobs)) == [["21"], ["22", "23_1"]]


def test_the_batch_script_places_a_job() -> None:
    """`sbatch a/train.sbatch` from the set's directory runs a; what follows the script comes after it."""
    jobs = [
        job("21", HOME, submit_line="sbatch -p gpu a/train.sbatch b/train.sbatch"),
        job("22", HOME, submit_line="sbatch --wrap x y.sh"),
    ]
    found = matched(layout_of("a/train.sbatch", "b/train.sbatch"), *jobs)
    assert (ids(found), others(found)) == ([["21"], []], ["22"])


@pytest.mark.parametrize("name", ["rank4", "train-rank4", "rank4_job"])
def test_the_jobs_name_places_a_job_in_the_set(name: str) -> None:
    """A job called like one run is that run's when it worked in the set, and nobody's elsewhere."""
    layout = layout_of(f"rank4/{WEIGHTS}", f"rank16/{WEIGHTS}", "train.sbatch")
    assert ids(matched(layout, job("21", HOME, name=name), job("22", "/home/u", name=name))) == [["21"], []]


@pytest.mark.parametrize(
    "line",
    [
        "sbatch train.sbatch runs/r8/out",
        "sbatch train.sbatch --epochs 3 r8",
        "sbatch train.sbatch configs/r8.yaml",
        "sbatch --export=ALL,RUN=r8 train.sbatch",
        "sbatch scripts/r8.sh",
        "sbatch --wrap python train.py --output_dir=runs/r8",
        f"sbatch {HOME}/train.sbatch {HOME}/runs/r8/",
    ],
)
def test_what_a_submit_line_names_places_a_job_and_its_log(line: str) -> None:
    """Jobs of one name with logs in one directory are told apart by what they were submitted with."""
    layout = layout_of("train.sbatch", "logs/lora-31.out", f"runs/r4/{WEIGHTS}", f"runs/r8/{WEIGHTS}")
    found = matched(layout, job("31", HOME, name="lora", submit_line=line))
    assert (ids(found), logs(found)) == ([[], ["31"]], [[], ["logs/lora-31.out"]])


@pytest.mark.parametrize("line", ["sbatch train.sbatch r4 r8", "sbatch train.sbatch 8 1e-4", "sbatch r8"])
def test_a_submit_line_that_names_no_single_run_places_nothing(line: str) -> None:
    """Two runs, or bare numbers, are no run's name."""
    layout = layout_of("train.sbatch", f"runs/r4/{WEIGHTS}", f"runs/r8/{WEIGHTS}")
    assert ids(matched(layout, job("31", HOME, name="lora", submit_line=line))) == [[], []]


def test_a_name_that_several_runs_share_places_nothing() -> None:
    """g1/a and g2/a are both called a."""
    found = matched(layout_of(f"g1/a/{WEIGHTS}", f"g2/a/{WEIGHTS}"), job("21", HOME, name="a"))
    assert (ids(found), others(found)) == ([[], []], ["21"])


def test_an_id_that_two_runs_logs_bear_is_left_to_the_directory() -> None:
    """A copied log makes nobody its job's owner."""
    layout = layout_of(*RUNS, "b/slurm-10.out")
    assert ids(matched(layout, job("10", f"{HOME}/a"), job("11", f"{HOME}/b"))) == [["10"], ["11"]]


def test_ids_that_submitters_wrote_down_place_jobs() -> None:
    """A waiting job that was submitted from a repository is known by the state file alone."""
    layout = laid_out(
        entries("a/finetune.yaml", "b/finetune.yaml", "logs/run-torchtune.state.json"),
        recorded={"a": (JobId("31"),)},
    )
    assert ids(
        matched(layout, job("31", "/home/u/repo", start=None, end=None, slurm_state=SlurmState.PENDING))
    ) == [["31"], []]


def test_jobs_of_other_directories_are_not_the_sets() -> None:
    """A window over all of a user's jobs brings in others; they are dropped without a word."""
    found = matched(
        layout_of(*RUNS),
        job("90", "/scratch/lab/sweep2/a"),
        job("91", "/scratch/lab"),
        job("10", f"{HOME}/a"),
    )
    assert (ids(found), others(found)) == ([["10"], []], [])


def test_a_single_run_takes_the_jobs_of_its_directory() -> None:
    """Where the set is the run, every training that worked in it is an attempt."""
    found = matched(
        layout_of("train.sbatch", "slurm-5.out", WEIGHTS),
        job("5"),
        job("4", start=at(-900), submit=at(-900), end=at(-700)),
    )
    assert ids(found) == [["4", "5"]]


# Attempts and logs in order


def test_attempts_are_told_oldest_first_with_the_latests_log_last() -> None:
    """Order is that of submission; the job id breaks ties as a number."""
    layout = layout_of("a/slurm-9.out", "a/slurm-10.out", "a/slurm-11.out", f"a/{WEIGHTS}", f"b/{WEIGHTS}")
    jobs = [
        job("11", f"{HOME}/a", submit=at(-9000), start=at(-8000), end=at(-7000)),
        job("10", f"{HOME}/a"),
        job("9", f"{HOME}/a"),
    ]
    found = matched(layout, *jobs)
    assert ids(found) == [["11", "9", "10"], []]
    assert logs(found)[0] == ["a/slurm-11.out", "a/slurm-9.out", "a/slurm-10.out"]


def test_legs_of_a_requeued_job_are_attempts_of_one_id() -> None:
    """Each record of the same id is one leg."""
    legs = [
        job("10", f"{HOME}/a", submit=at(s), start=at(s + 5), end=at(s + 50), slurm_state=state)
        for s, state in ((-900, SlurmState.PREEMPTED), (-700, SlurmState.COMPLETED))
    ]
    assert [one.slurm_state for one in matched(layout_of(*RUNS), *legs).experiments[0].attempts] == [
        SlurmState.PREEMPTED,
        SlurmState.COMPLETED,
    ]


def test_logs_without_ids_are_ordered_by_the_time_they_were_written() -> None:
    """A log that was last written while the latest attempt ran comes last, whatever its name."""
    times = {"a/z.out": -5000.0, "a/a.out": -100.0}
    layout = laid_out(
        entries(
            "a/z.out",
            "a/a.out",
            f"a/{WEIGHTS}",
            f"b/{WEIGHTS}",
            mtimes_s={k: at(v).timestamp() for k, v in times.items()},
        )
    )
    jobs = [
        job("1", f"{HOME}/a", submit=at(-6000), start=at(-6000), end=at(-4900)),
        job("2", f"{HOME}/a", start=at(-600), end=at(-90)),
    ]
    assert logs(matched(layout, *jobs))[0] == ["a/z.out", "a/a.out"]


def test_standard_error_stands_before_standard_output() -> None:
    """Both streams of the latest attempt come last, its output at the very end."""
    layout = layout_of(
        "a/t-12345.out", "a/t-12345.err", "a/t-12346.out", "a/t-12346.err", f"a/{WEIGHTS}", f"b/{WEIGHTS}"
    )
    jobs = [job("12345", submit=at(-99)), job("12346", submit=at(-98))]
    assert logs(matched(layout, *jobs))[0] == [
        "a/t-12345.err",
        "a/t-12345.out",
        "a/t-12346.err",
        "a/t-12346.out",
    ]


def test_the_known_output_of_the_latest_attempt_is_last() -> None:
    """train.out is the last attempt's by its output path, though a monitor's log was written later."""
    times = {"a/train.out": at(-50).timestamp(), "a/gpu.log": at(600).timestamp()}
    layout = laid_out(entries("a/train.out", "a/gpu.log", f"a/{WEIGHTS}", f"b/{WEIGHTS}", mtimes_s=times))
    assert logs(matched(layout, job("1", f"{HOME}/a", std_out="train.out")))[0] == [
        "a/gpu.log",
        "a/train.out",
    ]


def test_a_job_known_by_its_log_alone_stands_where_that_was_written() -> None:
    """Accounting forgot the first job; its log is older than the second's submission."""
    layout = laid_out(
        entries(
            "a/slurm-10.out",
            "a/slurm-12.out",
            f"a/{WEIGHTS}",
            f"b/{WEIGHTS}",
            mtimes_s={"a/slurm-10.out": at(-YEAR).timestamp()},
        )
    )
    lone = Attempt(job_id="10", display_id="10", source=SlurmSource.LOG)  # type: ignore[arg-type]
    assert ids(matched(layout, job("12", f"{HOME}/a"), lone)) == [["10", "12"], []]


@given(st.permutations(range(7)))
def test_the_order_of_records_does_not_matter(order: list[int]) -> None:
    """Slurm may list jobs as it likes."""
    jobs = [
        job("10", f"{HOME}/a"), job("10",
        f"{HOME}/a", submit=at(-9000), start=at(-9000), end=at(-8000)), job("11", "/x", uid=3),
        job("12",
        f"{HOME}/b", name="eval-x"), job("13", HOME), job("14", HOME, display_id="13_1"), job("15",
        f"{HOME}/b"),
    ]  # fmt: skip
    layout = layout_of(*RUNS)
    assert matched(layout, *(jobs[place] for place in order)) == matched(layout, *jobs)


# Jobs that train nothing


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "eval-capitalization-ep0"}, {"name": "inspect"}, {"submit_line": "sbatch eval.slurm"},
        {"submit_line": "sbatch cell.slurm"}, {"submit_line": "sbatch --wrap inspect eval eval.py"},
        {"work_dir": f"{HOME}/a/eval/cap_epoch0"}, {"name": "afterall-1a2b"}, {"name": "merge_adapters"},
        {"display_id": "26+1"}, {"name": "tensorboard"},
    ],
)  # fmt: skip
def test_jobs_that_train_nothing_are_told_apart(fields: dict[str, str]) -> None:
    """Evaluations, side jobs, the report's own job and a het job's second component are no attempts."""
    found = matched(layout_of(*RUNS), job("27", **({"work_dir": f"{HOME}/a"} | fields)))
    assert (ids(found), others(found)) == ([[], []], [fields.get("display_id", "27")])


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "train_and_eval"},
        {"submit_line": "sbatch train.sbatch --eval_steps 50"},
        {"display_id": "27+0"},
        {"name": "eval_a"},
    ],
)
def test_training_that_also_evaluates_is_training(fields: dict[str, str]) -> None:
    """Neither a script's options, nor a name that says both, nor the run's own name make an evaluation."""
    layout = layout_of("eval_a/train.sbatch", f"eval_a/{WEIGHTS}", f"b/{WEIGHTS}")
    assert len(matched(layout, job("27", f"{HOME}/eval_a", **fields)).experiments[1].attempts) == 1


def test_an_evaluations_log_takes_its_job_along() -> None:
    """A job whose log lies in eval/ is an evaluation even when it was submitted from elsewhere."""
    found = matched(
        layout_of(*RUNS, "a/eval/t/slurm-30.out"),
        job("30", "/repo"),
        job("30", "/repo", uid=3, cluster="other"),
    )
    assert (ids(found), [one.uid for one in found.others], logs(found)) == (
        [[], []],
        [OWNER],
        [["a/slurm-10.out"], ["b/slurm-11.out"]],
    )


def test_a_log_with_the_weights_is_training_when_slurm_says_so() -> None:
    """A training log that was moved into a checkpoint is taken back; an evaluation's stays out."""
    layout = layout_of(
        "a/epoch_0/slurm-30.out",
        "a/epoch_0/slurm-31.out",
        "a/epoch_0/model.safetensors",
        "a/train.sbatch",
        f"b/{WEIGHTS}",
    )
    found = matched(layout, job("30", f"{HOME}/a"), job("31", f"{HOME}/a", name="eval-x"))
    assert (ids(found)[0], logs(found)[0], others(found)) == (["30"], ["a/epoch_0/slurm-30.out"], ["31"])
    assert not found.experiments[0].logs[0].is_evaluation


def test_a_base_models_evaluation_takes_its_log_out_of_training() -> None:
    """slurm-12.out in a run's directory is no training log when job 12 evaluated."""
    found = matched(
        layout_of(*RUNS, "a/slurm-12.out"), job("10", f"{HOME}/a"), job("12", f"{HOME}/a", name="eval-base")
    )
    assert (logs(found)[0], others(found)) == (["a/slurm-10.out"], ["12"])


def test_an_unrelated_job_in_a_runs_directory_is_no_attempt() -> None:
    """A finished job of another name without a log is left out; a living one may yet write one."""
    done, alive = (
        job("50", f"{HOME}/a", name="prep"),
        job("51", f"{HOME}/a", name="retry", end=None, slurm_state=SlurmState.RUNNING),
    )
    found = matched(layout_of(*RUNS), job("10", f"{HOME}/a"), done, alive)
    assert (ids(found)[0], others(found)) == (["10", "51"], ["50"])


# Moved sets and recycled ids


def test_a_moved_sets_jobs_are_known_by_the_end_of_their_path() -> None:
    """…/sweep/b is b's wherever the set lies now; a directory called sweep alone places nothing."""
    found = matched(
        layout_of("a/train.sbatch", "b/train.sbatch"),
        job("20", "/old/sweep/b"),
        job("21", "/old/sweep/b/sub"),
        job("22", "/old/sweep"),
    )
    assert (ids(found), others(found)) == ([[], ["20", "21"]], ["22"])


def test_a_set_that_was_not_moved_takes_no_namesakes_jobs() -> None:
    """While one job worked in the set itself, another set of the same name elsewhere is another set."""
    found = matched(layout_of(*RUNS), job("10", f"{HOME}/a"), job("20", "/old/sweep/b"))
    assert (ids(found), others(found)) == ([["10"], []], [])


FITTING = {"start": at(-600), "end": at(0)}
RECYCLED = [
    ("own directory", {"work_dir": f"{HOME}/a"}, True),
    ("own directory, another user of the lab", {"work_dir": f"{HOME}/a", "uid": 7}, True),
    ("own directory, log touched a year later", {"work_dir": f"{HOME}/a", "start": at(-YEAR),
    "end": at(-YEAR + 9)}, True),
    ("elsewhere, running when the log was written", {"work_dir": "/repo"}, True),
    ("elsewhere, user unknown", {"work_dir": "/repo", "uid": None}, True),
    ("elsewhere, no times", {"work_dir": "/repo", "submit": None, "start": None, "end": None}, True),
    ("elsewhere, log written 50 minutes before the start", {"work_dir": "/repo", "start": at(3000),
    "end": at(4000)}, True),
    ("elsewhere, log written 20 hours after the end", {"work_dir": "/repo", "start": at(-80000),
    "end": at(-72000)}, True),
    ("elsewhere, still running", {"work_dir": "/repo", "start": at(-YEAR), "end": None}, True),
    ("elsewhere, another user", {"work_dir": "/repo", "uid": 7}, False),
    ("another user's run of that name, when the log was made", {"work_dir": "/other/set/a", "uid": 7}, True),
    ("another user's run of that name, a year ago", {"work_dir": "/other/set/a", "uid": 7, "start": at(-YEAR),
    "end": at(-YEAR + 9)}, False),
    ("another user's run of that name, no times", {"work_dir": "/other/set/a", "uid": 7, "submit": None,
    "start": None, "end": None}, False),
    ("elsewhere, log two hours older", {"work_dir": "/repo", "start": at(7200), "end": at(9000)}, False),
    ("elsewhere, log two days younger", {"work_dir": "/repo", "start": at(-180000),
    "end": at(-172801)}, False),
    ("elsewhere, running since the log was long done", {"work_dir": "/repo", "start": at(YEAR),
    "end": None}, False),
    ("elsewhere, waiting since the log was long done", {"work_dir": "/repo", "submit": at(YEAR),
    "start": None, "end": None}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "is_ours"), [row[1:] for row in RECYCLED], ids=[row[0] for row in RECYCLED]
)
def test_a_record_of_a_recycled_id_is_rejected(fields: dict[str, object], *, is_ours: bool) -> None:
    """A record is a stranger's on evidence alone: another user or time, and not the set's directory."""
    one = matched(layout_of(*RUNS), job("10", **fields)).experiments[0]  # type: ignore[arg-type]
    assert (len(one.attempts), len(one.rejected)) == ((1, 0) if is_ours else (0, 1))


def test_a_recycled_record_does_not_hide_the_sets_own() -> None:
    """Of two records of one id the set's is the attempt and the other is told as rejected."""
    old = job("10", "/elsewhere", uid=7, submit=at(-3 * YEAR), start=at(-3 * YEAR), end=at(-3 * YEAR + 60))
    one = matched(layout_of(*RUNS), old, job("10", f"{HOME}/a")).experiments[0]
    assert ([a.uid for a in one.attempts], [a.uid for a in one.rejected]) == ([OWNER], [7])


def test_legs_of_one_requeued_job_stand_together() -> None:
    """The first leg of a job submitted from elsewhere ended days before the second wrote to its log."""
    legs = [job("10", "/repo", submit=at(-400_000), start=at(-400_000), end=at(-390_000)), job("10", "/repo")]
    assert ids(matched(layout_of(*RUNS), *legs))[0] == ["10", "10"]


def test_an_id_from_a_state_file_is_recycled_when_the_set_was_long_done() -> None:
    """A job submitted from elsewhere after the set's newest file is not the one recorded there."""
    layout = laid_out(entries("a/finetune.yaml", "b/finetune.yaml"), recorded={"a": (JobId("31"),)})
    one = matched(layout, job("31", "/repo", submit=at(YEAR), start=at(YEAR), end=None)).experiments[0]
    assert (one.attempts, len(one.rejected)) == ((), 1)


# Arrays


def array_layout(*more: str) -> SetLayout:
    """Return a set of run_0 to run_2 whose logs lie in logs/."""
    return layout_of("train.sbatch", *(f"run_{n}/{WEIGHTS}" for n in range(3)), *more)


def tasks(master: int, *numbers: int, name: str = "sweep") -> list[Attempt]:
    """Return the records of an array's tasks; the last one's raw id is the array's own."""
    last = max(numbers)
    return [
        job(str(master if n == last else master + 1 + n), HOME, display_id=f"{master}_{n}", name=name)
        for n in numbers
    ]


@pytest.mark.parametrize("master", [8, 5000])
def test_an_arrays_tasks_are_placed_by_number(master: int) -> None:
    """Task N is run_N's, and its log in the common directory with it, however short the array's id."""
    layout = array_layout(*(f"logs/sweep-{master}_{n}.out" for n in range(3)))
    found = matched(layout, *tasks(master, 0, 1, 2))
    assert ids(found) == [[f"{master}_{n}"] for n in range(3)]
    assert logs(found) == [[f"logs/sweep-{master}_{n}.out"] for n in range(3)]


def test_logs_of_tasks_are_placed_by_number_without_slurm() -> None:
    """The names of the logs are enough."""
    assert logs(matched(array_layout(*(f"logs/sweep-5000_{n}.out" for n in range(3))))) == [
        ["logs/sweep-5000_0.out"], ["logs/sweep-5000_1.out"], ["logs/sweep-5000_2.out"],
    ]  # fmt: skip


def test_tasks_that_do_not_fit_the_runs_are_placed_nowhere() -> None:
    """Tasks 1 to 3 are not run_0 to run_2: better nobody's than the wrong run's."""
    found = matched(array_layout(), *tasks(5000, 1, 2, 3))
    assert (ids(found), others(found)) == ([[], [], []], ["5000_3", "5000_1", "5000_2"])


def test_jobs_and_logs_that_nothing_places_are_kept_apart() -> None:
    """A task without a directory is neither an attempt nor a job that trains nothing; its log is loose."""
    layout = layout_of(
        f"lr1/{WEIGHTS}", f"lr2/{WEIGHTS}", "logs/sweep-51234_0.out", "logs/sweep-51234_1.out", "sweep.sbatch"
    )
    tasks = [job(f"5123{n + 5}", display_id=f"51234_{n}", name="sweep") for n in (0, 1)]
    found = matched(layout, *tasks, job("60", name="eval-x"), mentions={"logs/sweep-51234_0.out": ("lr1",)})
    assert [one.display_id for one in found.unplaced] == ["51234_1"]
    assert [one.display_id for one in found.others] == ["60"]
    assert [log.path for log in found.loose_logs] == ["logs/sweep-51234_1.out"]


def test_a_number_that_two_runs_bear_places_no_task() -> None:
    """rank4_seed0 and rank16_seed0 both end with 0."""
    found = matched(layout_of(f"rank4_seed0/{WEIGHTS}", f"rank16_seed0/{WEIGHTS}"), *tasks(5000, 0))
    assert ids(found) == [[], []]


def test_a_resubmitted_task_is_a_second_attempt() -> None:
    """Some tasks of a second array go to their runs again."""
    again = [job("6002", HOME, display_id="6000_2", name="sweep", submit=at(-9), start=at(-8))]
    assert ids(matched(array_layout(), *tasks(5000, 0, 1, 2), *again)) == [
        ["5000_0"],
        ["5000_1"],
        ["5000_2", "6000_2"],
    ]


def test_what_a_tasks_log_mentions_places_it() -> None:
    """Names without numbers are found in the logs' text; a log that mentions two runs places none."""
    layout = layout_of(
        f"out/x/{WEIGHTS}", f"out/y/{WEIGHTS}", "logs/s-5000_1.out", "logs/s-5000_2.out", "logs/s-5000_3.out"
    )
    said = {"logs/s-5000_1.out": ("y",), "logs/s-5000_2.out": ("x",), "logs/s-5000_3.out": ("x", "y")}
    found = matched(layout, *tasks(5000, 1, 2, 3), mentions=said)
    assert (ids(found), logs(found)) == (
        [["5000_2"], ["5000_1"]],
        [["logs/s-5000_2.out"], ["logs/s-5000_1.out"]],
    )
    assert others(found) == ["5000_3"]


def test_mentions_are_stronger_than_numbers_and_never_contradicted() -> None:
    """Where a log says that task 0 is run_1, numbers place none of the array's other tasks."""
    layout = array_layout("logs/s-5000_0.out", "logs/s-5000_1.out", "logs/s-5000_2.out")
    found = matched(layout, *tasks(5000, 0, 1, 2), mentions={"logs/s-5000_0.out": ("run_1",)})
    assert ids(found) == [[], ["5000_0"], []]


def test_a_log_without_an_id_goes_where_it_points() -> None:
    """A common log that mentions one run, or that Slurm knows as a job's output, is that run's."""
    layout = layout_of(f"x/{WEIGHTS}", f"y/{WEIGHTS}", "logs/first.out", "logs/second.out", "logs/third.out")
    found = matched(
        layout, job("40", f"{HOME}/y", std_out=f"{HOME}/logs/second.out"), mentions={"logs/first.out": ("x",)}
    )
    assert logs(found) == [["logs/first.out"], ["logs/second.out"]]


def test_waiting_tasks_are_taken_apart() -> None:
    """One record for tasks 1 and 2 is an attempt of two runs."""
    waiting = job(
        "5000", HOME, display_id="5000_[1-2%1]", start=None, end=None, slurm_state=SlurmState.PENDING
    )
    assert ids(matched(array_layout(), job("5001", HOME, display_id="5000_0"), waiting)) == [
        ["5000_0"],
        ["5000_1"],
        ["5000_2"],
    ]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("[0-6:3]", ["0", "3", "6"]),
        ("[1,3-4%2]", ["1", "3", "4"]),
        ("[1,3,...]", ["1", "3"]),
        ("[]", []),
        ("[5-1]", []),
        ("[0-9999999]", 10_000),
    ],
)
def test_lists_of_waiting_tasks_are_read(listed: str, expected: list[str] | int) -> None:
    """Ranges, steps and throttles are; a cut list gives what is left of it, a huge one a sane number."""
    waiting = job("7", HOME, display_id=f"7_{listed}", start=None, end=None)
    found = [attempt.display_id.removeprefix("7_") for attempt in matched(layout_of(*RUNS), waiting).unplaced]
    assert (len(found) if isinstance(expected, int) else sorted(found)) == expected


def test_an_array_in_a_runs_own_directory_is_a_chain_of_attempts() -> None:
    """--array=1-3%1 resumes one run; each task is an attempt."""
    chain = [
        job(str(60 + n), f"{HOME}/a", display_id=f"60_{n}", submit=at(n), start=at(n)) for n in (1, 2, 3)
    ]
    assert ids(matched(layout_of("a/train.sbatch", "b/train.sbatch"), *chain))[0] == ["60_1", "60_2", "60_3"]


def test_a_task_without_directory_or_log_is_an_experiment_while_it_waits() -> None:
    """Slurm knows of runs that have not begun; one that ran and left nothing was deleted by its user."""
    waiting = job(
        "5003", HOME, display_id="5000_3", name="sweep", start=None, end=None, slurm_state=SlurmState.PENDING
    )
    found = matched(
        array_layout(), *tasks(5000, 0, 1, 2), waiting, job("5005", HOME, display_id="5000_4", name="sweep")
    )
    assert [one.layout.name for one in found.experiments] == ["run_0", "run_1", "run_2", "run_3"]
    assert (ids(found)[3], found.experiments[3].layout.path, others(found)) == (["5000_3"], "", ["5000_4"])


def test_a_job_cancelled_before_it_made_its_directory_is_an_experiment() -> None:
    """A job rank64 beside rank4 and rank16 that never started is a run; a preparation is none."""
    layout = layout_of(f"rank4/{WEIGHTS}", f"rank16/{WEIGHTS}")
    gone = {"start": at(0), "elapsed_s": 0, "slurm_state": SlurmState.CANCELLED}
    found = matched(layout, job("70", HOME, name="rank64", **gone), job("71", HOME, name="prepare", **gone))
    assert ([one.layout.name for one in found.experiments], ids(found)[2], others(found)) == (
        ["rank4", "rank16", "rank64"],
        ["70"],
        ["71"],
    )


def test_runs_that_the_manifest_excludes_do_not_come_back_through_slurm() -> None:
    """Neither do runs that its globs do not name."""
    waiting = job("70", HOME, name="rank64", start=None, end=None)
    for settings in (SetSettings(exclude=("rank64",)), SetSettings(experiments=("rank*",))):
        found = match(
            layout_of(f"rank4/{WEIGHTS}", f"rank16/{WEIGHTS}", settings=settings), seen(waiting), settings
        )
        assert [one.layout.name for one in found.experiments] == ["rank4", "rank16"]


TEXT = st.text(max_size=20)
ATTEMPTS = st.builds(
    lambda job_id, shown, work, name, out, line, uid: job(
        job_id, work, display_id=shown, name=name, std_out=out, submit_line=line, uid=uid
    ),
    st.one_of(st.sampled_from(["10", "11", "5000", "5001"]), TEXT),
    st.one_of(st.sampled_from(["10", "5000_0", "5000_[0-2]", "26+1", ""]), TEXT),
    st.one_of(st.sampled_from([HOME, f"{HOME}/a", f"{HOME}/a/eval/x", "/old/sweep/b", "/x", ""]), TEXT),
    st.one_of(st.sampled_from(["a", "run_0", "eval-x", "sweep", "9" * 5000]), TEXT),
    st.one_of(st.sampled_from(["", "%x-%A_%a.out", "a/%j.out", "%999999999999j"]), TEXT),
    st.one_of(st.sampled_from(["sbatch a/train.sbatch", "sbatch --wrap x", ""]), TEXT),
    st.sampled_from([None, OWNER, 7]),
)


@given(st.lists(ATTEMPTS, max_size=8))
def test_any_records_are_matched(jobs: list[Attempt]) -> None:
    """Matching is total, and puts no record in two places."""
    layout = layout_of(
        *RUNS, "run_0/train.sbatch", "run_1/train.sbatch", "logs/sweep-5000_0.out", "logs/x.out"
    )
    found = matched(
        layout, *jobs, mentions={"logs/x.out": ("a",), "gone": ("b",), "logs/sweep-5000_0.out": ("no such",)}
    )
    placed = [id(a) for one in found.experiments for a in (*one.attempts, *one.rejected)] + [
        id(a) for a in (*found.others, *found.unplaced)
    ]
    assert len(placed) == len(set(placed))
    written = [log.path for one in found.experiments for log in one.logs]
    assert len(written) == len(set(written))
