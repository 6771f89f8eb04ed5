"""Read the commands of a batch script without running it, following its branches as far as they are known.

Invariant: what a branch sets of which it is not known whether it is taken, is not known afterwards; commands
of such a branch are told, those of a branch that is known not to be taken are not. A loop is gone through
where all that it goes through is known, and a function is followed where it is called.
"""

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import chain

from afterall.scan.parameters.scripts.assignments import settle
from afterall.scan.parameters.scripts.blocks import Blocks
from afterall.scan.parameters.scripts.budget import cost_of_text
from afterall.scan.parameters.scripts.conditions import is_test, tested
from afterall.scan.parameters.scripts.held import Kept
from afterall.scan.parameters.scripts.here_documents import lines_of
from afterall.scan.parameters.scripts.loops import Piece, Text, names_set
from afterall.scan.parameters.scripts.redirections import without_redirections
from afterall.scan.parameters.scripts.rounds import rounds_of
from afterall.scan.parameters.scripts.sums import summed
from afterall.scan.parameters.scripts.variables import Variables
from afterall.scan.parameters.scripts.words.syntax import split_commands

MOST_BYTES = 1 << 18
DEEPEST = 8
"""Functions, files and texts that are run within each other."""
_SUM = re.compile(r"\s*\(\((.*)\)\)\s*", re.DOTALL)
_FORKING = frozenset({"|", "&"})
"""Operators behind what is a shell of its own."""
_LEAVING = frozenset({"exit", "return", "break", "continue"})
Words = list[str]


class _Leaves(Exception):
    """The script goes on elsewhere: behind a loop, a function, or not at all."""

    def __init__(self, word: str, levels: int = 1) -> None:
        super().__init__(word)
        self.word = word
        self.levels = levels


def commands(script: str, variables: Variables) -> Iterator[Words]:
    """Yield the words of each command of a script in order, its variables put in as far as known.

    Last come those of functions that it defines and that no command of its own calls.
    """
    run = _Run(variables)
    yield from run.script(script)
    yield from run.uncalled()


class _Run:
    """One way through a script."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._blocks = Blocks()
        self._functions: dict[str, Text] = {}
        self._called: set[str] = set()
        self._depth = 0
        self._callers = 0
        """How many functions and files are run within each other now, which `return` leaves."""

    def script(self, text: str) -> Iterator[Words]:
        """Yield a whole script's commands."""
        try:
            yield from self._text(text)
        except _Leaves:
            return

    def uncalled(self) -> Iterator[Words]:
        """Yield the commands of functions that nobody called: another program may, with words of its own."""
        self._variables.forget_arguments()
        self._blocks.unwind(0)
        self._blocks.open_body(is_sure=False)
        for name, body in list(self._functions.items()):
            if name not in self._called:
                try:
                    yield from self._pieces(body, 0, len(body.pieces))
                except _Leaves:
                    continue

    def _text(self, text: str) -> Iterator[Words]:
        self._pay(cost_of_text(text))
        lines = "\n".join(line for line, _ in lines_of(text[:MOST_BYTES]))
        whole = Text(list(split_commands(lines)))
        yield from self._pieces(whole, 0, len(whole.pieces))

    def _pieces(self, whole: Text, at: int, stop: int) -> Iterator[Words]:
        blocks = self._blocks
        shells: dict[int, Kept] = {}
        while at < stop:
            text, end = whole.pieces[at]
            self._pay(1 + cost_of_text(text))
            function = whole.function_at(at, stop) if blocks.may_run else None
            if function is not None:
                self._pay(len(function.body) // 10)
                self._functions[function.name] = Text(function.body)
                blocks.leave("\n")
                at = function.end + 1
                continue
            if (closes := whole.brace_ends.get(at, stop)) < stop and whole.pieces[closes][1] in _FORKING:
                shells[closes] = self._variables.kept()
            self._variables.is_surely_run = blocks.is_sure
            rest = blocks.enter(text, end, self._variables.pattern)
            if blocks.opened:
                after = yield from self._loop(whole, (at, stop), rest)
                if after is not None:
                    at = after
                    continue
            elif rest.strip() and blocks.may_run:
                yield from self._command(rest, end)
            if at in shells:
                self._variables.go_back_to(shells[at])
            blocks.leave(end)
            at += 1

    def _pay(self, commands: int) -> None:
        """Stop where the script does more than is followed."""
        self._variables.budget.commands -= commands
        if self._variables.budget.is_spent:
            raise _Leaves("exit")

    def _command(self, text: str, end: str) -> Iterator[Words]:
        """Run one command; what a part of a pipeline, or one in the background, sets ends with it."""
        if end not in _FORKING and not self._blocks.is_behind_pipe:
            yield from self._run(text, end)
            return
        before, depth = self._variables.kept(), self._blocks.depth
        try:
            yield from self._run(text, end)
        except _Leaves:
            if self._variables.budget.is_spent:
                raise
            self._blocks.unwind(depth)
            self._blocks.after(None, end, is_test=False)
        self._variables.go_back_to(before)

    def _run(self, text: str, end: str) -> Iterator[Words]:
        """Take what one command sets, else follow it, else yield its words."""
        is_sure = self._variables.is_surely_run = self._blocks.is_sure
        summing = _SUM.fullmatch(text)
        if summing is not None:
            self._blocks.after(summed(summing[1], self._variables, is_sure=is_sure), end, is_test=True)
            return
        words = settle(text, self._variables, is_sure=is_sure)
        if words is None:
            self._blocks.after(True, end, is_test=False)
            return
        yield from self._follow(words, is_sure=is_sure)
        self._blocks.after(tested(words), end, is_test=is_test(words))

    def _follow(self, words: Words, *, is_sure: bool) -> Iterator[Words]:
        """Go where a command leads: into a function, a text or a file, or away; else yield its words."""
        name = words[0]
        if name in _LEAVING:
            self._leave(words, is_sure=is_sure)
        elif name == "let":
            summed(",".join(words[1:]), self._variables, is_sure=is_sure)
        elif name in self._functions and self._depth < DEEPEST:
            self._called.add(name)
            yield from self._call(self._functions[name], words[1:])
        elif name == "eval" and self._depth < DEEPEST:
            self._variables.may_have_more |= any("$" in word for word in words)
            yield from self._inner(" ".join(words[1:]))
        elif name in ("source", ".") and len(words) > 1 and self._depth < DEEPEST:
            yield from self._source(words[1], words[2:])
        else:
            yield from self._tell(words, is_sure=is_sure)

    def _tell(self, words: Words, *, is_sure: bool) -> Iterator[Words]:
        """Yield the words of a command that is no further followed, without where its output goes."""
        name = words[0]
        told, written = without_redirections(words[1:] if name == "exec" else words)
        for file in written:
            self._variables.note_written(file)
        if name in ("cd", "pushd", "popd") and is_sure:
            self._variables.work_in(told[1] if len(told) == 2 else "$")
        if told:
            yield told
        if name == "exec" and told and is_sure:
            raise _Leaves("exit")

    def _leave(self, words: Words, *, is_sure: bool) -> None:
        count = words[1] if len(words) > 1 else "1"
        if words[0] == "return" and not self._callers:
            return  # There is nothing to return from: bash goes on.
        if is_sure:
            raise _Leaves(words[0], int(count) if count.isdecimal() and len(count) < 3 else 1)
        if words[0] in ("break", "continue"):
            self._blocks.doubt_loops()

    def _source(self, file: str, arguments: Words) -> Iterator[Words]:
        """Run a file in the same shell, which has words of its own for it where it is given any."""
        text, before = self._variables.text_of(file), self._variables.arguments
        self._variables.may_have_more |= text is None
        if arguments:
            self._variables.arguments = arguments
        depth = self._blocks.depth
        self._callers += 1
        try:
            yield from self._inner(text or "")
        except _Leaves as leaves:
            if leaves.word != "return":
                raise
            self._blocks.unwind(depth)
        finally:
            self._callers -= 1
        if arguments:
            self._variables.arguments = before

    def _inner(self, text: str) -> Iterator[Words]:
        """Run another text in the place of a command, in the same shell."""
        depth = self._blocks.depth
        self._blocks.open_body()
        self._depth += 1
        try:
            yield from self._text(text)
        finally:
            self._depth -= 1
        self._blocks.unwind(depth)

    def _call(self, body: Text, arguments: Words) -> Iterator[Words]:
        """Run a function with words of its own."""
        depth, before = self._blocks.depth, self._variables.arguments
        self._blocks.open_body()
        self._variables.arguments = arguments
        self._variables.enter_scope()
        self._depth += 1
        self._callers += 1
        try:
            yield from self._pieces(body, 0, len(body.pieces))
        except _Leaves as leaves:
            if leaves.word != "return":
                raise
        finally:
            self._depth -= 1
            self._callers -= 1
            self._variables.leave_scope()
            self._variables.arguments = before
        self._blocks.unwind(depth)

    def _loop(self, whole: Text, place: tuple[int, int], header: str) -> Generator[Words, None, int | None]:
        """Go through a loop and return the place of its end; None where it is not known how often it goes."""
        at, stop = place
        pieces, end = whole.pieces, whole.loop_ends.get(at, stop)
        rounds = None
        if end < stop and self._blocks.is_sure_but_loop:
            rounds = rounds_of(self._blocks.opened, header, pieces[end][0], self._variables)
        if rounds is None:
            yield from self._unknown_loop(whole, (at, end), header)
            return None
        blocks = self._blocks
        depth = blocks.depth
        blocks.judge_loop(depth, is_sure=True)
        blocks.leave(pieces[at][1])
        # Behind a pipe and in the background a loop is a shell of its own.
        before = self._variables.kept() if pieces[end][1] in _FORKING else None
        for is_known in rounds:
            if not is_known:
                self._doubt(header, pieces[at + 1 : end])
                blocks.judge_loop(depth, is_sure=False)
            try:
                yield from self._pieces(whole, at + 1, end)
            except _Leaves as leaves:
                if leaves.word not in ("break", "continue"):
                    raise
                blocks.unwind(depth)
                if leaves.levels > 1:
                    raise _Leaves(leaves.word, leaves.levels - 1) from None
                if leaves.word == "break":
                    break
            blocks.unwind(depth)
        if before is not None:
            self._variables.go_back_to(before)
        return end

    def _unknown_loop(self, whole: Text, place: tuple[int, int], header: str) -> Iterator[Words]:
        """Take the head of a loop that is gone through an unknown number of times."""
        at, end = place
        kind = self._blocks.opened
        self._doubt(f"{kind} {header}", whole.pieces[at + 1 : end])
        if kind in ("while", "until") and header.strip():
            yield from self._command(header, whole.pieces[at][1])

    def _doubt(self, header: str, body: Sequence[Piece]) -> None:
        """Forget what a loop sets: what a round sets the next one may find."""
        bodies = [function.pieces for function in self._functions.values()]
        pieces = [(header, ""), *body, *chain(*bodies)]
        self._pay(len(pieces) // 10)
        names = names_set(pieces)
        for name in names if names is not None else list(self._variables.values):
            self._variables.forget(name)
        if names is None or "@" in names:
            self._variables.forget_arguments()
