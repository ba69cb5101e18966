"""Numbers of a training step that change from step to step: a scheduled learning rate, Adam's corrections, the count of draws.

A step that is captured (labkit/capture.py) is run once by Python and then replayed without it. A plain number would stay what it was at the
capture. A Live number remembers how it is computed, and so does whatever is computed from it by + - * / **.
"""

import operator
import threading


class NotCapturable(RuntimeError):
    """Something in a step needs to know a number while the step is being captured, when nothing is computed yet."""


class _Running(threading.local):
    capture = None          # the capture that this thread's kernels go to, or None


running = _Running()
recording = threading.RLock()       # held while a thread records a step: nobody may wait for the GPU as a whole meanwhile


class Live:
    """A number that is computed anew for each step: `now()` is its present value."""

    __slots__ = ("now",)
    __array_ufunc__ = None          # so that NumPy's numbers leave the arithmetic to this class

    def __init__(self, now):
        self.now = now

    def astype(self, real):
        """As a NumPy type, such as np.float32."""
        return Live(lambda: real(self.now()))

    def __neg__(self):
        return call(operator.neg, self)

    def _refuse(self, *_):
        raise NotCapturable("a number that changes from step to step was needed at once; it can be added, multiplied and raised to "
                            "powers, not compared or looked at")

    __float__ = __int__ = __index__ = __bool__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse


def call(function, *arguments):
    """function(*arguments), Live where one of them is."""
    if not any(type(a) is Live for a in arguments):
        return function(*arguments)
    return Live(lambda: function(*(a.now() if type(a) is Live else a for a in arguments)))


def _binary(name):
    def forwards(self, other):
        return call(getattr(operator, name), self, other)

    def backwards(self, other):
        return call(getattr(operator, name), other, self)

    setattr(Live, f"__{name}__", forwards)
    setattr(Live, f"__r{name}__", backwards)


for name in ("add", "sub", "mul", "truediv", "floordiv", "pow"):
    _binary(name)


def scalar(real, value):
    """The value as the NumPy type `real`, Live where it is."""
    return value.astype(real) if type(value) is Live else real(value)
