"""Base models that may differ in tokenizer are told from sizes of one family."""

import pytest

from afterall.analyse import analyse
from afterall.model import Experiment
from afterall.render.documents import render
from afterall.render.words.families import are_of_one_family
from afterall.settings import SetSettings
from analyse.analyse_made import evaluation, experiment, material, trained


@pytest.mark.parametrize(
    "models",
    [
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-7B-Instruct"),
        ("meta-llama/Llama-3.2-1B", "/models/Llama-3.2-3B-Instruct/"),
        ("unsloth/Meta-Llama-3.1-8B-bnb-4bit", "Llama-3.1-70B"),
        ("Qwen3-30B-A3B", "Qwen3-8B"),
        ("mistralai/Mixtral-8x7B-v0.1", "mistralai/Mixtral-8x22B-v0.1"),
        ("EleutherAI/pythia-70m-deduped", "EleutherAI/pythia-1.4b"),
        ("gpt2-medium", "gpt2-xl", "gpt2"),
        ("tiny-1B", None),
        ("tiny-1B",),
        (),
    ],
)
def test_sizes_of_one_family_are_one(models: tuple[str | None, ...]) -> None:
    """Whatever they were tuned or quantised to."""
    assert are_of_one_family(models)


@pytest.mark.parametrize(
    "models",
    [
        ("Qwen/Qwen2.5-0.5B", "meta-llama/Llama-3.2-1B"),
        ("meta-llama/Llama-2-7b-hf", "meta-llama/Llama-3.1-8B"),
        ("mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-v0.3"),
        ("microsoft/Phi-3-mini", "microsoft/Phi-3-small"),
        ("Qwen2.5-7B", "Qwen2.5-Coder-7B"),
    ],
)
def test_other_names_may_be_of_other_tokenizers(models: tuple[str, ...]) -> None:
    """Another family, or another release of one."""
    assert not are_of_one_family(models)


def analysed(*experiments: Experiment) -> str:
    """Return RESULTS.md of experiments, without figures."""
    settings = SetSettings(figures=False)
    return render(analyse(material(*experiments, settings=settings)), settings, "", {})["RESULTS.md"].decode()


def test_losses_of_other_tokens_are_warned_of_above_the_ranking() -> None:
    """As other data are; not of sizes of one family."""
    told = analysed(
        trained("q", 2.0, model="Qwen/Qwen2.5-0.5B"), trained("l", 1.9, model="meta/Llama-3.2-1B")
    )
    caveat = (
        "*The base models differ by name in more than size (Qwen2.5-0.5B and Llama-3.2-1B): they may differ "
        "in tokenizer, and losses per token of different tokenizers are not comparable.*"
    )
    assert told.index("## Key Findings") < told.index(caveat) < told.index("### 1. Best Run")
    sizes = analysed(trained("s", 2.0, model="Qwen/Qwen2.5-0.5B"), trained("b", 1.9, model="Qwen/Qwen2.5-7B"))
    assert "tokenizer" not in sizes.partition("## Key Findings")[2].partition("### 1.")[0]


def test_scores_need_no_warning_of_tokens() -> None:
    """Where no loss ranks anyone, nothing is counted in tokens."""
    runs = [
        experiment(
            name,
            parameters={"model": model},
            evaluations=(evaluation(f"{name}/1.eval", None, metrics={"match/accuracy": score}),),
        )
        for name, model, score in (("q", "Qwen2.5-0.5B", 0.5), ("l", "Llama-3.2-1B", 0.6))
    ]
    told = analysed(*runs)
    assert "**l** (0.6)" in told
    assert "they may differ in tokenizer" not in told
