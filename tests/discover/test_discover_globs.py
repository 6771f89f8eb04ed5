import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterall.discover.names.globs import matches_any


@pytest.mark.parametrize(
    ("path", "pattern", "matches"),
    [
        ("runs/a", "runs/*", True),
        ("runs/a", "runs/*/", True),
        ("runs/a/b", "runs/*", False),
        ("runs", "runs/*", False),
        ("runs/a/b", "runs/**", True),
        ("runs", "runs/**", True),
        ("a/b/c/d", "a/**/d", True),
        ("a/d", "a/**/d", True),
        ("a/b/c/e", "a/**/d", False),
        ("x/y", "**", True),
        ("rank4", "rank[0-9]", True),
        ("rank16", "rank[0-9]", False),
        ("Rank4", "rank?", False),
        ("a*b", "a[*]b", True),
        ("a\nb", "a*b", True),
    ],
)
def test_a_glob_matches_component_by_component(path: str, pattern: str, *, matches: bool) -> None:
    """A star stays within one directory and two stars cross any number of them."""
    assert matches_any(path, ["nothing", pattern]) is matches


@given(st.text(), st.lists(st.text()))
def test_any_glob_can_be_tried_on_any_path(path: str, patterns: list[str]) -> None:
    """Matching is total; a pattern without wildcards matches itself."""
    matches_any(path, patterns)
    plain = path.strip("/")
    assert matches_any(plain, [plain]) or "[" in plain


def test_many_stars_do_not_take_for_ever() -> None:
    """A hostile pattern costs no more than its length times that of the path."""
    assert not matches_any("/".join(["a"] * 200), ["/".join(["**", "a"] * 100 + ["b"])])
