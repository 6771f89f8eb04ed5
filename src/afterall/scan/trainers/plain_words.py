"""Tell which losses the words of a line name, and of which step, epoch and rank they speak.

Invariant: a number counts only behind words that every program means alike; of a percentage, a weight or a
name that only begins so nothing is taken.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

_NUMBER = r"(?:[-+]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?!\.?[\w%])"
_POINTED = r"(?:[-+]?\d{0,20}\.\d{1,20}(?:[eE][-+]?\d{1,3})?|nan|NaN|inf|-inf)(?!\.?[\w%])"
_CALL = r"(?:(?:(?:np|numpy|torch)\.)?(?:tensor|float\d\d)\()?"
"""As PyTorch and numpy 2 print a number: `tensor(0.5, device='cuda:0')`, `np.float64(0.5)`."""
_BEHIND = (
    r"(?:[ _/]\(?(?P<behind>train(?:ing)?|val(?:id(?:ation)?)?|eval|test)\)?(?:/total)?|/total"
    r"|\s?\([^()]{1,40}\)| is(?= ))?"
)
"""As in `loss_train=0.5`, `loss/train/total: 0.5`, `loss/total=0.5`, `Loss (avg of 9): 0.5`, `loss is 9`."""
_LOSS = re.compile(
    rf"(?i)(?<![\w/.-])(?:losses/)?(?P<words>(?:[a-z]{{1,20}}[ _/.-]){{0,2}})(?:c?loss|xent){_BEHIND}"
    rf"(?:[\"']?\s{{0,4}}[:=]\s{{0,8}}[\"']?{_CALL}(?P<told>{_NUMBER})|\s{{1,8}}(?P<bare>{_POINTED}))"
)
_TRAINING = frozenset({"train", "training"})
_VALIDATION = frozenset({"val", "valid", "validation", "eval", "evaluation", "dev"})
_OPEN_CLIPS = frozenset({"clip", "val"})
_NEUTRAL = frozenset(
    {
        "", "a", "all", "and", "average", "avg", "avr", "batch", "current", "epoch", "final", "has", "is",
        "iter", "iteration", "lm", "mean", "model", "of", "running", "smoothed", "step", "the", "total",
        "with",
    }
)  # fmt: skip
"""Words before "loss" that leave open which one it is. Any other makes it another number: "best", "test"."""

_KIND = r"(?P<kind>train(?:ing)?|test(?:ing)?|val(?:id(?:ation|ating)?)?|eval(?:uation|uating)?|dev)"
_LINE_OF = re.compile(rf"(?i)\W{{0,10}}{_KIND}(?![\w/.-])")
_MARKED = re.compile(
    rf"(?i)(?:[\[(<|]|(?:^|\s)-|[,\s](?=\s{{0,3}}[a-z]{{3,12}}:\s{{0,3}}(?:[a-z]|$)))\s{{0,3}}{_KIND}"
    r"\s{0,3}(?:[\])>|:]|-\s|on '|epoch\b)"
)
"""As in `[valid] loss=0.5`, fairseq's `| valid on 'valid' subset | loss 0.5`, OpenCLIP's `| Eval Epoch: 3`
and icefall's `Epoch 3, validation: loss=0.5`; `Epoch 3 - val - loss: 0.5`."""
_OTHERS = re.compile(
    r"Namespace\(|^(?:\*? ?Acc@|Averaged stats: )"
    r"|(?i:\bvalidation steps: )"
    r"|\bsubset:?\s{1,8}\d{1,12} / \d{1,12} |\bEval Epoch: \d{1,9} \[\s{0,12}\d{1,12} / \d{1,12}\]"
)
"""Lines of settings; DeiT's and MAE's of an evaluation on they tell not what, and means of either kind; what
fairseq, OpenCLIP and the bars of kohya's scripts tell of a validation that is still going on."""
_EVALUATED = re.compile(r"^ppl: \S{1,30}, $|^Saving dict for global step ")
"""What stands before the loss that DeepSpeed-Chat's step 1 and TensorFlow's estimators evaluated."""
_MEAN = re.compile(r"\| train \| |\| epoch \d{1,9} \| (?:train )?loss ")
"""fairseq's of a whole epoch."""

_TO_NUMBER = r"[\"']?\s{0,2}[:=#]?\s{0,2}\[?\s{0,8}[\"']?"
_STEPS = tuple(
    re.compile(rf"(?i)(?<![\w/]){words}(?P<step>\d{{1,12}}[KM]?)(?!\.?[\w%]){last}")
    for words, last in (
        (rf"global[ _]step{_TO_NUMBER}", r"(?:\s{0,2}/\s{0,2}(?P<last>\d{1,12}))?"),
        (r"(?:train_|valid_)?num_updates[\"']?\s{0,2}[:=]?\s{0,2}[\"']?", r"(?P<last>)"),
        (r"(?:step|iter(?:ation)?)s?:?\s{1,8}\d{1,3}%\|[^|]{0,400}\|\s{1,12}", r"/(?P<last>\d{1,12}) \["),
        (
            rf"(?:global[ _])?(?:step|iter(?:ation)?)s?(?:\(train\))?{_TO_NUMBER}",
            r"(?:\s{0,2}(?:/|of)\s{0,2}(?P<last>\d{1,12})(?![\w.]))?",
        ),
    )
)
"""How a line tells its step, the surest first; the third is tqdm's bar of that name; LeRobot's are `2K`."""
_THOUSANDS = {"k": "000", "m": "000000"}
_EPOCH = re.compile(
    rf"(?i)(?<![\w/])epoch{_TO_NUMBER}(?P<epoch>\d{{1,9}}(?:\.\d{{1,9}})?)(?!\.?\w|%)"
    r"(?:\s{0,2}(?:/|of)\s{0,2}(?P<epochs>\d{1,9})(?![\w.]))?"
)
_RANK = re.compile(
    r"(?i)(?:^\W{0,3}|[,:|] )(?:(?:global|local)[ _])?(?:rank|gpu|proc(?:ess)?|worker)"
    r"[ _:=#]{0,2}(\d{1,5})(?![\w.])|\.py:\d{1,6}\] \((\d{1,5})/\d{1,5}\) "
)
"""In words, or as icefall counts them: `[train.py:529] (0/2) Epoch 11`."""
_ANY_DIGIT = {ord(digit): "0" for digit in "123456789"}
"""No pattern above has a digit of its own."""


class Place(Struct, frozen=True):
    """Where a line stands, as digits: its step and epoch, each of how many; None: not told."""

    step: str | None = None
    last: str | None = None
    epoch: str | None = None
    epochs: str | None = None


class Told(Struct, frozen=True):
    """What a line tells, its numbers as digits.

    `losses` are the first training loss ("loss") and validation loss ("val_loss"). `rank` is the last one
    named where records stand glued to each other; `is_mean` is True for means over an epoch, beside which
    others tell the losses of steps.
    """

    losses: Mapping[str, str]
    place: Place
    rank: int | None
    is_mean: bool


def told_in(text: str) -> Told:
    """Return what a line of text tells.

    What it means depends on its words, and on how many digits its numbers have; not on which. A program says
    the same words again and again.
    """
    form = _form_of(text.translate(_ANY_DIGIT))
    spans = (form.step, form.last, form.epoch, form.epochs)
    step, last, epoch, epochs = (None if span is None else text[span] for span in spans)
    return Told(
        {name: text[span] for name, span in form.losses},
        Place(step and step[:-1] + _THOUSANDS.get(step[-1].lower(), step[-1]), last or None, epoch, epochs),
        None if form.rank is None else int(text[form.rank]),
        form.is_mean,
    )


class _Form(Struct, frozen=True):
    """Where a line tells what."""

    losses: tuple[tuple[str, slice], ...]
    step: slice | None
    last: slice | None
    epoch: slice | None
    epochs: slice | None
    rank: slice | None
    is_mean: bool


@lru_cache(512)
def _form_of(text: str) -> _Form:
    step = next((found for pattern in _STEPS if (found := pattern.search(text))), None)
    epoch = _EPOCH.search(text)
    ranks = [*_RANK.finditer(text)]
    return _Form(
        tuple(_losses(text).items()),
        _span(step, "step"),
        _span(step, "last"),
        _span(epoch, "epoch"),
        _span(epoch, "epochs"),
        _span(ranks[-1], 1) or _span(ranks[-1], 2) if ranks else None,
        _MEAN.search(text) is not None,
    )


def _losses(text: str) -> dict[str, slice]:
    found: dict[str, slice] = {}
    for match in () if _OTHERS.search(text) else _LOSS.finditer(text):
        name = _name_of(match["words"], match["behind"])
        if name == "loss" and not (match["behind"] or "train" in match["words"].lower()):
            name = _among(text, match.start())
        span = _span(match, "told") or _span(match, "bare")
        if name is not None and span is not None:
            found.setdefault(name, span)
    return found


def _span(found: re.Match[str] | None, group: str | int) -> slice | None:
    return None if found is None or found[group] is None else slice(*found.span(group))


def _name_of(words: str, behind: str | None) -> str | None:
    """Return which loss the two words before "loss" and the one behind it make it; None for neither."""
    told = {*re.split("[ _/.-]", words.lower()), (behind or "").lower()} - _NEUTRAL
    if told <= _TRAINING:
        return "loss"
    return "val_loss" if told <= _VALIDATION or told == _OPEN_CLIPS else None


def _among(text: str, end: int) -> str | None:
    """Return which loss an unnamed one is by what stands before it: "Validation: loss 0.1", "[test] loss"."""
    if _EVALUATED.search(text[:end]):
        return "val_loss"
    marks = [*_MARKED.finditer(text, 0, end)]
    told = marks[-1] if marks else _LINE_OF.match(text, 0, end)
    kind = "train" if told is None else told["kind"].lower()
    if kind.startswith("test"):
        return None
    return "loss" if kind.startswith("train") else "val_loss"
