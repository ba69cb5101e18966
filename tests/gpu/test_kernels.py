"""Every kernel on a real GPU: against plain NumPy at odd sizes, and at full size against the CPU."""

import numpy as np
import pytest

from labkit import datasets, swarm
from labkit.kernels import registry

pytestmark = pytest.mark.gpu
KERNELS = registry.kernels()
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


@each_kernel
def test_odd_sizes_agree_with_numpy(kernel):
    for size in kernel.sizes:
        ours = kernel.draw(size, seed=size)
        theirs = registry.copies(ours)
        kernel.on_cuda(*ours)
        kernel.oracle(*theirs)
        kernel.compare(ours, theirs)


@each_kernel
def test_the_full_size_agrees_with_the_cpu(kernel):
    ours = kernel.draw(kernel.bench_size)
    theirs = registry.copies(ours)
    kernel.on_cuda(*ours)
    kernel.on_cpu(*theirs)
    kernel.compare_long(ours, theirs)


def test_a_swarm_starts_the_same_on_both(monkeypatch):
    runs = {}
    for place in ("cuda", "cpu"):
        monkeypatch.setenv("LABKIT_DEVICE", place)
        runs[place] = swarm.xor_networks(1000, sweeps=0, seed=3), swarm.xor_networks(20_000, sweeps=500, seed=3)
    np.testing.assert_array_equal(runs["cuda"][0].weights, runs["cpu"][0].weights)
    assert abs(runs["cuda"][1].solved.mean() - runs["cpu"][1].solved.mean()) < 0.01
    assert abs(np.median(runs["cuda"][1].sweeps_needed) - np.median(runs["cpu"][1].sweeps_needed)) <= 2


def test_a_swarm_of_any_size_of_network_ends_alike_on_both(monkeypatch):
    solved = []
    for place in ("cuda", "cpu"):
        monkeypatch.setenv("LABKIT_DEVICE", place)
        solved.append(swarm.networks(*datasets.symmetry()[:2], 2, 5000, sweeps=1000).solved.mean())
    assert abs(solved[0] - solved[1]) < 0.03


def test_arrays_may_stay_on_the_gpu():
    from labkit import cuda

    out, a, b = KERNELS["add"].draw(1001)
    there = [cuda.to_device(array) for array in (out, a, b)]
    KERNELS["add"](*there)
    KERNELS["add"](there[0], there[0], there[2])
    np.testing.assert_array_equal(there[0].copy_to_host(), (a + b) + b)
