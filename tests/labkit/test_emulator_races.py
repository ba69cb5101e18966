"""The race detector against a slow oracle that looks at every pair of accesses."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.emulator.memory import Buffer
from labkit.emulator.races import RaceDetector

THREADS, ADDRESSES = 4, 3
TOUCHES = st.lists(st.one_of(st.none(), st.integers(0, ADDRESSES - 1)), min_size=THREADS, max_size=THREADS)
STEPS = st.lists(st.one_of(st.just("barrier"), st.tuples(st.sampled_from(["reads", "writes", "atomics"]), TOUCHES)), max_size=6)


PHASES = st.lists(st.lists(STEPS, min_size=3, max_size=3), min_size=1, max_size=2)


def accesses(blocks):
    """(block, thread, barriers before it, kind, address) of every single access."""
    for number, steps in enumerate(blocks):
        barriers = 0
        for step in steps:
            if step == "barrier":
                barriers += 1
                continue
            for lane, address in enumerate(step[1]):
                if address is not None:
                    yield number, lane, barriers, step[0], address


def races(blocks, shared):
    """Two threads, one address, one of them writes and they are not both atomic, no barrier in between."""
    found = list(accesses(blocks))
    for i, (block, lane, barriers, kind, address) in enumerate(found):
        for other_block, other_lane, other_barriers, other_kind, other_address in found[:i]:
            together = block == other_block and barriers == other_barriers and lane != other_lane
            apart = block != other_block and not shared
            if address == other_address and (together or apart) and {kind, other_kind} not in ({"reads"}, {"atomics"}):
                return True
    return False


def detected(phases, shared):
    """Whether the detector reports anything. Between two phases lies a barrier of the whole grid."""
    blocks = [SimpleNamespace(number=number, barrier_time=0, warp_time=None) for number in range(3)]
    buffers = [Buffer(np.zeros(ADDRESSES), "a", "shared") for _ in blocks]
    if not shared:
        buffers = [Buffer(np.zeros(ADDRESSES), "a", "global")] * 3
    detector, conflicts, value = RaceDetector(3, THREADS), [], 0
    for phase in phases:
        for block, buffer, steps in zip(blocks, buffers, phase, strict=True):
            value = run_block(detector, conflicts, block, buffer, steps, value)
        for block in blocks:
            detector.barrier(block)
        detector.grid_barrier()
    return any(conflicts)


def run_block(detector, conflicts, block, buffer, steps, value):
    """Let the detector see one block's accesses. Returns the last value written: no two are the same, so that each race counts."""
    for step in steps:
        if step == "barrier":
            detector.barrier(block)
            continue
        kind, touches = step
        lanes = np.array([lane for lane, address in enumerate(touches) if address is not None], np.int64)
        if not len(lanes):
            continue
        addresses = np.array([touches[lane] for lane in lanes], np.int64)
        threads = block.number * THREADS + lanes
        if kind == "reads":
            conflicts.append(detector.read(buffer, addresses, block, threads))
        elif kind == "writes":
            values = value + np.arange(1.0, len(lanes) + 1)
            value += len(lanes)
            conflicts.append(detector.write(buffer, addresses, block, threads, values)[0])
        else:
            conflicts.append(detector.atomic(buffer, addresses, block, threads, learns=False))
    return value


@settings(max_examples=200, deadline=None)
@given(PHASES, st.booleans())
def test_finds_a_race_exactly_where_there_is_one(phases, shared):
    assert detected(phases, shared) == any(races(blocks, shared) for blocks in phases)
