"""Give each log to the experiment whose job wrote it.

Invariant: pure; a log goes by the id in its name first, then by a job's output path, then by its text. A job
that was set aside takes its log with it.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from afterall.discover.layout.known_jobs import id_of_log
from afterall.discover.matching.task_places import Judged
from afterall.discover.matching.verdicts import Fate, Judge
from afterall.model import LogFile

_NOBODY = -1


class LogOwners:
    """Knows which experiment's jobs wrote under which id and to which file."""

    def __init__(
        self, judge: Judge, judged: Judged, tasks: Mapping[str, int], mentions: Mapping[str, tuple[str, ...]]
    ) -> None:
        """Take the jobs' verdicts, the tasks that only their number places, and the logs' mentions."""
        self._layout = judge.layout
        self._by_id = dict(tasks)
        self._by_output: dict[str, int] = {}
        for attempt, verdict in judged:
            if verdict.fate in (Fate.ATTEMPT, Fate.ASIDE):
                shown = {attempt.job_id, attempt.display_id} - {""}
                self._by_id.update(dict.fromkeys(shown, verdict.index))
                self._by_output[judge.paths.output_in_set(attempt) or ""] = verdict.index
        indices = {one.name: index for index, one in enumerate(judge.layout.experiments)}
        self._by_mention = {
            path: indices.get(names[0], _NOBODY) for path, names in mentions.items() if len(names) == 1
        }

    def training_logs(self) -> dict[int, list[LogFile]]:
        """Return the training logs by their experiments' indices."""
        logs: dict[int, list[LogFile]] = {}
        for index, one in enumerate(self._layout.experiments):
            logs[index] = list(self._own(one.logs, index))
        for log in self._layout.shared_logs:
            writer = self._writer(log)
            index = self._by_mention.get(log.path, _NOBODY) if writer is None else writer
            if index != _NOBODY and not log.is_evaluation:
                logs[index].append(log)
        return logs

    def _own(self, logs: Iterable[LogFile], index: int) -> Iterable[LogFile]:
        """Yield an experiment's training logs by what is known of their jobs, else by their names."""
        for log in logs:
            writer = self._writer(log)
            if writer == index:
                yield replace(log, is_evaluation=False)
            elif writer != _NOBODY and not log.is_evaluation:
                yield log

    def _writer(self, log: LogFile) -> int | None:
        """Return the experiment whose job wrote a log, -1 for a job set aside, None where no job is known."""
        shown = id_of_log(log)
        return (
            self._by_output.get(log.path)
            if shown is None
            else self._by_id.get(shown, self._by_output.get(log.path))
        )
