"""An issue in RESULTS.md shows the exact commands of its findings below the resolution."""

from afterall.model import Finding, FindingCode, NextStep, NextStepKind, Report
from afterall.render.markdown_document import render_markdown
from afterall.render.page import Page
from afterall.render.sections.issues import MOST_COMMANDS
from afterall.settings import SetSettings
from render.render_reports import make_experiment, tiny_report


def issue(report: Report) -> str:
    """Return the report's only issue."""
    text = render_markdown(Page(report, SetSettings()), {}).decode()
    return text.partition("## Issues and Notes\n")[2].partition("\n## ")[0]


def leftovers(*names: str, **changes: object) -> Report:
    """Return a report that found these temporary files."""
    found = tuple(
        Finding(code=FindingCode.TEMPORARY_FILE, experiment="a", subject=f"a/{name}") for name in names
    )
    return tiny_report(make_experiment("a"), findings=found, **changes)


def test_a_command_stands_below_its_resolution() -> None:
    """It is quoted, for a shell in the set's own directory, and the section says where that is."""
    report = leftovers(".tmp it")
    told = issue(report)
    fence = "```bash\nrm -- 'a/.tmp it'\n```"
    resolution = "**Resolution:** Delete it once no job of the run is alive."
    assert f"{resolution}\n{fence}\n**Impact:**" in told
    assert told.startswith(f"\nCommands run from the set's own directory: `cd {report.set.path}`\n")


def test_many_commands_are_counted() -> None:
    """The first few stand there, and the rest is in RESULTS.json."""
    told = issue(leftovers(*(f".tmp{n}" for n in range(9))))
    assert told.count("\nrm -- ") == MOST_COMMANDS - 1
    assert f"\n# … and {9 - MOST_COMMANDS + 1} more alike, in RESULTS.json\n```" in told


def test_what_a_next_step_tells_is_not_told_twice() -> None:
    """The commands that stand under Next Steps are not repeated under the issue."""
    step = NextStep(kind=NextStepKind.WAIT, experiments=("a",), because=FindingCode.TEMPORARY_FILE)
    told = issue(leftovers(".tmp", next_steps=(step,)))
    assert "**Resolution:** Delete it" in told
    assert "rm -- " not in told


def test_an_issue_without_a_command_has_no_fence() -> None:
    """Words must do where no command is right."""
    found = Finding(code=FindingCode.FILE_EMPTY, experiment="a", subject="a/x.bin")
    told = issue(tiny_report(make_experiment("a"), findings=(found,)))
    assert "**Resolution:** Save it again" in told
    assert "Commands run" not in told
    assert "```" not in told
