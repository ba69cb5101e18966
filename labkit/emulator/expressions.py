"""The values of a kernel's expressions, for all threads of a block at once: a NumPy scalar where they agree, else (threads,)."""

import ast
import functools
import types

import numpy as np

from labkit.emulator import access, arithmetic, intrinsics
from labkit.emulator.arithmetic import FLOAT64, is_number
from labkit.emulator.indexing import Indexing
from labkit.emulator.intrinsics import Intrinsic
from labkit.emulator.lanes import truth
from labkit.emulator.memory import View
from labkit.emulator.mixed import Mixed, within
from labkit.emulator.source import Function
from labkit.emulator.translate import Refused, translate


class Expressions(Indexing):
    """The part of a Task that evaluates."""

    def evaluate(self, node, lanes):
        evaluate = EXPRESSIONS.get(type(node))
        if evaluate is None:
            self.refuse(f"the emulator does not run {self.text(node)} inside a kernel", node, lanes)
        return evaluate(self, node, lanes)

    def number(self, node, lanes):
        """The value of an expression that has to be a number."""
        value = self.evaluate(node, lanes)
        if not is_number(value):
            self.refuse(f"{self.text(node)} is {self.describe(value)} where a number is needed", node, lanes)
        return value

    def condition(self, node, lanes):
        value = self.evaluate(node, lanes)
        if isinstance(value, View):
            self.refuse(f"{self.text(node)} is an array, which is neither true nor false; test one of its elements, or its size",
                        node, lanes)
        if isinstance(value, Mixed):
            self.refuse(f"{self.text(node)} is {self.describe(value)}, and the emulator does not run that as a condition; test it with "
                        "`is None`", node, lanes)
        return value

    def describe(self, value):
        """A value in words, for a message."""
        if isinstance(value, View):
            return f"the array {value.name}"
        if is_number(value):
            return f"a number ({value.dtype})"
        if isinstance(value, Mixed):
            return " in some threads and ".join(self.describe(part) for _, part in value.parts) + " in others"
        if isinstance(value, np.dtype):
            return f"the type {value}"
        if isinstance(value, Intrinsic):
            return "a set of three numbers (take its .x, .y or .z)" if intrinsics.known(f"{value.name}.z") else f"cuda.{value.name}, not called"
        return {tuple: "a tuple", str: "a string", type(None): "None", Function: "a function"}.get(type(value), "a Python object")

    # Names and constants

    def constant(self, node, lanes):
        try:
            return node.number
        except AttributeError:
            node.number = self._literal(node.value, node, lanes)
            return node.number

    def _literal(self, value, node, lanes):
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            self.refuse(f"{self.text(node)} is {value}, which no integer of a GPU's holds; it goes from -2**63 to 2**64 - 1", node, lanes)
        return arithmetic.typed(value) if isinstance(value, (bool, int, float, complex)) else value

    def _folded(self, node, lanes):
        """The value of arithmetic of literals; None where it has names in it."""
        if not hasattr(node, "number"):
            value = arithmetic.folded(node)
            node.number = None if value is None else self._literal(value, node, lanes)
        return node.number

    def name(self, node, lanes):
        name = node.id
        frame = self.frame
        while frame is not None:
            if name in frame.names:
                if name in frame.partial:
                    self._check_set(node, lanes, frame.partial[name])
                return within(frame.names[name], lanes)
            if name in frame.function.local:
                self.stop("unset-variable", f"{name} is used before it is given a value", node, lanes)
            frame = frame.function.frame
        key = (self.frame.function, name)
        if key not in self.launch.outside:
            try:
                value = self.frame.function.lookup(name)
            except KeyError:
                self.refuse(f"the name {name} is not defined", node, lanes)
            self.launch.outside[key] = self.outside(value, name, node, lanes)
        return self._here(self.launch.outside[key])

    def _check_set(self, node, lanes, known):
        unset = lanes.unless(known)
        if unset.count:
            self.fault("unset-variable", f"{node.id} has no value in {self.who(unset.first())}: the line that sets it did not "
                       "run there, and a GPU would go on with whatever the register holds; give it a value before the if or "
                       "loop.", node, unset.first())

    def outside(self, value, name, node, lanes):
        """An object from outside the kernel as a value of the kernel's."""
        try:
            return translate(value, name, self.launch.constant)
        except Refused as refused:
            self.refuse(str(refused), node, lanes)

    def _here(self, value):
        """A name such as cuda.laneid stands for a number as soon as it is read."""
        if isinstance(value, Intrinsic) and value.name in intrinsics.VALUES:
            return intrinsics.VALUES[value.name](self)
        return value

    def attribute(self, node, lanes):
        return self._attribute_of(self.evaluate(node.value, lanes), node, lanes)

    def _attribute_of(self, value, node, lanes):
        name = node.attr
        if isinstance(value, Mixed):
            return self.each(value, lanes, lambda part, here: self._attribute_of(part, node, here))
        if isinstance(value, View):
            return self._of_array(value, name, node, lanes)
        if isinstance(value, (Intrinsic, types.ModuleType, types.SimpleNamespace)):
            try:
                found = getattr(value, name)
            except AttributeError as error:
                self.refuse(str(error), node, lanes)
            return self._here(self.outside(found, self.text(node), node, lanes))
        if isinstance(value, (np.finfo, np.iinfo)) and isinstance(getattr(value, name, None), (int, np.generic)):
            return arithmetic.typed(getattr(value, name))
        if is_number(value) and name in ("real", "imag"):
            return getattr(value, name)
        if is_number(value) and name == "item":
            return lambda: value
        if is_number(value) and name == "conjugate":
            return functools.partial(np.conjugate, value)
        if isinstance(value, tuple) and name in getattr(value, "_fields", ()):
            return getattr(value, name)
        if isinstance(value, np.dtype) and name == "type":
            return value
        self.refuse(f"{self.text(node)} means nothing inside a kernel", node, lanes)

    def _of_array(self, view, name, node, lanes):
        if name == "shape":
            return tuple(np.int64(n) for n in view.shape)
        if name == "strides":
            return tuple(np.int64(s * view.dtype.itemsize) for s in view.strides)
        if name in ("size", "ndim", "itemsize", "nbytes"):
            return np.int64({"size": view.size, "ndim": len(view.shape), "itemsize": view.dtype.itemsize,
                             "nbytes": view.size * view.dtype.itemsize}[name])
        if name == "dtype":
            return view.dtype
        if name == "T":
            return view.transposed()
        if name == "reshape":
            return functools.partial(self._reshape, node, lanes, view)
        if name == "fill":
            return lambda value: self._fill(node, lanes, view, value)
        if not hasattr(np.ndarray, name):
            self.refuse(f"an array has no .{name}; its size is fixed: write to its elements, such as {view.name}[i]", node, lanes)
        self.refuse(f"the emulator does not run {self.text(node)} inside a kernel; write the loop over the elements", node, lanes)

    def _fill(self, node, lanes, view, value):
        if not is_number(value):
            self.refuse(f"{view.name} is filled with a number; {self.describe(value)} does not fit", node, lanes)
        access.fill(self, view, lanes, value, node)

    def _reshape(self, node, lanes, view, *shape):
        shape = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        if not all(is_number(n) and not np.ndim(n) and n.dtype.kind in "iu" for n in shape):
            self.refuse(f"{self.text(node)} takes integers, the same in all threads", node, lanes)
        try:
            return view.reshaped(tuple(int(n) for n in shape))
        except TypeError as error:
            self.refuse(str(error), node, lanes)

    def tuple(self, node, lanes):
        parts = []
        for element in node.elts:
            value = self.evaluate(element.value if isinstance(element, ast.Starred) else element, lanes)
            parts.extend(value if isinstance(element, ast.Starred) else [value])
        return tuple(parts)

    def function_expression(self, node, lanes):
        return self.inner_function("lambda", node, lanes)

    def inner_function(self, name, node, lanes):
        """A function made inside the kernel; its defaults are evaluated now."""
        outer, defaults = self.frame.function, tuple(self.evaluate(d, lanes) for d in node.args.defaults)
        return Function(name, node, outer.lines, outer.globals, outer.closure, defaults, {}, self.frame)

    # Operators

    def binary(self, node, lanes):
        known = self._folded(node, lanes)
        if known is not None:
            return known
        left, right = self.evaluate(node.left, lanes), self.evaluate(node.right, lanes)
        return self.operate(node, type(node.op), left, right, node.left, node.right, lanes)

    def operate(self, node, operator, left, right, left_node, right_node, lanes):
        """left (operator) right, with a warning where float32 turns into float64."""
        if operator is ast.Add and isinstance(left, tuple) and isinstance(right, tuple):
            return (*left, *right)
        for value, part in ((left, left_node), (right, right_node)):
            if not is_number(value):
                text = self.text(part)
                self.refuse(f"{text} is {self.describe(value)}, and a kernel calculates with numbers only{_advice(value, text)}", node, lanes)
        try:
            value, widened = arithmetic.binary(arithmetic.BINARY[operator], left, right)
        except TypeError:
            self.refuse(f"{self.text(node)} does not work on {left.dtype} and {right.dtype}", node, lanes)
        if widened:
            self.warn_float64(node, ((left, left_node), (right, right_node)))
        return value

    def warn_float64(self, node, operands):
        wide, part = next(((v, n) for v, n in operands if v.dtype != np.float32), operands[-1])
        text = self.text(part)
        if isinstance(part, (ast.Constant, ast.UnaryOp)) and wide.dtype.kind == "f":
            why = f"{text} is a Python number, that is a float64; write np.float32({text})"
        elif wide.dtype.kind == "f":
            why = f"{text} is a float64; make it one of float32, or convert it with np.float32(...)"
        else:
            why = f"{text} is an {wide.dtype}, and float32 with an integer gives float64; write np.float32({text})"
        self.warn("float64", f"float32 data is computed in float64 here, as a GPU would do, many times slower on most: {why}.", node)

    def unary(self, node, lanes):
        if isinstance(node.op, ast.Not):
            value = truth(self.condition(node.operand, lanes))
            return ~value if np.ndim(value) else np.bool_(not value)
        known = self._folded(node, lanes)
        if known is not None:
            return known
        value = self.number(node.operand, lanes)
        try:
            return arithmetic.unary(type(node.op), value)
        except TypeError:
            self.refuse(f"{self.text(node)} does not work on {value.dtype}", node, lanes)

    def boolean(self, node, lanes):
        """`and` and `or`: the later operands are evaluated only in the threads that still need them."""
        result, open_lanes = None, lanes
        for operand in node.values:
            value = self.condition(operand, open_lanes)
            result = value if result is None else self.merged(open_lanes, value, result)
            condition = truth(value)
            open_lanes = open_lanes.where(condition) if isinstance(node.op, ast.And) else open_lanes.unless(condition)
            if not open_lanes.count:
                break
        return result

    def choice(self, node, lanes):
        """`yes if test else no`."""
        condition = truth(self.condition(node.test, lanes))
        yes, no = lanes.where(condition), lanes.unless(condition)
        if not no.count:
            return self.evaluate(node.body, yes)
        if not yes.count:
            return self.evaluate(node.orelse, no)
        return self.merged(yes, self.evaluate(node.body, yes), self.evaluate(node.orelse, no))

    def comparison(self, node, lanes):
        left, left_node, result = self.evaluate(node.left, lanes), node.left, None
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, lanes)
            holds = self._compare(type(operator), left, right, node, (left_node, right_node), lanes)
            result = holds if result is None else result & holds
            left, left_node = right, right_node
        return result

    def _compare(self, operator, left, right, node, parts, lanes):
        if operator in (ast.Eq, ast.NotEq) and (left is None or right is None):
            other = left if right is None else right
            if isinstance(other, Mixed):
                self.refuse(f"Numba's {self.text(node)} is not what it says where only some paths make it None; write `is None`", node, lanes)
            return np.bool_((other is None) == (operator is ast.Eq))
        if operator in (ast.Is, ast.IsNot):
            left, right = (right, left) if isinstance(right, Mixed) else (left, right)
            same = self.each(left, lanes, lambda part, here: self._same(part, right, node, here))
            return same if operator is ast.Is else ~same
        if operator in (ast.In, ast.NotIn):
            found = self._found(left, right, node, parts, lanes)
            return found if operator is ast.In else ~found
        return self._in_order(operator, left, right, node, parts, lanes)

    def _in_order(self, operator, left, right, node, parts, lanes):
        """==, <, <= and their like, of two numbers, tuples or texts."""
        if is_number(left) and is_number(right):
            if arithmetic.widens(left.dtype, right.dtype):
                wide = left if left.dtype != np.float32 else right
                if wide.dtype.kind == "f" and not arithmetic.exactly_float32(wide):
                    self.warn_float64(node, ((left, parts[0]), (right, parts[1])))
            if "c" in (left.dtype.kind, right.dtype.kind) and operator not in (ast.Eq, ast.NotEq):
                self.refuse(f"{self.text(node)} compares complex numbers, of which none is the greater; compare abs(...) of them", node, lanes)
            return arithmetic.COMPARE[operator](left, right)
        if left is None or isinstance(left, (View, np.dtype)) or isinstance(right, (View, np.dtype)) or type(left) is not type(right):
            self.refuse(f"{self.text(node)} compares {self.describe(left)} with {self.describe(right)}", node, lanes)
        if isinstance(left, tuple):         # the first elements that differ decide, and where none do, the lengths
            holds = np.bool_(arithmetic.COMPARE[operator](len(left), len(right)))
            for a, b in reversed(list(zip(left, right, strict=False))):
                differ = self._compare(ast.NotEq, a, b, node, parts, lanes)
                holds = np.where(differ, self._compare(operator, a, b, node, parts, lanes), holds)[()]
            return holds
        return np.bool_(arithmetic.COMPARE[operator](left, right))

    def _same(self, left, right, node, lanes):
        """left is right: for Numba, numbers of one type that are equal, arrays in one place, and None is None."""
        if isinstance(left, View) and isinstance(right, View):
            alike = (left.buffer, left.dtype, left.shape, left.strides) == (right.buffer, right.dtype, right.shape, right.strides)
            return np.bool_(alike) & (left.offset == right.offset)
        if isinstance(left, tuple) and isinstance(right, tuple):
            return functools.reduce(np.logical_and, (self._same(a, b, node, lanes) for a, b in zip(left, right, strict=False)),
                                    np.bool_(len(left) == len(right)))
        if is_number(left) and is_number(right):
            return left == right if left.dtype == right.dtype else np.bool_(False)
        return np.bool_(left is None and right is None)

    def of_one_type(self, values, node, lanes):
        """Refuse integers beside floats where Numba cannot know which element of a tuple it takes. Of 32 and 64 bits it takes none either."""
        kinds = {_kind(value) for value in values}
        if len(kinds) > 1 and not kinds <= {"integers", FLOAT64}:
            self.refuse(f"{self.text(node)} holds elements of several types, and Numba searches, goes through and indexes a tuple only where all its "
                        "elements are of one type; name them one by one", node, lanes)
        if len(kinds) > 1:
            self.refuse(f"{self.text(node)} holds integers and floats, and Numba searches, goes through and indexes a tuple only where all its "
                        "elements are of one type; write all of them as integers or all as floats", node, lanes)

    def _found(self, left, right, node, parts, lanes):
        """left in right."""
        holds = getattr(right, "holds", None)
        if holds and is_number(left) and left.dtype.kind in "iu":
            return holds(arithmetic.cast(left, arithmetic.INT64))
        if not isinstance(right, tuple):
            self.refuse(f"the emulator does not run {self.text(node)}; it looks for something in a tuple, or for an integer in a range",
                        node, lanes)
        self.of_one_type(right, parts[1], lanes)
        equal = [self._compare(ast.Eq, left, item, node, parts, lanes) for item in right]
        return functools.reduce(np.logical_or, equal, np.bool_(False))


def _advice(value, text):
    """What to write where this value stands and a number should."""
    if isinstance(value, View):
        row = value.whole and len(value.shape) < len(value.whole.shape)
        return f": take one of its elements, such as {text}[0]" if row else f": take one of its elements, such as {value.array}[i]"
    return ": print takes its parts, print('x =', x)" if isinstance(value, str) else ""


def _kind(value):
    """What of a value Numba needs to be the same in all elements of a tuple; integers of all sizes are one here."""
    if is_number(value):
        return "integers" if value.dtype.kind in "iu" else value.dtype
    if isinstance(value, View):
        return value.dtype, len(value.shape), value.buffer.read_only
    return tuple(map(_kind, value)) if isinstance(value, tuple) else value


EXPRESSIONS = {
    ast.Constant: Expressions.constant, ast.Name: Expressions.name, ast.Attribute: Expressions.attribute, ast.Tuple: Expressions.tuple,
    ast.List: Expressions.tuple,        # subset.py lets no other through than those that Numba takes as a tuple
    ast.BinOp: Expressions.binary, ast.UnaryOp: Expressions.unary, ast.BoolOp: Expressions.boolean, ast.IfExp: Expressions.choice,
    ast.Compare: Expressions.comparison, ast.Subscript: Expressions.subscript, ast.Lambda: Expressions.function_expression,
}
