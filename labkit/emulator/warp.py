"""Warps: 32 threads that can hand values to one another without memory."""

import numpy as np

from labkit.emulator.arithmetic import cast
from labkit.emulator.block import WARP
from labkit.emulator.lanes import truth
from labkit.emulator.memory import garbage

_EVERYBODY = np.int64(-1)
_SHUFFLED = [np.dtype(t) for t in (np.int32, np.int64, np.float32, np.float64)]


def _participants(task, node, lanes, mask):
    """Check that the threads that a mask names are here. mask : 32 bits, uniform or one a thread.

    A GPU waits for them for ever, or answers nonsense, where they are elsewhere. Threads that have returned are not waited
    for. Returns (threads,) bool: named and here.
    """
    geometry, bits = task.block.geometry, lanes.bits
    masks = np.broadcast_to(cast(mask, np.dtype(np.int64)), bits.shape)
    spokesman = np.zeros(len(bits), np.int64)       # each warp's mask: that of its first thread here
    spokesman[geometry.lane[lanes.index[::-1]] // WARP] = masks[lanes.index[::-1]]
    present = np.zeros(len(bits), bool)
    present[geometry.lane[lanes.index] // WARP] = True
    warp = geometry.lane // WARP
    named = (spokesman[warp] >> geometry.lane_in_warp & 1).astype(bool) & present[warp]
    missing = named & ~bits & ~task.block.exited
    if missing.any():
        absent = int(np.argmax(missing))
        here = lanes.first(warp == warp[absent])
        task.stop("divergent-warp", f"{task.who(here)} waits in {task.text(node.func)} for thread {task.name_of(absent)}, "
                  "which its mask names but which took another path; let every thread named in the mask reach this line, or "
                  "name fewer", node, here)
    unnamed = bits & ~named
    if unnamed.any():
        lane = int(np.argmax(unnamed))
        task.stop("divergent-warp", f"{task.who(lane)} calls {task.text(node.func)} but is not named in its mask; set its bit, "
                  "or use 0xffffffff for the whole warp", node, lane)
    return named & bits


def _needs_warps(task, node, lanes):
    if len(task.block.tasks) > 1:
        task.refuse("the emulator does not run a warp function in a kernel that also waits in a while loop for a lock; use "
                    "one of the two", node, lanes)


def _shuffle(source):
    """A shuffle whose thread `lane` of a warp reads from thread source(lane, argument); outside 0 to 31 it keeps its own."""
    def shuffle(task, node, lanes, mask, value, argument):
        if value.dtype not in _SHUFFLED or argument.dtype.kind not in "iu":
            task.refuse(f"{task.text(node.func)} takes an int32, int64, float32 or float64 and an integer number of lanes, not {value.dtype} and "
                        f"{argument.dtype}; convert it first, as with np.int32(...)", node, lanes)
        _needs_warps(task, node, lanes)
        here = _participants(task, node, lanes, mask)
        geometry = task.block.geometry
        lane = geometry.lane_in_warp.astype(np.int64)
        wanted = source(lane, argument.astype(np.int64))
        wanted = np.where((wanted < 0) | (wanted >= WARP), lane, wanted)
        thread = geometry.warp_start + wanted
        safe = np.minimum(thread, len(lane) - 1)
        answered = (thread < len(lane)) & here[safe]
        values = np.broadcast_to(value, lane.shape)
        silent = lanes.bits & ~answered
        if silent.any():
            first = int(np.argmax(silent))
            task.warn("divergent-warp", f"{task.who(first)} reads in {task.text(node.func)} from lane {int(wanted[first])} of "
                      "its warp, which takes no part: what it gets is undefined, so it must not be used.", node, first)
        return np.where(answered, values[safe], garbage(1, values.dtype)[0])
    return shuffle


def _vote(gather, result_type):
    """A question to the warp. gather((threads of a warp that take part,) bool, their places in the warp) -> the answer."""
    def vote(task, node, lanes, mask, predicate):
        if predicate.dtype.kind not in "biu":
            task.refuse(f"{task.text(node.func)} asks for an integer or a bool, not {predicate.dtype}; compare it with something", node, lanes)
        _needs_warps(task, node, lanes)
        _participants(task, node, lanes, mask)
        condition = np.broadcast_to(truth(predicate), lanes.bits.shape)
        result = np.zeros(len(lanes.bits), result_type)
        warps = lanes.index // WARP
        for warp in np.unique(warps):
            members = lanes.index[warps == warp]
            result[members] = gather(condition[members], members % WARP)
        return result
    return vote


def _ballot(answers, places):
    return np.array(int(np.sum(1 << places[answers].astype(np.int64))), np.uint32).astype(np.int32)


def activemask(task, node, lanes):
    mask = _EVERYBODY if lanes.full else _own(task, lanes)
    return _vote(_ballot, np.int32)(task, node, lanes, mask, np.bool_(True)).astype(np.uint32)


def _own(task, lanes):
    """A mask that names exactly the threads that are here : (threads,) int64."""
    geometry, masks = task.block.geometry, np.zeros(len(lanes.bits), np.int64)
    np.add.at(masks, geometry.warp_start[lanes.index], 1 << geometry.lane_in_warp[lanes.index].astype(np.int64))
    return masks[geometry.warp_start]


def lanemask_lt(task, node, lanes):
    return ((1 << task.block.geometry.lane_in_warp.astype(np.int64)) - 1).astype(np.uint32)


def match_any(task, node, lanes, mask, value):
    """For each thread, which threads of its warp hold the same value, as bits."""
    _needs_warps(task, node, lanes)
    _participants(task, node, lanes, mask)
    values, result = np.broadcast_to(value, lanes.bits.shape), np.zeros(len(lanes.bits), np.int32)
    for lane in lanes.index:
        members = lanes.index[lanes.index // WARP == lane // WARP]
        result[lane] = _ballot(values[members] == values[lane], members % WARP)
    return result


def match_all(task, node, lanes, mask, value):
    """(all threads that the mask names, as bits, and True) where they hold one value, else (0, False)."""
    everybody = _vote(_ballot, np.int32)(task, node, lanes, mask, np.bool_(True))
    alike = match_any(task, node, lanes, mask, value) == everybody
    return np.where(alike, everybody, np.int32(0)), alike


def syncwarp(task, node, lanes, mask=_EVERYBODY, /):
    """Order the memory accesses of the threads of a warp that the mask names."""
    _needs_warps(task, node, lanes)
    members = np.flatnonzero(_participants(task, node, lanes, mask))
    block = task.block
    if block.warp_time is None:
        block.warp_time = np.zeros((len(lanes.bits), WARP), np.int64)
    for warp in np.unique(members // WARP):
        here = members[members // WARP == warp]
        known = block.warp_time[here].max(axis=0)       # who meets learns what the others know
        known[here % WARP] = task.launch.races.time
        block.warp_time[here] = known


def shfl_idx(lane, source):
    return np.broadcast_to(source % WARP, lane.shape)


CALLS = {
    "shfl_sync": _shuffle(shfl_idx), "shfl_up_sync": _shuffle(lambda lane, delta: lane - delta),
    "shfl_down_sync": _shuffle(lambda lane, delta: lane + delta), "shfl_xor_sync": _shuffle(lambda lane, bits: lane ^ bits),
    "all_sync": _vote(lambda yes, places: yes.all(), bool), "any_sync": _vote(lambda yes, places: yes.any(), bool),
    "eq_sync": _vote(lambda yes, places: yes.all() or not yes.any(), bool), "ballot_sync": _vote(_ballot, np.int32),
    "match_any_sync": match_any, "match_all_sync": match_all, "activemask": activemask, "lanemask_lt": lanemask_lt, "syncwarp": syncwarp,
}
