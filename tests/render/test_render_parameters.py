"""Write parameters' values as short as they stay different."""

from hypothesis import given
from hypothesis import strategies as st

from afterall.render.words.parameters import LONGEST, phrase, setting, title, worded


def test_a_long_list_is_told_by_its_number_and_digest() -> None:
    """Its first items say nothing of where two lists differ."""
    assert (
        worded("40 values, sha256 f16e90769355: model.layers.0.q_proj, …") == "40 values, sha256 f16e90769355"
    )


def test_long_texts_are_cut_and_stay_different() -> None:
    """Two prompts that differ in their last sign are told apart; short ones are told whole."""
    one, other = worded("word " * 50 + "a"), worded("word " * 50 + "b")
    assert one != other
    assert one.startswith("word word ")
    assert worded("q_proj, v_proj") == "q_proj, v_proj"
    assert worded("") == '""'


@given(st.text(max_size=400))
def test_every_text_is_short(text: str) -> None:
    """No value makes a sentence or a table unreadable."""
    assert len(worded(text)) <= LONGEST


def test_flags_and_names_read_as_researchers_write_them() -> None:
    """DoRA keeps its capitals, and what is on or off is told so."""
    assert (title("use_dora"), phrase("use_rslora")) == ("DoRA", "rsLoRA")
    assert setting("use_dora", True) == "DoRA on"
    assert setting("load_in_4bit", False) == "4-bit quantization off"
    assert setting("mixed_precision", "bf16") == "mixed precision bf16"
    assert setting("warmup_ratio", 0.1) == "warmup ratio 0.1"
