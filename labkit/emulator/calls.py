"""Calls of a kernel: of `cuda`'s functions, of functions of numbers, of device functions; and what a `for` goes through."""

import ast
import cmath
import functools
import inspect
import math
import types

import numpy as np

from labkit.emulator import arithmetic, functions, intrinsics
from labkit.emulator.arithmetic import is_number
from labkit.emulator.expressions import EXPRESSIONS, Expressions
from labkit.emulator.intrinsics import Intrinsic
from labkit.emulator.memory import View
from labkit.emulator.mixed import Mixed
from labkit.emulator.source import Function


class Sequence:
    """What a `for` goes through. length: int, or (threads,) where threads take different numbers of turns.

    holds : of a range, whether an integer is in it
    """

    def __init__(self, length, item, holds=None):
        self.length, self.item, self.holds = length, item, holds


class Calls(Expressions):
    """The part of a Task that calls."""

    def call_expression(self, node, lanes):
        function = self.evaluate(node.func, lanes)
        naming, self.naming = self.naming, None
        arguments = self.tuple(ast.Tuple(node.args), lanes)
        if any(k.arg is None for k in node.keywords):
            self.refuse("Numba does not compile ** in a call inside a kernel; name the arguments", node, lanes)
        keywords = {k.arg: self.evaluate(k.value, lanes) for k in node.keywords}
        self.naming = naming
        for value in (*arguments, *keywords.values()):
            if isinstance(value, Mixed) and not isinstance(function, Function):
                self.refuse(f"{self.text(node)} has an argument that is {self.describe(value)}, which the emulator does not run; "
                            "call it once for each, under an if", node, lanes)
        if isinstance(function, Intrinsic):
            return self._intrinsic(function, node, lanes, arguments, keywords)
        if isinstance(function, Function):
            self.naming = None
            return self.call(function, arguments, keywords, lanes, node)
        if is_number(function) or isinstance(function, View):
            advice = f"write its elements as {function.name}[...]" if isinstance(function, View) else "leave out the ()"
            self.refuse(f"{self.text(node.func)} is {self.describe(function)}, which cannot be called: {advice}", node, lanes)
        if isinstance(function, (tuple, str, Sequence, Mixed)) or function is None:
            self.refuse(f"{self.text(node.func)} is {self.describe(function)}, which cannot be called", node, lanes)
        try:
            return self._plain_call(function, node, lanes, arguments, keywords)
        except TypeError as error:
            self.refuse(f"{self.text(node)} does not work inside a kernel: {error}", node, lanes)

    def _intrinsic(self, intrinsic, node, lanes, arguments, keywords):
        operation = intrinsics.CALLS.get(intrinsic.name)
        if operation is None:
            self.refuse(f"cuda.{intrinsic.name} is not something to call", node, lanes)
        try:
            return operation(self, node, lanes, *arguments, **keywords)
        except (TypeError, AttributeError):
            self.refuse(f"{self.text(node)} has arguments that do not fit: cuda.{intrinsic.name} takes {_usage(operation)}", node,
                        lanes)

    def _plain_call(self, function, node, lanes, arguments, keywords):
        if function is range:
            return self._range(node, lanes, *arguments)
        if function is len:
            return self._length(*arguments)
        if function is print:
            return self._print(arguments, lanes, node)
        if function in (enumerate, zip):
            return self._combined(function, node, lanes, arguments, keywords)
        if function is isinstance:
            return np.bool_(self._is_instance(*arguments))
        if isinstance(function, (functools.partial, types.LambdaType)):
            return function(*arguments)
        if function in (np.shape, np.size) and isinstance(arguments[0], View):
            return functions.of_array(function, *arguments)
        if function in (np.finfo, np.iinfo):
            return function(*arguments)
        if function is np.dtype and [isinstance(a, (str, np.dtype)) for a in arguments] == [True]:
            return np.dtype(*arguments)
        if function is float and [type(a) for a in arguments] == [str]:
            return self._float_of_text(arguments[0], node, lanes)
        return self._of_numbers(function, node, lanes, arguments, keywords)

    def _of_numbers(self, function, node, lanes, arguments, keywords):
        parts = node.args
        if function in (min, max) and [isinstance(a, tuple) for a in arguments] == [True]:
            arguments, parts = arguments[0], getattr(parts[0], "elts", parts * len(arguments[0]))
        for value in (*arguments, *keywords.values()):
            if not is_number(value):
                self.refuse(f"{self.text(node)} needs numbers, not {self.describe(value)}", node, lanes)
        if isinstance(function, np.dtype):
            if len(arguments) != 1:
                raise TypeError("it takes one number")
            return arithmetic.cast(arguments[0], function)
        value, widened = self._function_of_numbers(function, node, lanes)(*arguments)
        if widened and len(parts) > 1:
            self.warn_float64(node, tuple(zip(arguments, parts, strict=False)))
        return value

    def _float_of_text(self, text, node, lanes):
        """float("inf") and its like."""
        try:
            return np.float64(text)
        except ValueError:
            self.refuse(f"{self.text(node)} is no number", node, lanes)

    def _function_of_numbers(self, function, node, lanes):
        if function in functions.NUMERIC:
            return functions.NUMERIC[function]
        name = getattr(function, "__name__", self.text(node.func))
        known = None
        if isinstance(function, np.ufunc):
            known = functions.of_numpy(name)
            if known is None:
                self.refuse(f"Numba does not compile np.{name} for a GPU; {functions.numpy_advice(name)}", node, lanes)
        elif getattr(math, name, None) is function:
            known = functions.of_math(name)
            if known is None:
                self.refuse(f"Numba does not compile math.{name} for a GPU; write it with what it does compile", node, lanes)
        elif getattr(cmath, name, None) is function:
            known = functions.of_cmath(name)
        if known is None:
            self.refuse(f"{self.text(node.func)} is nothing that a kernel can call", node, lanes)
        return known

    def _is_instance(self, value, kind):
        """Of Python's own types an int32 or a float32 is none: only what Numba gives to a number of Python's."""
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wide = {int: np.int64, float: np.float64, bool: np.bool_, complex: np.complex128}
        return is_number(value) and any(value.dtype == (wide.get(k, k) if isinstance(k, type) else k) for k in kinds)

    def _print(self, arguments, lanes, node):
        """One line a thread, in the order of the threads."""
        for value in arguments:
            if not isinstance(value, (str, tuple)) and not (is_number(value) and value.dtype.kind != "c"):
                self.refuse(f"print shows numbers and text inside a kernel, not {self.describe(value)}; print its elements", node, lanes)
        for lane in lanes.index:
            self.launch.report.output.append(" ".join(_as_printed(v, lane) for v in arguments))

    def sequence(self, node, lanes):
        return self._as_sequence(self.evaluate(node, lanes), node, lanes)

    def _as_sequence(self, value, node, lanes):
        if isinstance(value, Sequence):
            return value
        if isinstance(value, tuple):
            self.of_one_type(value, node, lanes)
            return Sequence(len(value), lambda task, k, lanes, node: value[k])
        if isinstance(value, View) and value.shape:
            return Sequence(value.shape[0], lambda task, k, lanes, node: task.item(value, (np.int64(k),), lanes, node))
        self.refuse(f"{self.text(node)} is {self.describe(value)}, which a for cannot go through", node, lanes)

    def _range(self, node, lanes, *ends):
        if not 1 <= len(ends) <= 3:
            raise TypeError("it takes one, two or three numbers")
        for end in ends:
            if not is_number(end) or end.dtype.kind not in "biuf":
                self.refuse(f"range takes integers, but {self.text(node)} has {self.describe(end)}", node, lanes)
        ends = [arithmetic.cast(end, arithmetic.INT64) for end in ends]     # Numba cuts floats, such as what math.ceil gives there
        start, stop, step = (np.int64(0), ends[0], np.int64(1)) if len(ends) == 1 else (*ends, np.int64(1))[:3]
        if np.any((step == 0) & lanes.bits):
            self.refuse("the step of a range cannot be 0", node, lanes)
        step_here = np.where(step == 0, 1, step)[()]
        length = np.maximum(0, -((start - stop) // step_here))

        def holds(x):
            turn, rest = np.divmod(x - start, step_here)
            return (rest == 0) & (0 <= turn) & (turn < length)
        return Sequence(length, lambda task, k, lanes, node: start + np.int64(k) * step_here, holds)

    def _length(self, value):
        if isinstance(value, Sequence) and value.holds:
            return value.length
        if is_number(value):
            raise TypeError("a number has no length")
        return np.int64(value.shape[0] if isinstance(value, View) else len(value))

    def _combined(self, function, node, lanes, arguments, keywords):
        """enumerate and zip."""
        if not arguments or keywords or len(arguments) > 2 and function is enumerate:
            raise TypeError("it takes " + ("what to go through, and perhaps the first number" if function is enumerate else "what to go through"))
        parts = [self._as_sequence(a, node, lanes) for a in (arguments[:1] if function is enumerate else arguments)]
        if function is enumerate:
            first = arguments[1] if len(arguments) > 1 else np.int64(0)
            if not is_number(first) or first.dtype.kind not in "iu":
                raise TypeError("the first number has to be an integer")
            return Sequence(parts[0].length, lambda task, k, lanes, node: (first + np.int64(k), parts[0].item(task, k, lanes, node)))
        length = functools.reduce(np.minimum, [p.length for p in parts])
        return Sequence(length, lambda task, k, lanes, node: tuple(p.item(task, k, lanes, node) for p in parts))


EXPRESSIONS[ast.Call] = Calls.call_expression


def _as_printed(value, lane):
    """What one thread's print shows of a value."""
    if isinstance(value, tuple):
        return f"({', '.join(_as_printed(part, lane) for part in value)}{',' * (len(value) == 1)})"
    return str(value[lane] if isinstance(value, np.ndarray) else value)


def _usage(operation):
    """The arguments that one of `cuda`'s functions takes, as text."""
    return f"({', '.join(list(inspect.signature(operation).parameters)[3:])})"
