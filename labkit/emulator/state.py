"""What a kernel holds at one moment, to be compared: where nothing has changed since an earlier moment, nothing ever will."""

import numpy as np

from labkit.emulator.memory import View


def memory(launch, blocks):
    """All that these blocks can write to."""
    arrays = launch.memory.arrays() + [view.buffer.data for b in blocks for view in (*b.shared.values(), *b.local.values())]
    return [array.tobytes() for array in arrays]


def state(task, lane=None):
    """Where a task is and what its variables hold: in one of its threads, or in all."""
    found, frame = [task.waiting and task.waiting[1]], task.frame
    while frame:
        found.append((frame.node, [(loop.node, loop.turn) for loop in frame.loops],
                      {name: _frozen(value, lane) for name, value in frame.names.items()}))
        frame = frame.caller
    return found


def _frozen(value, lane):
    """A value, or one thread's part of it; NaNs of the same bits are equal."""
    if isinstance(value, np.ndarray) and lane is not None:
        value = value[lane]
    if isinstance(value, View):
        return value.buffer, value.shape, value.strides, _frozen(value.offset, lane)
    if isinstance(value, tuple):
        return [_frozen(part, lane) for part in value]
    return (value.dtype, value.tobytes()) if isinstance(value, (np.generic, np.ndarray)) else value
