"""Measure assembling a report from facts that are known: analysis, documents, figures, the page.

Usage: python tests/bench/assembling.py [--rounds N] [--experiments N] [--steps N]
Prints Markdown tables. The facts are those of a sweep of ranks, rates and seeds with 10,000 logged steps of
training loss, of which a run keeps as many points as scanning keeps. Each round takes, in turn, a fresh
process held to two cores for the report without figures, with them, and with RESULTS.html too, for one whose
runs were also evaluated on SAMPLES samples each, which are compared in pairs, and one that draws the same
curves with matplotlib as they are, the peer. Times are in seconds, imports included, what makes the facts
left out. Beside them: what reading SAMPLES samples' scores from an inspect-ai log costs, against unpacking
and decoding the same summaries with Python's own modules. Exit 1 when a figure is not met.
"""

import argparse
import io
import json
import math
import os
import random
import resource
import statistics
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from afterall.analyse.material import Material
from afterall.model import Evaluation, Experiment, SampleScores
from afterall.scan.evaluations.inspect_ai import read_inspect_log
from afterall.scan.evaluations.inspect_samples import read_inspect_samples
from afterall.scan.metrics import MOST_POINTS
from afterall.settings import SetSettings
from analyse.analyse_made import curve, evaluation, experiment, material
from scan.evaluation_making import answered

MOST_S = {"plain": 1.0, "figures": 6.0}
MOST_MEMORY_MIB = 500
CASES = {
    "plain": "without figures",
    "samples": "without figures, each run scored on 1,000 samples",
    "figures": "with figures",
    "page": "with figures and RESULTS.html",
}
PEER = "peer"
SEEDS = 4
SAMPLES = 1000


def facts(count: int, steps: int, samples: int = 0) -> Material:
    """Return what is known of a sweep of ranks and learning rates, each setting with four seeds."""
    return material(*(one(number, steps, samples) for number in range(count)))


def scored(number: int, samples: int) -> Evaluation:
    """Return an evaluation of the last checkpoint in which every sample is right or wrong."""
    draw = random.Random(-number)
    values = [float(draw.random() < 0.6 + number % 7 / 50) for _ in range(samples)]
    packed = SampleScores(struct.pack(f"<{samples}Q", *range(samples)), struct.pack(f"<{samples}d", *values))
    name = "match/accuracy"
    metrics = {name: statistics.fmean(values)}
    return evaluation(f"run_{number:03}/x.eval", "final", metrics=metrics, sample_scores={name: packed})


def one(number: int, steps: int, samples: int) -> Experiment:
    """Return a run that reached its end, with its curves of training and validation loss."""
    draw = random.Random(number)
    setting, seed = divmod(number, SEEDS)
    rank, rate = 4 << setting % 6, (1 + setting // 24) * 10.0 ** -(3 + setting // 6 % 4)
    level, every = 1 / rank**0.2 - math.log10(rate) / 10, max(1, steps // MOST_POINTS)
    losses = [
        level + 3 * math.exp(-6 * step / steps) + 0.05 * draw.random() for step in range(1, steps, every)
    ]
    validation = [level + 0.1 + 3 * math.exp(-step / 10) for step in range(1, 100)]
    return experiment(
        f"run_{number:03}",
        parameters={"lora_rank": rank, "learning_rate": rate, "seed": seed, "batch_size": 8},
        metrics={
            "final_loss": losses[-1],
            "mean_last_loss": statistics.fmean(losses[-10:]),
            "final_val_loss": validation[-1],
            "global_step": steps,
            "tokens_per_second_per_gpu_median": 5000 + 10 * draw.random(),
        },
        series={
            "loss": curve("loss", losses, first=1, every=every),
            "val_loss": curve("val_loss", validation, first=steps // 100, every=steps // 100),
        },
        evaluations=(scored(number, samples),) if samples else (),
    )


def assemble(known: Material) -> int:
    """Analyse and render; return how many bytes the documents have together."""
    from afterall.pipeline.drawing import prepare_drawing

    if known.settings.figures:
        prepare_drawing()
    from afterall.analyse import analyse
    from afterall.render.documents import render

    return sum(map(len, render(analyse(known), known.settings, "", {}).values()))


def draw(known: Material) -> int:
    """Draw all training curves as they are, as a script of one's own would; return how many there are."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4))
    axes = figure.subplots()
    for run in known.experiments:
        points = run.series["loss"].points
        axes.plot([point.step for point in points], [point.value for point in points], linewidth=1)
    axes.set_yscale("log")
    FigureCanvasSVG(figure).print_svg(os.devnull)  # type: ignore[no-untyped-call]
    return len(known.experiments)


def child(case: str, count: int, steps: int) -> None:
    """Print the seconds and the peak MiB that one case took in this process, and its bytes."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    settings = SetSettings(figures=case in ("figures", "page"), html=case == "page")
    known = material(*facts(count, steps, SAMPLES * (case == "samples")).experiments, settings=settings)
    started = time.perf_counter()
    size = draw(known) if case == PEER else assemble(known)
    taken = time.perf_counter() - started
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size]))


def measured(case: str, count: int, steps: int) -> tuple[float, float, int]:
    """Return seconds, peak MiB and bytes of a case in a process of its own."""
    argv = [sys.executable, __file__, "--child", case, "--experiments", str(count), "--steps", str(steps)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    seconds, peak, size = json.loads(done.stdout)
    return seconds, peak, size


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure assembling a report.")
    parser.add_argument("--rounds", type=int, default=5, help="processes for each case (default 5)")
    parser.add_argument("--experiments", type=int, default=200, help="runs in the set (default 200)")
    parser.add_argument("--steps", type=int, default=10_000, help="logged steps of a run (default 10,000)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(options.child, options.experiments, options.steps)
        return 0
    taken: dict[str, list[tuple[float, float, int]]] = {case: [] for case in (*CASES, PEER)}
    for _ in range(options.rounds):
        for case, runs in taken.items():
            runs.append(measured(case, options.experiments, options.steps))
    met = _report(taken, options.experiments, options.steps)
    _report_reading(100 * options.rounds)
    return int(not met)


def _report_reading(rounds: int) -> None:
    log = answered([number % 3 > 0 for number in range(SAMPLES)])
    times = {read: [timed(read, log) for _ in range(rounds)] for read in (read_samples, decode_summaries)}
    own, peer = (statistics.median(taken) for taken in times.values())
    print(f"\n| {SAMPLES:,} samples of an inspect-ai log | median | × peer |")
    print("|---|---|---|")
    print(f"| status, scores, and what each sample scored | {own * 1e3:.2f} ms | {own / peer:.2f} |")
    print(f"| peer: `zipfile` and `json` unpack the summaries | {peer * 1e3:.2f} ms | 1 |")


def timed(read: Callable[[bytes], int], log: bytes) -> float:
    """Return the seconds of reading a log's samples."""
    started = time.perf_counter()
    assert read(log) == SAMPLES
    return time.perf_counter() - started


def read_samples(log: bytes) -> int:
    """Read an evaluation and what its samples scored; return how many these are."""
    (found,) = read_inspect_log(io.BytesIO(log), "x.eval")
    (scores,) = read_inspect_samples(io.BytesIO(log), "x.eval", found).values()
    return scores.count


def decode_summaries(log: bytes) -> int:
    """Unpack the samples' summaries as a script of one's own would; return how many these are."""
    with zipfile.ZipFile(io.BytesIO(log)) as archive:
        return len(json.loads(archive.read("summaries.json")))


def _report(taken: dict[str, list[tuple[float, float, int]]], count: int, steps: int) -> bool:
    times = {case: statistics.median(seconds for seconds, _, _ in runs) for case, runs in taken.items()}
    peaks = {case: max(peak for _, peak, _ in runs) for case, runs in taken.items()}
    print(f"| {count} runs of {steps:,} steps | median | × peer | at most | peak memory | documents |")
    print("|---|---|---|---|---|---|")
    for case, words in CASES.items():
        most = f"{MOST_S[case]:.0f} s" if case in MOST_S else ""
        told = f"{times[case]:.2f} s | {times[case] / times[PEER]:.2f} | {most} | {peaks[case]:.0f} MiB"
        print(f"| {words} | {told} | {taken[case][0][2] / 1e6:.1f} MB |")
    print(f"| peer: matplotlib draws the losses as they are | {times[PEER]:.2f} s | 1 | | | |")
    return max(peaks.values()) < MOST_MEMORY_MIB and all(times[case] < most for case, most in MOST_S.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
