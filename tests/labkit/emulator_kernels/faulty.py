"""Kernels with one planted fault each. The line that has to be named ends in `# fault`."""

import importlib.util
import math
from pathlib import Path

import numpy as np

from labkit.emulator import cuda

_spec = importlib.util.spec_from_file_location("emulator_cases", Path(__file__).with_name("cases.py"))
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)
f32, i32, ramp, noise, zeros = cases.f32, cases.i32, cases.ramp, cases.noise, cases.zeros

CASES = []
planted, _ = cases.entry(CASES)

SIZE = 16
TILE = 8
TABLE = np.arange(4, dtype=np.float32)
NAMES = {"a": 1}
MIXED = (1, 2.5)


class Settings:
    rate = 0.5


settings = Settings()


def plain(x):
    return x + 1


# Bounds


@planted("out-of-bounds", 2, 8, lambda: (zeros(10), ramp(10)), sentence="thread 2 of block 1")
def no_guard(out, a):
    i = cuda.grid(1)
    out[i] = 1  # fault


@planted("out-of-bounds", 2, 8, lambda: (zeros(10), ramp(10)), sentence="a[10], but a has 10 elements")
def guard_one_too_far(out, a):
    i = cuda.grid(1)
    if i <= a.size:
        x = a[i]  # fault
        if i < out.size:
            out[i] = x


@planted("out-of-bounds", 1, 16, lambda: (zeros(16), ramp(16)), sentence="a[-1]")
def left_neighbour(out, a):
    i = cuda.grid(1)
    if i < a.size:
        out[i] = a[i] - a[i - 1]  # fault


@planted("out-of-bounds", (2, 2), (4, 4), lambda: (zeros(6, 8), noise(6, 8)), sentence="(6, 8)")
def axes_swapped(out, a):
    x, y = cuda.grid(2)
    if x < a.shape[1] and y < a.shape[0]:
        out[x, y] = a[y, x]  # fault


@planted("out-of-bounds", 1, 6, lambda: (zeros(6), noise(6, 8)), sentence="a[0, 8], but a has the shape (6, 8)")
def one_column_too_many(out, a):
    i = cuda.grid(1)
    row = a[i]
    for k in range(9):
        out[i] += row[k]  # fault


@planted("out-of-bounds", 1, 32, lambda: (zeros(32), ramp(32)), sentence="s[32]")
def halo_without_room(out, a):
    s = cuda.shared.array(32, f32)
    t = cuda.threadIdx.x
    s[t + 1] = a[t]  # fault
    cuda.syncthreads()
    out[t] = s[t]


@planted("out-of-bounds", 1, 4, lambda: (zeros(4), ramp(4)), sentence="best[3]")
def local_too_small(out, a):
    best = cuda.local.array(3, f32)
    i = cuda.grid(1)
    for k in range(4):
        best[k] = a[i]  # fault
    out[i] = best[0]


@planted("out-of-bounds", 1, 8, lambda: (zeros(4, dtype=i32), np.array([0, 1, 2, 3, 4, 0, 1, 2], i32)), sentence="changes bins[4]")
def histogram_of_a_stranger(bins, a):
    i = cuda.grid(1)
    cuda.atomic.add(bins, a[i], 1)  # fault


@planted("out-of-bounds", 1, 5, lambda: (zeros(5, 3),), sentence="out[0, 3]")
def loop_over_the_wrong_axis(out):
    i = cuda.grid(1)
    for k in range(out.shape[0]):
        out[k, i] = k  # fault


# Races


@planted("race", 4, 32, lambda: (zeros(1), ramp(128)), sentence="cuda.atomic.add")
def sum_without_atomic(total, a):
    i = cuda.grid(1)
    total[0] += a[i]  # fault


@planted("race", 1, 64, lambda: (zeros(64), ramp(64)), sentence="put cuda.syncthreads() between")
def reverse_without_barrier(out, a):
    s = cuda.shared.array(64, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    out[t] = s[63 - t]  # fault


@planted("race", 1, 64, lambda: (zeros(1), ramp(64)))
def tree_without_barrier(out, a):
    s = cuda.shared.array(64, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    cuda.syncthreads()
    step = 32
    while step > 0:
        if t < step:
            s[t] += s[t + step]  # fault
        step //= 2
    cuda.syncthreads()
    if t == 0:
        out[0] = s[0]


@planted("race", (2, 2), (TILE, TILE), lambda: (zeros(16, 16), noise(16, 16), noise(16, 16, seed=1)))
def product_without_second_barrier(c, a, b):
    sa = cuda.shared.array((TILE, TILE), f32)
    sb = cuda.shared.array((TILE, TILE), f32)
    x, y = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    acc = f32(0)
    for tile in range(a.shape[1] // TILE):
        sa[ty, tx] = a[y, tile * TILE + tx]  # fault
        sb[ty, tx] = b[tile * TILE + ty, x]
        cuda.syncthreads()
        for k in range(TILE):
            acc += sa[ty, k] * sb[k, tx]
    c[y, x] = acc


@planted("race", (2, 2), (TILE, TILE), lambda: (zeros(16, 16), noise(16, 16), noise(16, 16, seed=1)))
def product_without_first_barrier(c, a, b):
    sa = cuda.shared.array((TILE, TILE), f32)
    sb = cuda.shared.array((TILE, TILE), f32)
    x, y = cuda.grid(2)
    tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
    acc = f32(0)
    for tile in range(a.shape[1] // TILE):
        sa[ty, tx] = a[y, tile * TILE + tx]
        sb[ty, tx] = b[tile * TILE + ty, x]
        for k in range(TILE):
            acc += sa[ty, k] * sb[k, tx]  # fault
        cuda.syncthreads()
    c[y, x] = acc


@planted("race", 2, 8, lambda: (ramp(16),), sentence="reads it in the same line")
def smooth_in_place(a):
    i = cuda.grid(1)
    if 0 < i < a.size - 1:
        a[i] = (a[i - 1] + a[i + 1]) * f32(0.5)  # fault


@planted("race", 4, 8, lambda: (ramp(32), zeros(32)), sentence="blocks run in any order")
def neighbour_block_in_one_launch(a, out):
    i = cuda.grid(1)
    a[i] = f32(2) * a[i]
    cuda.syncthreads()
    out[i] = a[(i + 8) % a.size]  # fault


@planted("race", 1, 32, lambda: (zeros(4, dtype=i32), ramp(32, i32)))
def histogram_without_atomic(bins, a):
    i = cuda.grid(1)
    bins[a[i] % 4] += 1  # fault


@planted("race", 2, 16, lambda: (zeros(4), ramp(32)), sentence="writes out[")
def everybody_writes_one_place(out, a):
    i = cuda.grid(1)
    out[i % 4] = a[i]  # fault


@planted("race", 1, 64, lambda: (zeros(64), ramp(64)))
def warp_without_syncwarp(out, a):
    s = cuda.shared.array(64, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    cuda.syncthreads()
    if t < 16:
        s[t] += s[t + 16]
        s[t] += s[t + 8]  # fault
    cuda.syncthreads()
    out[t] = s[t]


@planted("race", 1, 32, lambda: (zeros(32), ramp(32)), sentence="reads s[16] and thread 16 writes it")
def syncwarp_that_names_half_the_warp(out, a):
    s = cuda.shared.array(32, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    if t < 16:
        cuda.syncwarp(0xFFFF)
        out[t] = s[t + 16]  # fault


@planted("race", 1, 32, lambda: (zeros(32),), sentence="writes counts[31]", shared_bytes=128)
def one_memory_as_two_types(out):
    values = cuda.shared.array(0, f32)
    counts = cuda.shared.array(0, i32)
    t = cuda.threadIdx.x
    values[t] = 1
    counts[31 - t] = 3  # fault
    cuda.syncthreads()
    out[t] = values[t]


@planted("race", 1, 64, lambda: (zeros(64), ramp(1)), sentence="thread 63 reads it")
def warp_that_reads_once_more_after_the_others(out, a):
    s = cuda.shared.array(1, f32)
    t = cuda.threadIdx.x
    if t == 0:
        s[0] = a[0]
    cuda.syncthreads()
    if t >= 32:
        out[t] = s[0]
    else:
        out[t] = s[0]
        cuda.syncwarp()
        if t == 0:
            s[0] = 2  # fault


@planted("race", 1, 64, lambda: (zeros(1, dtype=i32),), sentence="thread 63 atomically changes it")
def one_warps_count_taken_for_all(out):
    s = cuda.shared.array(1, i32)
    t = cuda.threadIdx.x
    if t == 0:
        s[0] = 0
    cuda.syncthreads()
    if t >= 32:
        cuda.atomic.add(s, 0, 1)
    else:
        cuda.atomic.add(s, 0, 1)
        cuda.syncwarp()
        if t == 0:
            out[0] = s[0]  # fault


@planted("race", 4, 16, lambda: (zeros(5), ramp(64)), sentence="atomically changes it")
def total_read_in_the_same_launch(total, a):
    i = cuda.grid(1)
    cuda.atomic.add(total, 0, a[i])
    cuda.syncthreads()
    if cuda.threadIdx.x == 0:
        total[1 + cuda.blockIdx.x] = total[0]  # fault


@planted("race", 2, 32, lambda: (zeros(2), zeros(1, dtype=i32), ramp(64)))
def last_block_without_barrier(out, done, a):
    partial = cuda.shared.array(1, f32)
    t = cuda.threadIdx.x
    if t == 0:
        partial[0] = 0
    cuda.syncthreads()
    cuda.atomic.add(partial, 0, a[cuda.grid(1)])
    if t == 31:
        out[cuda.blockIdx.x] = partial[0]  # fault


@planted("race", 1, 8, lambda: (zeros(8), ramp(8)))
def race_in_a_device_function(out, a):
    i = cuda.grid(1)
    out[i] = a[i]
    shift_left(out, i)


@cuda.jit(device=True)
def shift_left(values, i):
    if i + 1 < values.size:
        values[i] = values[i + 1]  # fault


# Barriers


@planted("divergent-barrier", 1, 32, lambda: (zeros(32), ramp(32)), sentence="thread 0 of block 0 waits")
def barrier_under_an_if(out, a):
    s = cuda.shared.array(32, f32)
    t = cuda.threadIdx.x
    s[t] = a[t]
    if t < 16:
        cuda.syncthreads()  # fault
    out[t] = s[31 - t] if t < 16 else f32(0)


@planted("divergent-barrier", 1, 32, lambda: (zeros(32), ramp(32)))
def two_barriers_for_one(out, a):
    t = cuda.threadIdx.x
    if t % 2 == 0:
        out[t] = a[t]
        cuda.syncthreads()  # fault
    else:
        cuda.syncthreads()


@planted("divergent-barrier", 1, 8, lambda: (zeros(8),))
def barrier_in_a_loop_of_different_length(out):
    t = cuda.threadIdx.x
    for k in range(t + 1):
        out[t] += k
        cuda.syncthreads()  # fault


@planted("unreached-barrier", 2, 16, lambda: (zeros(20), ramp(20)), sentence="has returned in line")
def return_before_the_barrier(out, a):
    s = cuda.shared.array(16, f32)
    i = cuda.grid(1)
    t = cuda.threadIdx.x
    if i >= a.size:
        return
    s[t] = a[i]
    cuda.syncthreads()  # fault
    out[i] = s[t]


@planted("unreached-barrier", 1, 16, lambda: (zeros(16), ramp(16)))
def break_is_no_way_past_a_barrier(out, a):
    t = cuda.threadIdx.x
    for k in range(4):
        if t == 3 and k == 2:
            return
        out[t] += a[t]
        cuda.syncthreads()  # fault


@planted("unreached-barrier", 3, 4, lambda: (zeros(12),), sentence="whole grid")
def grid_barrier_for_some(out):
    if cuda.blockIdx.x < 2:
        cuda.cg.this_grid().sync()  # fault
    out[cuda.grid(1)] = 1


# Memory that nothing wrote


@planted("unwritten-read", 1, 16, lambda: (zeros(16), ramp(16)), sentence="s[0]")
def shared_read_first(out, a):
    s = cuda.shared.array(16, f32)
    t = cuda.threadIdx.x
    out[t] = s[t]  # fault
    s[t] = a[t]


@planted("unwritten-read", 1, 8, lambda: (zeros(8), ramp(8)), sentence="a local array starts with")
def local_sum_never_set(out, a):
    sums = cuda.local.array(2, f32)
    i = cuda.grid(1)
    sums[0] += a[i]  # fault
    out[i] = sums[0]


@cuda.jit(device=True)
def scratch(x, first):
    kept = cuda.local.array(2, f32)
    if first:
        kept[0] = x
    return kept[0]  # fault


@planted("unwritten-read", 1, 8, lambda: (zeros(8), ramp(8)), sentence="kept[0]", line=cases.marked_line(scratch))
def local_array_of_an_earlier_call(out, a):
    i = cuda.grid(1)
    out[i] = scratch(a[i], True) + scratch(a[i], False)


@planted("unwritten-read", 1, 32, lambda: (zeros(32),), sentence="counts[0]", shared_bytes=128)
def half_of_one_memory_written_as_another_type(out):
    counts = cuda.shared.array(0, i32)
    values = cuda.shared.array(0, f32)
    t = cuda.threadIdx.x
    if t >= 16:
        values[t] = 1
    cuda.syncthreads()
    out[t] = counts[t]  # fault


@planted("unwritten-read", 1, 16, lambda: (zeros(16), cuda.device_array(16, f32)), sentence="cuda.device_array")
def device_array_as_it_comes(out, a):
    i = cuda.grid(1)
    out[i] = a[i]  # fault


@planted("unwritten-read", 1, 32, lambda: (zeros(1), ramp(32)), sentence="changes count[0]")
def shared_counter_not_zeroed(out, a):
    count = cuda.shared.array(1, i32)
    t = cuda.threadIdx.x
    if a[t] > 10:
        cuda.atomic.add(count, 0, 1)  # fault
    cuda.syncthreads()
    if t == 0:
        out[0] = count[0]


@planted("unset-variable", 1, 8, lambda: (zeros(8), ramp(8)), sentence="best has no value in thread 5")
def set_on_one_path_only(out, a):
    i = cuda.grid(1)
    if a[i] < 5:
        best = a[i]
    out[i] = best  # fault


# Shapes of the launch and of shared memory


@planted("two-allocations", 1, 8, lambda: (zeros(8), ramp(8)), sentence="left and right")
def two_on_a_line(out, a):
    left = cuda.shared.array(8, f32); right = cuda.shared.array(8, f32)  # noqa: E702  # fault
    t = cuda.threadIdx.x
    left[t] = a[t]
    right[t] = f32(2) * a[t]
    out[t] = left[t] + right[t]


@planted("shared-memory", 1, 8, lambda: (zeros(8),), sentence="65,536 bytes")
def tile_too_large(out):
    s = cuda.shared.array((128, 128), f32)  # fault
    s[0, 0] = 1


@planted("launch", 1, 2048, lambda: (zeros(8),), sentence="at most 1024", line=0)
def block_too_large(out):
    out[0] = 1


@planted("launch", 1, (32, 32, 2), lambda: (zeros(8),), sentence="2048 threads", line=0)
def block_too_large_in_three_dimensions(out):
    out[0] = 1


@planted("launch", 0, 32, lambda: (zeros(8),), sentence="1 or more", line=0)
def no_blocks(out):
    out[0] = 1


@planted("arguments", 1, 8, lambda: (zeros(8),), sentence="takes 2 arguments (out, a) but was given 1", line=0)
def an_argument_short(out, a):
    out[0] = a[0]


@planted("arguments", 1, 8, lambda: (zeros(8), [1.0, 2.0]), sentence="np.array", line=0)
def a_list_as_argument(out, a):
    out[0] = a[0]


@planted("two-allocations", 1, 8, lambda: (ramp(8),), sentence=": two shared arrays are made on one line")
def two_without_names(a):
    both = (cuda.shared.array(8, f32), cuda.shared.array(8, f32))  # fault
    t = cuda.threadIdx.x
    both[0][t] = a[t]
    a[t] = both[0][t]


@planted("unreached-barrier", 2, 8, lambda: (ramp(16),), sentence="but block 1 has finished and never comes")
def grid_barrier_of_one_block(a):
    grid = cuda.cg.this_grid()
    if cuda.blockIdx.x == 0:
        grid.sync()  # fault
    a[cuda.grid(1)] = 1


# What Numba does not compile


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="takes an integer")
def a_bool_at_the_barrier(a):
    i = cuda.grid(1)
    a[i] = cuda.syncthreads_count(i < 3)  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="i is a set of three numbers (take its .x, .y or .z), which is no index")
def thread_without_its_axis(a):
    i = cuda.threadIdx
    a[i] = 1  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="its size is fixed: write to its elements, such as a[i]")
def appended(a):
    a.append(1)  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8).reshape(8, 1),), sentence="such as a[i][0]")
def a_row_taken_for_a_number(a):
    i = cuda.grid(1)
    a[i, 0] = a[i] + 1  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="a kernel starts no other kernel: call kernel_that_appends(...) as a function")
def kernel_within_a_kernel(a):
    kernel_that_appends[1, 8](a)  # fault


@cuda.jit
def kernel_that_appends(a):
    a[0] = 1


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="does not compile np.random.rand for a GPU; draw them outside the kernel")
def drawn_by_numpy(a):
    a[cuda.grid(1)] = np.random.rand()  # noqa: NPY002  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="such as np.float32")
def shared_text(a):
    s = cuda.shared.array(8, "U4")  # fault
    s[0] = a[0]


@planted("arguments", 1, 8, lambda: (np.zeros(4, [("x", "f4"), ("y", "i4")]),), sentence="such as a['x']", line=0)
def records(a):
    a[0].x = 1


@planted("return-value", 1, 8, lambda: (ramp(8),))
def kernel_that_returns(a):
    return a[0]  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="list")
def growing_list(a):
    found = []  # fault
    found.append(a[0])


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="dict")
def counts_in_a_dict(a):
    counts = {0: 1}  # fault
    a[0] = counts[0]


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="f-string")
def formatted_print(a):
    print(f"{a[0]:.2f}")  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="print takes its parts")
def percent_print(a):
    print("%d" % a[0])  # noqa: UP031  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="try")
def try_and_except(a):
    try:  # fault
        a[0] = 1
    except IndexError:
        pass


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="outside the kernel")
def allocation_inside(a):
    b = np.zeros(4)  # fault
    a[0] = b[0]


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="(1, 2.5) holds integers and floats")
def found_in_a_mixed_tuple(a):
    i = cuda.grid(1)
    if i in (1, 2.5):  # fault
        a[i] = 0


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="elements are of one type")
def through_a_mixed_tuple(a):
    i = cuda.grid(1)
    for factor in (0.5, 2):  # fault
        a[i] *= factor


@planted("unsupported", 1, 2, lambda: (ramp(8),), sentence="MIXED holds integers and floats")
def one_of_a_mixed_tuple(a):
    i = cuda.grid(1)
    a[i] = MIXED[i]  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="print its elements")
def prints_an_array(a):
    print(a)  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8), 1), sentence="as a plain constant")
def dimensions_as_an_argument(a, dimensions):
    a[cuda.grid(dimensions)] = 1  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="take one of its elements")
def whole_arrays(a):
    b = a * 2  # fault
    a[0] = b[0]


@cuda.jit(device=True)
def factorial(n):
    return n * factorial(n - 1) if n > 1 else 1  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="recursion", line=cases.marked_line(factorial))
def recursive(a):
    a[0] = factorial(3)


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="the emulator does not run match")
def match_and_case(a):
    match cuda.grid(1):  # fault
        case 0:
            a[0] = 1


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="the emulator does not run sum()")
def sum_of_a_tuple(a):
    a[0] = sum((a[0], a[1]))  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="is no number")
def float_of_a_word(a):
    a[0] = float("three")  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="best is a number (float32) in some threads and None in others")
def none_in_some_threads(a):
    i = cuda.grid(1)
    best = None
    if a[i] > 3:
        best = a[i]
    a[i] = best + f32(1)  # fault


@planted("unsupported", 1, 8, lambda: (zeros(8), ramp(8)), sentence="is the array a in some threads and the array out in others")
def length_of_either_array(out, a):
    i = cuda.grid(1)
    b = out
    if i > 3:
        b = a
    out[i] = len(b)  # fault


@planted("unsupported", 1, 8, lambda: (zeros(8), ramp(30)), sentence="as many elements in every thread")
def parts_of_different_length(out, a):
    i = cuda.grid(1)
    for x in a[4 * i:4 * i + 4]:  # fault
        out[i] += x


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="yield")
def generator(a):
    yield a[0]  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="@cuda.jit(device=True) above it, or, where Python calls it too, above a copy of it")
def calls_plain_python(a):
    a[0] = plain(a[0])  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="Python object")
def reads_an_object(a):
    a[0] = settings.rate  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="dict")
def reads_a_dict(a):
    a[0] = NAMES["a"]  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="integer")
def float_index(a):
    middle = cuda.grid(1) / 2
    a[middle] = 0  # fault


@planted("unsupported", 1, 8, lambda: (zeros(8), 8), sentence="constant")
def shared_size_from_an_argument(out, n):
    s = cuda.shared.array(n, f32)  # fault
    s[0] = 1


@planted("unsupported", 1, 8, lambda: (zeros(8),), sentence="SIZE + 1")
def shared_size_calculated(out):
    s = cuda.shared.array((SIZE, SIZE + 1), f32)  # fault
    s[0, 0] = 1


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="math.exp")
def numpy_exp(a):
    i = cuda.grid(1)
    a[i] = np.exp(a[i])  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="not defined")
def misspelt_in_a_branch_that_never_runs(a):
    if a.size > 100:
        a[0] = cuda_grid(1)  # noqa: F821  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="has no 'sync_threads'")
def misspelt_barrier(a):
    cuda.sync_threads()  # fault


@planted("unsupported", 1, 8, lambda: (noise(8, 8),), sentence="neither true nor false")
def array_as_condition(a):
    if a:  # fault
        a[0, 0] = 1


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="2 indices")
def one_index_too_many(a):
    a[0, 0] = 1  # fault


@planted("unsupported", 1, 8, lambda: (ramp(8),), sentence="32 or 64 bits")
def atomic_and_on_floats(a):
    cuda.atomic.and_(a, 0, 1)  # fault


@planted("read-only", 1, 4, lambda: (zeros(4),), sentence="only be read")
def writes_a_constant(out):
    table = cuda.const.array_like(TABLE)
    table[cuda.grid(1)] = 1  # fault


# Loops, warps, the kernel's own complaints


@planted("endless", 1, 8, lambda: (ramp(8),), sentence="nothing in it changes the condition k < 10")
def never_counts_up(a):
    i = cuda.grid(1)
    k = 0
    while k < 10:  # fault
        a[i] += 1


@planted("endless", 1, 8, lambda: (ramp(8),), sentence="changes no variable and no memory")
def never_grows(a):
    i = cuda.grid(1)
    while a[i] < 5:  # fault
        a[i] *= f32(1)


@planted("endless", 1, 8, lambda: (ramp(8),), sentence="still in this loop after 2,000 steps", max_steps=2000)
def counts_the_wrong_way(a):
    i = cuda.grid(1)
    k = 0
    while k < 10:  # fault
        a[i] += 1
        k -= 1


@planted("race", 1, 8, lambda: (zeros(1), zeros(1, dtype=i32)), sentence="change it atomically in both")
def lock_given_back_by_a_plain_write(out, lock):
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:
        pass
    out[0] += 1
    lock[0] = 0  # fault


@planted("endless", 1, 8, lambda: (zeros(1, dtype=i32),), sentence="no thread changes memory")
def lock_never_released(lock):
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:  # fault
        pass


@planted("endless", 2, 8, lambda: (zeros(1), zeros(1, dtype=i32)), sentence="no thread changes memory")
def barrier_inside_a_lock(out, lock):
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:  # fault
        pass
    out[0] += 1
    cuda.syncthreads()
    cuda.atomic.exch(lock, 0, 0)


@planted("endless", 1, 8, lambda: (zeros(8), zeros(1, dtype=i32)), sentence="after 1,000 turns", max_steps=1000)
def counts_while_it_waits(tries, lock):
    while cuda.atomic.cas(lock, 0, 0, 1) != 0:  # fault
        tries[cuda.grid(1)] += 1


@planted("divergent-warp", 1, 32, lambda: (zeros(32), ramp(32)), sentence="thread 16")
def shuffle_under_an_if(out, a):
    t = cuda.threadIdx.x
    if t < 16:
        out[t] = cuda.shfl_down_sync(0xFFFFFFFF, a[t], 8)  # fault


@planted("divergent-warp", 1, 32, lambda: (zeros(32), ramp(32)), sentence="not named in its mask")
def mask_too_small(out, a):
    t = cuda.threadIdx.x
    if cuda.any_sync(0xFFFF, a[t] > 3):  # fault
        out[t] = 1


@planted("assertion", 1, 8, lambda: (ramp(8),), sentence="thread 4 of block 0 finds that a[i] < 4")
def asserts(a):
    i = cuda.grid(1)
    assert a[i] < 4  # fault


@planted("assertion", 1, 8, lambda: (ramp(8),), sentence="finds that a[i] < 20")
def asserts_in_a_loop(a):
    i = cuda.grid(1)
    while True:
        a[i] += 1
        assert a[i] < 20  # fault


@planted("assertion", 1, 8, lambda: (ramp(8),), sentence="raises ValueError")
def raises(a):
    if math.sqrt(a[cuda.grid(1)]) > 2:
        raise ValueError("too large")  # fault
