"""The interpreter: runs a kernel's statements, each for all threads of a block at once.

Where threads disagree, an `if` runs both branches, each for its own lanes, and a loop goes round until its last lane has
left: what a warp does on a GPU. Assignments change a variable in the active lanes only. Every method that runs statements
takes the lanes that arrive and returns the lanes that go on to the next statement.
"""

import ast
import functools
from dataclasses import dataclass, field

import numpy as np

from labkit.emulator import access, subset
from labkit.emulator.arithmetic import is_number, select
from labkit.emulator.calls import Calls
from labkit.emulator.intrinsics import Intrinsic
from labkit.emulator.lanes import Lanes, truth
from labkit.emulator.memory import View
from labkit.emulator.mixed import Mixed, within
from labkit.emulator.source import Function
from labkit.emulator.state import memory, state
from labkit.emulator.translate import same_tuple

_LOOK_FROM = 1024       # turns of a while loop, a power of two


@dataclass
class Loop:
    """A loop while it runs: its statement, the lanes that left it by `break` or wait for its next turn by `continue`, a for's turn."""

    node: ast.AST
    broken: Lanes
    continued: Lanes
    turn: int = 0


@dataclass
class Frame:
    """A call of a function.

    names    variables; partial: for those that some threads have not set, (threads,) bool of those that have
    live     lanes that have not returned from this call
    node     the call in the caller's source
    made     by the place in the source that makes a local array: the lanes for which this call has made it
    """

    function: Function
    names: dict
    live: Lanes
    caller: object = None
    partial: dict = field(default_factory=dict)
    loops: list = field(default_factory=list)
    value: object = None
    returned: bool = False
    made: dict = field(default_factory=dict)
    node: ast.AST = None


class Task(Calls):
    """Runs one kernel for one block, or, where threads wait for one another, for a single thread of it."""

    def call(self, function, arguments, keywords, lanes, node):
        """Run a function for these lanes and return its value."""
        caller = self.frame
        while caller:
            if caller.function.node is function.node:
                self.refuse(f"{function.name} calls itself, and the emulator does not run recursion; write a loop", node, lanes)
            caller = caller.caller
        if self.frame is not None:
            self.launch.check(function, is_kernel=False)
        names = self._bound(function, arguments, keywords, lanes, node)
        self.frame = Frame(function, names, lanes, self.frame, node=node)
        try:
            falling = self.run(function.body, lanes)
            frame = self.frame
            return self.merged(falling, None, frame.value) if falling.count and frame.returned else frame.value
        finally:
            self.frame = self.frame.caller

    def _bound(self, function, arguments, keywords, lanes, node):
        """Parameters with their values."""
        names = dict(zip(function.parameters, arguments, strict=False))
        twice = [k for k in keywords if k in names]
        names |= keywords
        positional = function.parameters[:len(function.parameters) - len(function.node.args.kwonlyargs)]
        defaults = {**dict(zip(positional[::-1], function.defaults[::-1], strict=False)), **function.keyword_defaults}
        for name in defaults.keys() - names.keys():
            inner = function.frame is not None      # its defaults were evaluated in the kernel
            names[name] = defaults[name] if inner else self.outside(defaults[name], name, node, lanes)
        missing = [p for p in function.parameters if p not in names]
        if missing or twice or len(arguments) > len(positional) or not set(keywords) <= set(function.parameters):
            self.stop("arguments", f"{function.name} takes ({', '.join(function.parameters)}) but is called with "
                      f"{len(arguments) + len(keywords)} arguments", node, lanes)
        return names

    # Statements

    def run(self, statements, lanes):
        for statement in statements:
            lanes = self.step(statement, lanes)
            if not lanes.count:
                break
        return lanes

    def step(self, statement, lanes):
        self.at = self.frame.function, statement
        self.count_step(statement, lanes)
        return STATEMENTS[type(statement)](self, statement, lanes)

    def count_step(self, node, lanes):
        self.block.steps += 1
        if self.block.steps >= self.block.check_at:
            self.launch.check_budget(self, node, lanes)

    def do_expression(self, node, lanes):
        if not isinstance(node.value, ast.Constant):
            self.dropped = node.value       # nobody looks at its value
            value = self.evaluate(node.value, lanes)
            if isinstance(value, Intrinsic) and not isinstance(node.value, ast.Call):
                self.warn("unused", f"{self.text(node)} is named but not called: write {self.text(node)}().", node)
        return lanes

    def do_assign(self, node, lanes):
        if isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            self.naming = node.targets[0].id
        value = self.evaluate(node.value, lanes)
        self.naming = None
        for target in node.targets:
            self.assign(target, value, lanes)
        return lanes

    def do_annotated(self, node, lanes):
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, lanes), lanes)
        return lanes

    def do_augmented(self, node, lanes):
        target = node.target
        if isinstance(target, ast.Subscript):
            self.each(self.evaluate(target.value, lanes), lanes, lambda array, here: self._augment(array, node, here))
            return lanes
        if not isinstance(target, ast.Name):
            self.refuse(f"a kernel cannot assign to {self.text(target)}", target, lanes)
        if not hasattr(target, "read"):
            target.read = ast.copy_location(ast.Name(target.id, ast.Load()), target)
        old = self.number(target.read, lanes)
        value = self.evaluate(node.value, lanes)
        if subset.divided_on_some_paths(node, self.frame.function):
            self._check_division(old, value, node, lanes)
        self.assign(target, self.operate(node, type(node.op), old, value, target, node.value, lanes), lanes)
        return lanes

    def _check_division(self, old, value, node, lanes):
        """Numba gives the result of an integer /= an integer the type of a float in some places and the memory of an integer."""
        if isinstance(node.op, ast.Div) and is_number(value) and {old.dtype.kind, value.dtype.kind} <= set("biu"):
            text = self.text(node.target)
            self.refuse(f"{text} holds integers, and Numba compiles no /= for it here; write {text} = {text} / {self.text(node.value)}, or //= "
                        "for whole numbers", node, lanes)

    def _augment(self, array, node, lanes):
        target = node.target
        array = self.checked_array(array, target.value, lanes)
        index = self.index(target, lanes, array)
        if len(index) != len(array.shape) or slice in map(type, index):
            self.refuse("a slice or a whole array cannot be changed at once; write the loop over its elements", node, lanes)
        old, value = access.load(self, array, index, lanes, target), self.evaluate(node.value, lanes)
        self._check_division(old, value, node, lanes)
        new = self.operate(node, type(node.op), old, value, target, node.value, lanes)
        access.store(self, array, index, lanes, new, target)

    def assign(self, target, value, lanes):
        if isinstance(target, ast.Name):
            self.set(target.id, value, lanes)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part, item in zip(target.elts, self.unpacked(value, len(target.elts), target, lanes), strict=True):
                self.assign(part, item, lanes)
        elif isinstance(target, ast.Subscript):
            self.each(self.evaluate(target.value, lanes), lanes, lambda array, here: self._store(array, target, value, here))
        else:
            self.refuse(f"a kernel cannot assign to {self.text(target)}", target, lanes)

    def unpacked(self, value, length, node, lanes):
        if isinstance(value, View) and len(value.shape) and value.shape[0] == length:
            return [self.item(value, (np.int64(k),), lanes, node) for k in range(length)]
        if not isinstance(value, tuple) or len(value) != length:
            self.refuse(f"{self.text(node)} needs {length} values on the right", node, lanes)
        return value

    def _store(self, array, target, value, lanes):
        array, value = self.checked_array(array, target.value, lanes), within(value, lanes)
        index = self.index(target, lanes, array)
        if not is_number(value) and not isinstance(value, View):
            self.refuse(f"an element of {array.name} is a number; {self.describe(value)} does not fit", target, lanes)
        if len(index) == len(array.shape) and slice not in map(type, index):
            if isinstance(value, View):
                self.refuse(f"{self.text(target)} is one element; an array does not fit", target, lanes)
            access.store(self, array, index, lanes, value, target)
            return
        part = self.item(array, index, lanes, target)
        if isinstance(value, View):
            self.refuse("Numba does not copy arrays inside a kernel; write the loop over the elements", target, lanes)
        access.fill(self, part, lanes, value, target)

    def set(self, name, value, lanes):
        """Give a variable a value in these lanes and keep it in the others."""
        frame = self.frame
        if lanes.count >= frame.live.count:
            frame.names[name] = value
            frame.partial.pop(name, None)
            return
        if name in frame.names:
            frame.names[name] = self.merged(lanes, value, frame.names[name])
            if name in frame.partial:
                frame.partial[name] = frame.partial[name] | lanes.bits
        else:
            frame.names[name] = value
            frame.partial[name] = lanes.bits

    def merged(self, lanes, new, old):
        """`new` in these lanes, `old` in the others."""
        joined = new if new is old else self._joined(lanes, new, old)
        return Mixed.of(lanes, new, old, self._joined) if joined is None and new is not old else joined

    def _joined(self, lanes, new, old):
        """`new` and `old` as one value; None where they are not of one kind."""
        if is_number(new) and is_number(old):
            return select(lanes.bits, new, old)
        if isinstance(new, View) and isinstance(old, View):
            if (new.buffer, new.shape, new.strides) == (old.buffer, old.shape, old.strides):
                return View(new.buffer, np.where(lanes.bits, new.offset, old.offset), new.shape, new.strides, new.name,
                            new.whole if new.whole is old.whole else None)
        elif isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
            return same_tuple(new, (self.merged(lanes, n, o) for n, o in zip(new, old, strict=True)))
        return None

    def each(self, value, lanes, use):
        """use(value, lanes), part by part where threads hold different things, put together again."""
        if type(value) is not Mixed:
            return use(value, lanes)
        if value.several_types:
            self.refuse(f"one name stands for {self.describe(value)}, and Numba gives it one type on all paths; use two names", self.at[1], lanes)
        found = [(here, use(part, here)) for here, part in ((lanes.where(bits), part) for bits, part in value.parts) if here.count]
        return functools.reduce(lambda old, new: self.merged(*new, old), found[1:], found[0][1])

    # Control flow

    def do_if(self, node, lanes):
        condition = truth(self.condition(node.test, lanes))
        yes, no = lanes.where(condition), lanes.unless(condition)
        if yes.count:
            yes = self.run(node.body, yes)
        if no.count and node.orelse:
            no = self.run(node.orelse, no)
        return yes.join(no)

    def do_while(self, node, lanes):
        loop = self._enter(node, lanes)
        active, done = lanes, lanes.none()
        turns, before = 0, None
        while active.count:
            self.count_step(node, active)
            turns += 1
            if turns >= _LOOK_FROM and not self.launch.schedule:
                before = self._look_for_change(before, turns, node, active)
            going = active.where(truth(self.condition(node.test, active)))
            if going is not active:
                done = done.join(active.without(going))
            if turns == 2 and going.count and subset.cannot_end(node):
                self.stop("endless", f"{self.who(going.first())} never leaves this loop: nothing in it changes the condition {self.text(node.test)}, "
                          "and no break or return leads out; change what should end it", node, going)
            active = self._turn(loop, going) if going.count else going
            if len(self.block.tasks) > 1:       # perhaps it waits for another thread: let the others go on
                self.block.turns += 1
                if self.block.turns >= self.launch.max_steps:
                    self.launch.endless(self, node, lanes, f"after {self.block.turns:,} turns of such loops in its block")
                self.launch.schedule.switch()
        return self._leave(loop, done)

    def _look_for_change(self, before, turns, node, lanes):
        """Compare all that a turn depends on in turns 1024 and 1025, 2048 and 2049, ...: a turn that changes nothing comes again and again."""
        now = None
        if before or turns & (turns - 1) == 0:
            now = memory(self.launch, [self.block]), state(self), lanes.bits.tobytes()
        if before and before == now:
            self.stop("endless", f"{self.who(lanes.first())} is still in this loop and always will be: a turn of it changes no variable and no "
                      "memory any more; look for what should end it (another thread is seen by a test with cuda.atomic, such as "
                      "cuda.atomic.add(array, index, 0))", node, lanes)
        return None if before else now

    def do_for(self, node, lanes):
        sequence = self.sequence(node.iter, lanes)
        loop = self._enter(node, lanes)
        active, done = lanes, lanes.none()
        uneven = np.ndim(sequence.length) > 0
        longest = int(sequence.length[lanes.index].max()) if uneven else int(sequence.length)
        for turn in range(longest):
            if uneven:
                going = active.where(turn < sequence.length)
                done = done.join(active.without(going))
                active = going
            if not active.count:
                break
            self.count_step(node, active)
            loop.turn = turn
            self.assign(node.target, sequence.item(self, turn, active, node), active)
            active = self._turn(loop, active)
        return self._leave(loop, done.join(active))

    def _enter(self, node, lanes):
        loop = Loop(node, lanes.none(), lanes.none())
        self.frame.loops.append(loop)
        return loop

    def _turn(self, loop, lanes):
        """Run a loop's body once. Returns the lanes that may go round again."""
        loop.continued = lanes.none()
        return self.run(loop.node.body, lanes).join(loop.continued)

    def _leave(self, loop, done):
        self.frame.loops.pop()
        if loop.node.orelse and done.count:
            done = self.run(loop.node.orelse, done)
        return done.join(loop.broken)

    def do_break(self, node, lanes):
        loop = self.frame.loops[-1]
        loop.broken = loop.broken.join(lanes)
        return lanes.none()

    def do_continue(self, node, lanes):
        loop = self.frame.loops[-1]
        loop.continued = loop.continued.join(lanes)
        return lanes.none()

    def do_return(self, node, lanes):
        frame = self.frame
        value = None if node.value is None else self.evaluate(node.value, lanes)
        frame.value = self.merged(lanes, value, frame.value) if frame.returned else value
        frame.returned = True
        frame.live = frame.live.without(lanes)
        if frame.caller is None:
            self.block.leave(lanes, node.lineno)
        return lanes.none()

    def do_assert(self, node, lanes):
        failing = lanes.unless(truth(self.condition(node.test, lanes)))
        if failing.count:
            self.stop("assertion", f"{self.who(failing.first())} finds that {self.text(node.test)} does not hold", node, failing)
        return lanes

    def do_raise(self, node, lanes):
        what = self.text(node.exc) if node.exc else "an exception"
        self.stop("assertion", f"{self.who(lanes.first())} raises {what}", node, lanes)

    def do_define(self, node, lanes):
        self.set(node.name, self.inner_function(node.name, node, lanes), lanes)
        return lanes

    def do_pass(self, node, lanes):
        return lanes


STATEMENTS = {
    ast.Expr: Task.do_expression, ast.Assign: Task.do_assign, ast.AnnAssign: Task.do_annotated, ast.AugAssign: Task.do_augmented,
    ast.If: Task.do_if, ast.While: Task.do_while, ast.For: Task.do_for, ast.Break: Task.do_break, ast.Continue: Task.do_continue,
    ast.Return: Task.do_return, ast.Assert: Task.do_assert, ast.Raise: Task.do_raise, ast.FunctionDef: Task.do_define,
    ast.Pass: Task.do_pass, ast.Global: Task.do_pass,
}
