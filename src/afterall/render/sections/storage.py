"""Render what the set takes on disk: components, totals for each experiment, what could be smaller."""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

from msgspec import Struct

from afterall.model import CheckpointKind, ComponentSize, ExperimentStorage, FileRole
from afterall.render.composing import joined, md, plural
from afterall.render.escaping import Markdown, fence, text
from afterall.render.folding import fold
from afterall.render.page import Page
from afterall.render.shell import shell_path
from afterall.render.tables import Column, table
from afterall.render.words.measures import UNITS_NOTE, size
from afterall.render.words.numbers import MISSING
from afterall.render.words.states import ROLES
from afterall.settings import RESULTS_JSON

MOST_MODELS = 6
MOST_SPARE = 40


class StorageView(Struct, frozen=True, kw_only=True):
    """`components` is empty where no checkpoint could be measured."""

    components: Markdown
    totals: Markdown
    """Behind a fold: each experiment's, then by kind of file."""
    notes: tuple[Markdown, ...]
    freeing: Markdown
    """The commands that would free what finished runs can do without, "" where there is nothing."""


def view(page: Page) -> StorageView:
    """Return the storage summary."""
    storage = page.report.storage
    return StorageView(
        components=_components(page),
        totals=_totals(page) if storage.experiments else Markdown(""),
        notes=tuple(note for note in (_whole(page), _adapters_alone(storage.experiments)) if note),
        freeing=_freeing(page),
    )


def _components(page: Page) -> Markdown:
    components = page.report.storage.components
    models = list(dict.fromkeys(component.model for component in components))
    if not components:
        return Markdown("")
    labels = list(dict.fromkeys(_label(component, page) for component in components))
    sizes = {(_label(c, page), c.model): c.size_bytes for c in components}
    if len(models) > MOST_MODELS:
        columns = [
            Column(text(page.names.title("model"))),
            Column(Markdown("Component")),
            Column(Markdown("Size"), is_number=True),
        ]
        rows = [[_model(c.model, page), _label(c, page), text(size(c.size_bytes))] for c in components]
        return table(columns, rows)
    columns = [
        Column(Markdown("Component")),
        *(Column(_model(model, page), is_number=True) for model in models),
    ]
    return table(
        columns, [[label, *(_size(sizes.get((label, model))) for model in models)] for label in labels]
    )


def _label(component: ComponentSize, page: Page) -> Markdown:
    if component.component == "full_weights":
        return Markdown("Base Model (full weights)")
    if component.lora_rank is None:
        return Markdown("Adapter")
    return md("Adapter ({})", page.setting("lora_rank", component.lora_rank))


def _model(model: str, page: Page) -> Markdown:
    return text(page.models.get(model, model)) if model else Markdown("Size")


def _size(size_bytes: int | None) -> Markdown:
    return text(MISSING if size_bytes is None else size(size_bytes))


def _totals(page: Page) -> Markdown:
    experiments = page.report.storage.experiments
    what = _saved_as(page)
    columns = [Column(Markdown("Experiment"))]
    columns += [Column(text(word), is_number=True) for word in (*what, "Whole Directory")]
    rows = [
        [text(e.experiment), _size(e.full_bytes), _size(e.adapter_only_bytes), _size(e.size_bytes)]
        for e in experiments
    ]
    whole = [(e.size_bytes, e.experiment) for e in experiments]
    ends = dict.fromkeys((min(whole, key=itemgetter(0)), max(whole, key=itemgetter(0))))
    words = " to ".join(f"{size(taken)} ({name})" for taken, name in ends)
    told = joined([note for note in (_kinds(experiments), _repeated(page)) if note], "\n")
    content = joined([part for part in (table(columns, rows), told) if part], "\n\n")
    return fold(content, f"{plural(len(rows), 'experiment')}, whole directories: {words}")


def _saved_as(page: Page) -> tuple[str, str]:
    """Return the two headings: "3 Epochs (Full Model)", "3 Epochs (Adapter Only)"."""
    amounts = {e.checkpoints for e in page.report.storage.experiments if e.checkpoints}
    every = [c for e in page.report.experiments for c in e.checkpoints]
    noun = "Epoch" if every and all(c.name == f"epoch_{c.epoch}" for c in every) else "Checkpoint"
    amount = amounts.pop() if len(amounts) == 1 else None
    what = f"All {noun}s" if amount is None else f"{amount} {noun}" + ("s" if amount != 1 else "")
    kinds = {c.kind for c in every}
    full = bool(kinds & {CheckpointKind.FULL, CheckpointKind.FULL_AND_ADAPTER})
    full = full and CheckpointKind.ADAPTER not in kinds
    return f"{what} ({'Full Model' if full else 'As Saved'})", f"{what} (Adapter Only)"


def _kinds(experiments: Sequence[ExperimentStorage]) -> Markdown:
    """Return what the space goes to, over all experiments, the largest first."""
    sizes: Counter[FileRole] = Counter()
    files: Counter[FileRole] = Counter()
    for experiment in experiments:
        for line in experiment.lines:
            sizes[line.role] += line.size_bytes
            files[line.role] += line.files
    told = [
        md(
            "{} {:size} ({})",
            ROLES[role][:1].lower() + ROLES[role][1:],
            sizes[role],
            plural(files[role], "file"),
        )
        for role in sorted(sizes, key=lambda role: (-sizes[role], role.value))
        if files[role] and sizes[role] * 100 >= sizes.total()
    ]
    rest = sum(size_bytes for size_bytes in sizes.values() if size_bytes * 100 < sizes.total())
    if rest:
        told.append(md("everything else {:size}", rest))
    return md("By kind of file: {}.", joined(told, "; ")) if told else Markdown("")


def _whole(page: Page) -> Markdown:
    storage = page.report.storage
    disk = storage.allocated_bytes
    on_disk = (
        md(", {:size} allocated on disk", disk) if size(disk) != size(storage.size_bytes) else Markdown("")
    )
    return md("The set takes {:size} in all{}; {}.", storage.size_bytes, on_disk, UNITS_NOTE)


def _adapters_alone(experiments: Sequence[ExperimentStorage]) -> Markdown:
    """Return what adapters alone would take, where that is clearly less than what was saved."""
    both = [e for e in experiments if e.full_bytes and e.adapter_only_bytes is not None]
    full, adapters = sum(e.full_bytes or 0 for e in both), sum(e.adapter_only_bytes or 0 for e in both)
    if not both or adapters * 2 > full:
        return Markdown("")
    return md(
        "Adapters alone would take {:size} of the {:size} in checkpoints ({:percent}): enough where the base "
        "model is shared.",
        adapters, full, adapters / full,
    )  # fmt: skip


def _freeing(page: Page) -> Markdown:
    """Return the commands, folded: nobody deletes by accident, and afterall never does."""
    storage = page.report.storage
    if not storage.spare_bytes:
        return Markdown("")
    lines = [f"rm -r -- {shell_path(path)}" for path in storage.spare[:MOST_SPARE]]
    if len(storage.spare) > MOST_SPARE:
        lines.append(f"# … and {len(storage.spare) - MOST_SPARE} more, in {RESULTS_JSON}")
    words = (
        "Keeping only the last checkpoint of each finished run, those of its lowest validation loss and best "
        f"scores, and those yet to be evaluated would free {size(storage.spare_bytes)} "
        f"({plural(len(storage.spare), 'checkpoint')})"
    )
    note = Markdown("Nothing was deleted. From the set's own directory, once nobody needs them any more:")
    return fold(joined([note, fence("\n".join(lines), "bash")], "\n\n"), words)


def _repeated(page: Page) -> Markdown:
    storage = page.report.storage
    if not storage.repeated_bytes:
        return Markdown("")
    return md(
        "{} repeat between checkpoints, byte count and name alike: {:size}.",
        plural(storage.repeated_files, "tokenizer file"),
        storage.repeated_bytes,
    )
