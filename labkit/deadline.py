"""A time limit for Python code that never ends, and what it knows of debuggers: who stands still in one is not late."""

import contextlib
import ctypes
import signal
import sys
import threading

TICK = 0.2      # seconds from one look at a call that takes too long to the next
# Where a debugger waits for a word of its user: JupyterLab's (and that of most editors), Python's, and IPython's.
STOPS = {("pydevd", "do_wait_suspend"), ("pdb", "interaction"), ("IPython.core.debugger", "interaction")}


class TimeLimit(BaseException):
    """Raised inside a call that ran too long. Not an Exception, so that `except Exception` in a loop does not swallow it."""


@contextlib.contextmanager
def time_limit(seconds):
    """Interrupts pure Python code in the main thread after `seconds`, and again where that is swallowed; elsewhere it does nothing."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    with alarm(seconds) if hasattr(signal, "setitimer") else watch(seconds):
        yield


@contextlib.contextmanager
def alarm(seconds):
    late = lateness(seconds)

    def stop(_, frame):
        if late(frame):
            raise TimeLimit

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextlib.contextmanager
def watch(seconds):
    """What `alarm` does, by another thread, for Windows, which has no such signal. A call that waits is interrupted once it comes back."""
    caller, over, throw, late = threading.get_ident(), threading.Lock(), ctypes.pythonapi.PyThreadState_SetAsyncExc, lateness(seconds)

    def interrupt(patience=seconds):
        while not over.acquire(timeout=patience):
            if late(sys._current_frames().get(caller)):
                throw(ctypes.c_ulong(caller), ctypes.py_object(TimeLimit))
            patience = TICK

    def end():
        if over.locked():
            over.release()
        watcher.join()
        for _ in range(2):      # Python raises here what it has not raised yet. To take it back with None would leave a mark of it, with which
            pass                # Python 3.11 stands still for ever where a debugger or a profiler looks on.

    over.acquire()
    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        try:
            end()
        except TimeLimit:       # one that came this late
            end()


def lateness(seconds):
    """late(frame), for each look at a call whose time is over: whether to interrupt it where it is. What stands still in a debugger is not
    late, and a debugger has as much time again behind its last stop, for the way from one to the next."""
    slow, looks = debugged(), 0

    def late(frame):
        nonlocal slow, looks
        if at_a_stop(frame):
            slow, looks = True, 0
            return False
        looks += 1
        return not slow or looks * TICK > seconds

    return late


def debugged():
    """Whether a debugger, or what works like one, looks on at this thread."""
    monitoring = getattr(sys, "monitoring", None)       # from Python 3.12 on
    return sys.gettrace() is not None or monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None


def at_a_stop(frame):
    """Whether what runs in this frame is a debugger that waits for its user."""
    while frame and (frame.f_globals.get("__name__"), frame.f_code.co_name) not in STOPS:
        frame = frame.f_back
    return frame is not None
