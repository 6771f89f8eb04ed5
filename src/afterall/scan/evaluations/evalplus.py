"""Read the results of EvalPlus: how many of HumanEval's and MBPP's problems a model solved.

Invariant: a file that does not begin as EvalPlus's says nothing. A plus score counts what passed both the
base tests and the additional ones, as EvalPlus counts it.

Format: `<model>_<backend>_temp_<t>[.-_]eval_results.json`, the model's path with `--` for `/`, or
`eval_results.json` in a directory of that name: {"date", "hash", "eval": {problem: [{"base_status": "pass",
"plus_status": "fail", …}]}, "pass_at_k": {"base": {"pass@1": …}, "plus": {…}}}; without `pass_at_k` before
0.3, `{"base": [["success", …]], "plus": [["failed", …]]}` a problem in 0.1.
Source: evalplus/evaluate.py and codegen.py, 0.1.0 to 0.3.1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from afterall.model import Evaluation, EvaluationStatus, Source
from afterall.scan.evaluations.documents import read_document
from afterall.scan.evaluations.json_values import mapping_in, score_in
from afterall.scan.evaluations.targets import checkpoint_of
from afterall.scan.secrets import mask_secrets

FILE_NAME = re.compile(r"(?:^|/)(?:[^/]{1,400}[._-])?eval_results\.json$")
_BEGINS = re.compile(rb'\s{0,100}\{\s{0,100}"date"\s{0,100}:\s{0,100}"[^"]{1,40}"\s{0,100},\s{0,100}"hash"')
_BEGINNING = 512
_MODEL = re.compile(
    r"(?:^|/)([^/]{1,400})_[a-z]{2,20}_temp_[\d.]{1,8}(?:[-._][^/]*)?(?:/eval_results\.json)?$"
)
_MODEL_IN_01 = re.compile(r"(?:^|/)([^/]{1,400})_temp_[\d.]{1,8}/eval_results\.json$")
_PASSED = ("pass", "success")
_MOST = 20
"""Rates of a file."""


def read_evalplus(file: IO[bytes], name: str, home: str = "") -> tuple[Evaluation, ...]:
    """Return the one evaluation of a file, none of another program's; raise BadInput where it is damaged.

    `home` is as `checkpoint_of` takes it.
    """
    if not _is_its(file):
        return ()
    document = read_document(file, name)
    problems = mapping_in(document.get("eval"))
    metrics = dict(_rates(mapping_in(document.get("pass_at_k")))) or dict(_shares([*problems.values()]))
    if not problems or not metrics:
        return ()
    target = _target(name)
    return (
        Evaluation(
            task=next(iter(problems)).partition("/")[0].lower()[:100],
            status=EvaluationStatus.SUCCESS,
            source=Source(name, "key pass_at_k" if "pass_at_k" in document else "key eval"),
            checkpoint=checkpoint_of({} if target is None else {"model": target}, name, home),
            model="" if target is None else mask_secrets(target),
            metrics=metrics,
            samples=len(problems),
        ),
    )


def read_evalplus_target(file: IO[bytes], name: str) -> tuple[str, ...]:
    """Return what a file's name says of the model; nothing for another program's."""
    target = _target(name) if _is_its(file) else None
    return () if target is None else (target,)


def _is_its(file: IO[bytes]) -> bool:
    begins = _BEGINS.match(file.read(_BEGINNING)) is not None
    file.seek(0)
    return begins


def _target(name: str) -> str | None:
    found = _MODEL.search(name) or _MODEL_IN_01.search(name)
    return None if found is None else found[1].replace("--", "/")


def _rates(told: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Yield "plus/pass@1" and the like with their values."""
    for tests in ("base", "plus"):
        for metric, value in list(mapping_in(told.get(tests)).items())[:_MOST]:
            number = score_in(value)
            if number is not None:
                yield f"{tests}/{metric[:50]}", number


def _shares(problems: Sequence[object]) -> Iterator[tuple[str, float]]:
    """Yield the mean share of each problem's solutions that passed: pass@1, whatever their number."""
    told = [[*_solutions(problem)] for problem in problems]
    if not told or not all(told):
        return
    yield "base/pass@1", sum(sum(base for base, _ in each) / len(each) for each in told) / len(told)
    if all(plus is not None for each in told for _, plus in each):
        yield (
            "plus/pass@1",
            sum(sum(base and bool(plus) for base, plus in each) / len(each) for each in told) / len(told),
        )


def _solutions(problem: object) -> Iterator[tuple[bool, bool | None]]:
    """Yield of each solution whether it passed the base and the plus tests; None where these were not run."""
    if isinstance(problem, list):
        for each in map(mapping_in, problem):
            plus = each.get("plus_status")
            yield each.get("base_status") in _PASSED, None if plus is None else plus in _PASSED
        return
    base, plus = (mapping_in(problem).get(tests) for tests in ("base", "plus"))
    if isinstance(base, list) and isinstance(plus, list):
        for at, each in enumerate(base):
            yield _has_passed(each), _has_passed(plus[at]) if at < len(plus) else None


def _has_passed(result: object) -> bool:
    return isinstance(result, list) and bool(result) and result[0] in _PASSED
