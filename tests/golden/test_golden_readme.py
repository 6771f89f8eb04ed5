"""The README opens with lines of the real report that the golden tests hold."""

from golden.golden_sets import GOLDEN, expected

README = GOLDEN.parents[1] / "README.md"


def test_the_readmes_report_is_the_real_one() -> None:
    """Every line of the README's excerpt stands in the report of the torchtune set, in the same order."""
    excerpt = README.read_text("utf-8").partition("````markdown\n")[2].partition("\n````\n")[0].splitlines()
    shown = [line for line in excerpt if line not in ("", "…")]
    report = iter(expected("torchtune").read_text("utf-8").splitlines())
    assert len(shown) > 20
    assert [line for line in shown if line not in report] == []


def test_the_readme_is_short() -> None:
    """At most 120 lines."""
    assert len(README.read_text("utf-8").splitlines()) <= 120
