"""What every sample of an evaluation scored is read whole or not at all, and nothing else is lost by it."""

import io
import json
import math
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.errors import BadInput
from afterall.model import Evaluation, EvaluationStatus, SampleScores, Source
from afterall.scan.evaluations import read_evaluations, sampling
from afterall.scan.evaluations import samples as samples_module
from afterall.scan.evaluations.harness_samples import harness_sample_files, read_harness_samples
from afterall.scan.evaluations.inspect_samples import read_inspect_json_samples, read_inspect_samples
from afterall.scan.evaluations.samples import score_of
from scan.evaluation_making import Row, answered, eval_log, evaluation, header, sample, zipped
from scan.run_making import experiment, fixture, lay_down

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def read(data: bytes) -> dict[str, list[float]]:
    """Return the scores of a `.eval` file's samples by metric, in the order of the samples' digests."""
    found = read_inspect_samples(io.BytesIO(data), "x.eval", evaluation(data))
    return {metric: values(scores) for metric, scores in found.items()}


def values(scores: SampleScores) -> list[float]:
    """Return a column's numbers."""
    return list(struct.unpack(f"<{scores.count}d", scores.values))


def digests(data: bytes) -> set[int]:
    """Return the digests of a log's samples."""
    (scores,) = read_inspect_samples(io.BytesIO(data), "x.eval", evaluation(data)).values()
    return set(struct.unpack(f"<{scores.count}Q", scores.samples))


def in_a_run(tmp_path: Path, **logs: bytes) -> tuple[Evaluation, ...]:
    """Return the evaluations of a run that holds these logs; none of them has a finding."""
    files = {f"r/eval/{name}.eval": data for name, data in logs.items()}
    found, findings = read_evaluations(tmp_path, experiment("r", lay_down(tmp_path, files)).layout)
    assert findings == ()
    return found


@pytest.mark.parametrize(("name", "count", "right"), [("zstd", 20, 13), ("deflate", 10, 5)])
def test_the_samples_of_real_logs_are_read(name: str, count: int, right: int) -> None:
    """Both compressions, compact and indented; all scorers, their standard errors not."""
    found = read(fixture(f"inspect/{name}.eval"))
    assert set(found) == {"match/accuracy", "includes/accuracy"}
    assert [(len(each), sum(each)) for each in found.values()] == [(count, right)] * 2


def test_a_failed_log_has_no_samples(tmp_path: Path) -> None:
    """Its samples have no scores, and it has no score that they could be the mean of."""
    (found,) = in_a_run(tmp_path, error=fixture("inspect/error.eval"))
    assert (found.status, found.sample_scores) == (EvaluationStatus.ERROR, {})


@pytest.mark.parametrize(
    ("value", "score"),
    [
        ("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), ("Yes", 1.0), ("false", 0.0), (True, 1.0),
        (False, 0.0), (3, 3.0), (0.25, 0.25), ("c", None), ("0.5", None), (None, None), ([1], None),
        (math.nan, None), (math.inf, None), (1e300, None), (10**400, None),
    ],
)  # fmt: skip
def test_a_score_is_a_letter_a_truth_or_a_number(value: object, score: float | None) -> None:
    """inspect-ai's letters as it counts them; what is no number, or beyond any score, is none."""
    assert score_of(value) == score


def test_epochs_of_a_sample_are_averaged() -> None:
    """They ask the same question again; of one that stands twice in an epoch the last counts."""
    rows = [sample(1, "C", 1), sample(1, "I", 2), sample(2, "I", 1), sample(2, "C", 1), sample(2, "C", 2)]
    assert sorted(read(eval_log(rows, header(0.75)))["match/accuracy"]) == [0.5, 1.0]


def test_a_score_that_is_no_mean_of_samples_is_not_paired() -> None:
    """F1 over the data set, the best of several epochs, a mean of other samples than these."""
    rows = [sample(1, "C"), sample(2, "I")]
    assert read(eval_log(rows, header(2 / 3, metric="match/f1"))) == {}
    assert set(read(eval_log(rows, header(0.5, metric="match/mean")))) == {"match/mean"}


def test_a_scorer_of_several_scores_is_read_by_their_names() -> None:
    """The header calls such a score by its own name, not by the scorer's."""
    rows = [sample(n, {"style": n, "facts": "C"}) for n in (1, 2, 3)]
    assert sorted(read(eval_log(rows, header(2.0, metric="style/mean")))["style/mean"]) == [1.0, 2.0, 3.0]


def test_unscored_samples_are_left_out() -> None:
    """A sample that failed has no scores; NaN, bare in the file, is what inspect-ai leaves out."""
    rows = [
        sample(1, "C"),
        sample(2, "I"),
        sample(3, math.nan),
        sample(4, "C", scores={}),
        sample(5, "C", scores=None),
    ]
    assert sorted(read(eval_log(rows, header(0.5)))["match/accuracy"]) == [0.0, 1.0]


@pytest.mark.parametrize(
    "other", [{"input": "another"}, {"target": "another"}, {"id": 9}, {"input": [{"content": "another"}]}]
)
def test_a_sample_is_the_same_where_all_that_was_asked_is(other: Row) -> None:
    """Data sets without ids number their samples from 1: a number alone does not tell what was asked."""
    one, two = [sample(1, "C"), sample(2, "I")], [{**sample(1, "C"), **other}, sample(2, "I")]
    assert len(digests(eval_log(one, header(0.5))) & digests(eval_log(two, header(0.5)))) == 1


def test_a_chats_messages_have_new_ids_each_time() -> None:
    """The question is the same all the same."""
    logs = [
        eval_log(
            [sample(n, n % 2, input=[{"id": f"{name}{n}", "role": "user", "content": "a"}]) for n in (1, 2)],
            header(0.5),
        )
        for name in ("V4x", "Q7z")
    ]  # fmt: skip
    assert digests(logs[0]) == digests(logs[1])


def test_a_log_in_one_document_tells_the_same() -> None:
    """inspect-ai's JSON format holds the samples themselves."""
    rows = [sample(n, "C" if n < 4 else "I") for n in range(1, 6)]
    log = eval_log(rows, header(0.6))
    document = json.dumps({**header(0.6), "samples": rows}).encode()
    (zipped_one,) = read_inspect_samples(io.BytesIO(log), "x", evaluation(log)).values()
    (found,) = read_inspect_json_samples(io.BytesIO(document), "x.json", evaluation(log)).values()
    assert found == zipped_one
    assert read_inspect_json_samples(io.BytesIO(b"{}"), "x.json", evaluation(log)) == {}


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_cut_summaries_cost_their_samples_alone(tmp_path: Path, method: int, kept: float) -> None:
    """Of a real log the list of samples is cut, and packed anew."""
    with zipfile.ZipFile(io.BytesIO(fixture("inspect/deflate.eval"))) as real:
        summaries, told = real.read("summaries.json"), real.read("header.json")
    cut = summaries[: int(len(summaries) * kept)]
    (found,) = in_a_run(tmp_path, a=zipped({"summaries.json": cut, "header.json": told}, method))
    assert (found.metrics["match/accuracy"], found.sample_scores) == (0.5, {})


@pytest.mark.parametrize("at", [0.0, 0.4, 0.8])
@pytest.mark.parametrize(("name", "accuracy"), [("deflate", 0.5), ("zstd", 0.65)])
def test_a_changed_byte_in_the_summaries_costs_their_samples_alone(
    tmp_path: Path, name: str, accuracy: float, at: float
) -> None:
    """Of a real log a byte of the packed member is turned."""
    data = bytearray(fixture(f"inspect/{name}.eval"))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as real:
        member = real.getinfo("summaries.json")
    start = member.header_offset + 30 + len(member.filename)
    data[start + int(member.compress_size * at)] ^= 0x55
    (found,) = in_a_run(tmp_path, a=bytes(data))
    assert (found.metrics["match/accuracy"], found.sample_scores) == (accuracy, {})


def test_a_bomb_is_refused_before_it_grows() -> None:
    """Summaries that unpack beyond the limit are as if they were not there."""
    log = eval_log([], header(0.5), **{"summaries.json": b" " * (40 << 20)})
    with pytest.raises(BadInput, match="larger than 32 MiB"):
        read(log)


def test_too_many_samples_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of them would be a score of its own."""
    monkeypatch.setattr("afterall.scan.evaluations.inspect_samples.MOST_SAMPLES", 3)
    assert read(answered([True, False, True])) != {}
    assert read(answered([True, False, True, True])) == {}


def test_too_many_columns_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first few are kept."""
    monkeypatch.setattr(samples_module, "MOST_COLUMNS", 1)
    rows = [sample(n, {"a": n, "b": n}) for n in (1, 2)]
    assert set(read(eval_log(rows, header(1.5, metric="a/mean")))) == {"a/mean"}
    assert read(eval_log(rows, header(1.5, metric="b/mean"))) == {}


def test_an_experiment_holds_so_many_and_its_last_checkpoints_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are the ones that runs are compared by."""
    monkeypatch.setattr(sampling, "MOST_VALUES", 7)
    right = [True, False, True]
    found = in_a_run(tmp_path, **{f"t_ep{n}/x": answered(right) for n in (2, 10, 9)})
    assert {each.checkpoint: bool(each.sample_scores) for each in found} == {
        "epoch_2": False,
        "epoch_9": True,
        "epoch_10": True,
    }


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_summaries_are_read_or_refused(data: bytes) -> None:
    """Whatever the member holds raises nothing but that it is bad input."""
    log = eval_log([], header(0.5), **{"summaries.json": data})
    try:
        read(log)
    except BadInput:
        return


@given(
    st.lists(
        st.fixed_dictionaries({"id": st.integers(0, 3) | st.text(max_size=3), "scores": JSON}), max_size=4
    )
)
def test_any_scores_are_read_or_refused(rows: list[Row]) -> None:
    """So do scores of any form."""
    log = eval_log(rows, header(0.5))
    try:
        found = read(log)
    except BadInput:
        return
    assert all(math.isclose(sum(each) / len(each), 0.5, rel_tol=1e-6) for each in found.values())


HARNESS = Evaluation(
    task="arc",
    status=EvaluationStatus.SUCCESS,
    source=Source("r/results_2026-11-23T07-17-20.json", "key results.arc"),
    metrics={"none/acc": 0.5, "none/acc_stderr": 0.2, "strict/acc": 1.0},
)


def line(number: int, acc: object, filtered: str = "none", **more: object) -> bytes:
    """Return a sample of the harness's."""
    told = {"doc_id": number, "doc": {"q": number}, "filter": filtered, "metrics": ["acc"], "acc": acc}
    return json.dumps({**told, "doc_hash": f"d{number}", "target_hash": "t", **more}).encode() + b"\n"


def test_the_harness_samples_are_read_by_filter() -> None:
    """A line holds a sample under one filter."""
    data = b"".join(line(n, float(n < 2)) + line(n, True, "strict") for n in range(4))
    found = read_harness_samples(io.BytesIO(data), "s.jsonl", HARNESS)
    assert {metric: sorted(values(scores)) for metric, scores in found.items()} == {
        "none/acc": [0.0, 0.0, 1.0, 1.0],
        "strict/acc": [1.0] * 4,
    }


def test_a_sample_of_the_harness_that_is_no_number_is_left_out() -> None:
    """Python writes NaN bare; the other samples' mean is the score."""
    data = line(0, 1.0) + line(1, 0.0) + line(2, math.nan)
    found = read_harness_samples(io.BytesIO(data), "s.jsonl", HARNESS)
    assert {metric: scores.count for metric, scores in found.items()} == {"none/acc": 2}


def test_the_harness_samples_lie_beside_the_results(tmp_path: Path) -> None:
    """They bear the task's name and the same time; without them the evaluation is as it was."""
    assert harness_sample_files(HARNESS) == ("r/samples_arc_2026-11-23T07-17-20.jsonl",)
    results = {"results": {"arc": {"acc,none": 0.5}}, "config": {"model_args": "pretrained=/r/epoch_1"}}
    files = {
        "r/results_2026-11-23T07-17-20.json": json.dumps(results).encode(),
        "r/samples_arc_2026-11-23T07-17-20.jsonl": line(0, 1.0) + line(1, 0.0),
        "r/results_2026-11-24T07-17-20.json": json.dumps(results).encode(),
    }
    found, findings = read_evaluations(tmp_path, experiment("r", lay_down(tmp_path, files)).layout)
    assert [sorted(each.sample_scores) for each in found] == [["none/acc"], []]
    assert findings == ()


@pytest.mark.parametrize("odd", [b"1e999", b"9" * 5000, b'"\xff"'])
@pytest.mark.parametrize("key", [b'"acc": 0.0', b'"doc_id": 1', b'"filter": "none"', b'"value": "I"'])
def test_a_value_beyond_decoding_costs_its_samples_alone(tmp_path: Path, key: bytes, odd: bytes) -> None:
    """A number beyond every float, one of too many digits, or a byte that is no text."""
    results = {"results": {"arc": {"acc,none": 0.5}}, "config": {"model_args": "pretrained=/r/epoch_1"}}
    summaries, lines = json.dumps([sample(1, "C"), sample(2, "I")]).encode(), line(0, 1.0) + line(1, 0.0)
    assert key in summaries + lines
    turned = key.partition(b" ")[0] + b" " + odd
    files = {
        "results_2026-11-23T07-17-20.json": json.dumps(results).encode(),
        "samples_arc_2026-11-23T07-17-20.jsonl": lines.replace(key, turned),
        "a.eval": eval_log([], header(0.5), **{"summaries.json": summaries.replace(key, turned)}),
    }
    layout = experiment("r", lay_down(tmp_path, {f"r/{name}": data for name, data in files.items()})).layout
    found, findings = read_evaluations(tmp_path, layout)
    assert [list(each.metrics.values()) for each in found] == [[0.5], [0.5]]
    assert findings == ()
    assert all(score.count == 2 for each in found for score in each.sample_scores.values())


@pytest.mark.parametrize("cut", [1, 30, 100])
def test_cut_samples_of_the_harness_are_refused(cut: int) -> None:
    """The last line is cut."""
    data = line(0, 1.0) + line(1, 0.0)
    with pytest.raises(BadInput, match="cut short"):
        read_harness_samples(io.BytesIO(data[: -cut - 1]), "s.jsonl", HARNESS)


@given(
    st.binary(max_size=200)
    | st.lists(JSON, max_size=3).map(lambda rows: "\n".join(map(json.dumps, rows)).encode())
)
def test_any_lines_are_read_or_refused(data: bytes) -> None:
    """Whatever the file holds raises nothing but that it is bad input."""
    try:
        read_harness_samples(io.BytesIO(data), "s.jsonl", HARNESS)
    except BadInput:
        return
