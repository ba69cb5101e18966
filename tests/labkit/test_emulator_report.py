"""What the emulator counts: reads, writes, sectors, banks, barriers; and the picture of it."""

import numpy as np
import pytest

from labkit import emulator
from labkit.emulator import cuda

f32 = np.float32


def run(kernel, grid, block, *arguments):
    report = emulator.run(kernel, grid, block, *arguments)
    assert report.ok, [str(f) for f in report.faults]
    return report


def copy(out, a, stride, offset):
    i = cuda.grid(1)
    out[i] = a[i * stride + offset]


@pytest.mark.parametrize("stride, offset, sectors", [
    (1, 0, 4 * 4),          # 32 floats of 4 bytes are 4 sectors of 32 bytes, for each of 4 warps
    (1, 1, 4 * 5),          # shifted by one element they touch a fifth
    (2, 0, 4 * 8), (8, 0, 4 * 32), (32, 0, 4 * 32),
    (0, 5, 4),              # one element for the whole warp
])
def test_sectors_for_a_stride(stride, offset, sectors):
    a = np.zeros(128 * max(stride, 1) + offset, f32)
    report = run(copy, 2, 64, np.zeros(128, f32), a, stride, offset)
    use = report.arrays["a"]
    assert (use.reads, use.writes, use.requests, use.transactions) == (128, 0, 4, sectors)
    assert use.ideal_transactions == (4 if stride == 0 else 16)
    assert use.coalescing == use.ideal_transactions / sectors
    assert report.arrays["out"].transactions == 16
    assert (report.global_reads, report.global_writes, report.transactions) == (128, 128, sectors + 16)


def test_elements_of_eight_bytes_take_twice_the_sectors():
    report = run(copy, 1, 32, np.zeros(32), np.zeros(32), 1, 0)
    assert report.transactions == report.ideal_transactions == 16


@pytest.mark.parametrize("stride, conflicts", [(1, 0), (2, 1), (4, 3), (32, 31), (33, 0), (0, 0), (3, 0), (16, 15)])
def test_bank_conflicts_for_a_stride(stride, conflicts):
    size = 32 * 33 + 1

    def spread(out, stride):
        s = cuda.shared.array(size, f32)
        t = cuda.threadIdx.x
        for k in range(t, size, 32):
            s[k] = k
        cuda.syncthreads()
        out[t] = s[t * stride]

    out = np.zeros(32, f32)
    report = run(spread, 1, 32, out, stride)
    np.testing.assert_array_equal(out, np.arange(32) * stride)
    assert report.bank_conflicts == report.arrays["s"].bank_conflicts == conflicts
    assert report.shared_writes == size and report.shared_reads == 32
    assert report.barriers == 1


def test_rows_of_one_array_are_counted_and_drawn_apart():
    def add(out, a, b):
        i = cuda.grid(1)
        out[i] = a[i] + b[i]

    rows = np.ones((3, 8), f32)
    report = run(add, 1, 8, *rows)
    assert {name: (use.reads, use.writes, use.shape) for name, use in report.arrays.items()} == {
        "a": (8, 0, (8,)), "b": (8, 0, (8,)), "out": (0, 8, (8,))}
    for ax in report.picture().axes:
        points = ax.collections[0].get_offsets()
        np.testing.assert_array_equal(points[:, 0], points[:, 1])       # thread i touches element i of each
    report = run(add, 1, 3, *np.ones((3, 8), f32).T[:3])                # columns where they lie, 8 elements from one to the next
    assert [use.size for use in report.arrays.values()] == [17, 17, 17]
    assert report.arrays["b"].touched[0][2].tolist() == [0, 8, 16]


def test_atomics_and_barriers_are_counted():
    def count(total):
        cuda.syncthreads()
        cuda.atomic.add(total, 0, 1)
        cuda.syncthreads()

    total = np.zeros(1, np.int32)
    report = run(count, 3, 32, total)
    assert (total[0], report.atomics, report.barriers) == (96, 96, 6)


def test_shared_arrays_of_all_blocks_are_counted_together():
    def fill(out):
        s = cuda.shared.array(16, f32)
        t = cuda.threadIdx.x
        s[t] = t
        out[cuda.grid(1)] = s[t]

    report = run(fill, 5, 16, np.zeros(80, f32))
    assert (report.arrays["s"].writes, report.arrays["s"].reads) == (80, 80)


def test_a_kernel_that_does_nothing_yet_leaves_the_picture_to_labkits(capsys):
    from labkit.widgets import kernel_rules

    @cuda.jit
    def add(out, a, b):
        i = cuda.grid(1)  # noqa: F841

    arguments = np.ones((3, 8), np.float32)
    report = kernel_rules.watched(add, kernel_rules.add, 2, 4, *arguments)
    assert (arguments == 1).all()
    assert "labkit's (add is not right yet)" in capsys.readouterr().out
    assert report.picture()


def test_a_kernel_that_is_still_a_stub_is_called_unwritten_not_wrong(capsys):
    from labkit.widgets import kernel_rules

    @cuda.jit
    def add(out, a, b):
        raise NotImplementedError

    arguments = 2, 4, *np.ones((3, 6), f32)
    assert kernel_rules.agreeing(add, kernel_rules.add, *arguments) == (kernel_rules.add, "add is not written yet: this shows labkit's.")
    kernel_rules.watched(add, kernel_rules.add, *arguments)
    assert "labkit's (add is not written yet)" in capsys.readouterr().out


def test_a_kernel_runs_at_scale_only_when_it_does_the_same_as_labkits():
    from labkit.widgets import kernel_rules

    def add(out, a, b):
        i = cuda.grid(1)
        if i < out.size:
            out[i] = a[i] + b[i]

    def other(out, a, b):
        i = cuda.grid(1)
        if i < out.size:
            out[i] = a[i] - b[i]

    arguments = 2, 4, np.zeros(6, f32), np.arange(6, dtype=f32), np.ones(6, f32)
    kernel = cuda.jit(add)
    assert kernel_rules.agreeing(kernel, kernel_rules.add, *arguments) == (kernel, "This runs your add.")
    for wrong in (add, cuda.jit(other)):        # the first lacks @cuda.jit
        assert kernel_rules.agreeing(wrong, kernel_rules.add, *arguments)[0] is kernel_rules.add
    assert not arguments[2].any()


def test_without_tracing_nothing_is_counted_but_bounds_and_barriers_are_watched():
    def bad(out):
        i = cuda.grid(1)
        out[i] = 1
        if i < 3:
            cuda.syncthreads()

    report = emulator.run(bad, 1, 8, np.zeros(4, f32), trace=False)
    assert [f.kind for f in report.faults] == ["out-of-bounds", "divergent-barrier"]
    assert report.arrays == {}


def test_report_in_words():
    report = run(copy, 1, 32, np.zeros(32, f32), np.zeros(64, f32), 2, 0)
    text = str(report)
    assert text.startswith("copy ran without a fault.")
    assert "a (global): 32 reads, 0 writes, 8 transactions (50% of them needed)" in text


def test_picture():
    def reverse(out, a):
        s = cuda.shared.array(16, f32)
        t = cuda.threadIdx.x
        s[t] = a[cuda.grid(1)]
        cuda.syncthreads()
        out[cuda.grid(1)] = s[15 - t]

    report = run(reverse, 2, 16, np.zeros(32, f32), np.zeros(32, f32))
    figure = emulator.draw(report)
    titles = [ax.get_title() or ax.get_title("left") for ax in figure.axes]
    assert titles == ["a (global, 32)", "s (shared, 16)", "out (global, 32)"]
    points = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_array_equal(np.sort(points[:, 0]), np.arange(32))
    np.testing.assert_array_equal(points[:, 0], points[:, 1])       # thread i reads a[i]
    assert "32 reads" in figure.alt and "reverse" in figure.alt
    assert report.picture() is not figure


def test_no_picture_without_accesses():
    with pytest.raises(ValueError, match="trace=True"):
        emulator.draw(emulator.run(copy, 1, 8, np.zeros(8, f32), np.zeros(8, f32), 1, 0, trace=False))


def test_fast_enough_to_teach_with(calls_of):
    """Seconds, not minutes, counted in function calls: a statement is run once for all threads of a block, every check on. On 2 busy cores
    the best of 15 runs took 0.20 s for the product and 0.04 s for the addition."""
    def product(c, a, b):
        sa = cuda.shared.array((16, 16), f32)
        sb = cuda.shared.array((16, 16), f32)
        x, y = cuda.grid(2)
        tx, ty = cuda.threadIdx.x, cuda.threadIdx.y
        total = f32(0)
        for start in range(0, a.shape[1], 16):
            sa[ty, tx] = a[y, start + tx]
            sb[ty, tx] = b[start + ty, x]
            cuda.syncthreads()
            for k in range(16):
                total += sa[ty, k] * sb[k, tx]
            cuda.syncthreads()
        c[y, x] = total

    def add(c, a, b):
        i = cuda.grid(1)
        if i < c.size:
            c[i] = a[i] + b[i]

    a, b = np.random.default_rng(0).normal(size=(2, 64, 64)).astype(f32)
    c, long = np.zeros_like(a), np.ones(10_000, f32)
    reports = []
    assert calls_of(lambda: reports.append(run(product, (4, 4), (16, 16), c, a, b))) < 1_000_000
    assert calls_of(lambda: run(add, 79, 128, np.zeros_like(long), long, long)) < 200_000
    np.testing.assert_allclose(c, a @ b, rtol=1e-4, atol=1e-5)
    assert reports[0].shared_reads == 2 * 64**3
