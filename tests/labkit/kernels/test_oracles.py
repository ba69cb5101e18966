"""Every kernel's CPU form against plain NumPy, at sizes that are no multiple of anything, from the registry alone."""

from dataclasses import fields, replace

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import sigutils

from labkit.kernels import registry

KERNELS = registry.kernels()
each_kernel = pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)


def agree(kernel, size, seed, threads):
    ours = kernel.draw(size, seed)
    theirs = registry.copies(ours)
    kernel.cpu(*ours, threads=threads)
    kernel.oracle(*theirs)
    kernel.compare(ours, theirs)
    for after, before in zip(ours[kernel.outputs :], kernel.draw(size, seed)[kernel.outputs :], strict=True):
        np.testing.assert_array_equal(after, before, err_msg=f"{kernel.name} changed an input")


@each_kernel
def test_one_thread_agrees_with_numpy(kernel):
    @settings(max_examples=25, deadline=None)
    @given(size=st.sampled_from(kernel.sizes) | st.integers(min(kernel.sizes), 70), seed=st.integers(0, 2**32 - 1))
    def compare(size, seed):
        agree(kernel, size, seed, threads=1)

    compare()


@each_kernel
def test_several_threads_agree_with_numpy(kernel):
    for size in (*kernel.sizes, 1031 if kernel.name != "perceptron_swarm" else 131):
        agree(kernel, size, seed=size, threads=2)


@each_kernel
def test_arguments_have_the_types_of_the_signature(kernel):
    expected, _ = sigutils.normalize_signature(kernel.signature)
    for size in kernel.sizes:
        assert tuple(numba.typeof(argument) for argument in kernel.draw(size)) == expected


@each_kernel
def test_an_entry_is_complete(kernel):
    assert kernel.doc and "\n" not in kernel.doc and kernel.oracle.__module__ == kernel.cuda.__module__
    assert min(kernel.sizes) <= 2 and all(size % 32 for size in kernel.sizes if size)     # 2: a kernel on pairs
    work = kernel.work(*kernel.draw(33))
    assert work.bytes > 0 and work.operations > 0


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-40, 3.4e38, 1.0], np.float32)


def test_add_treats_special_numbers_as_numpy_does():
    a, b = (m.ravel() for m in np.meshgrid(SPECIAL, SPECIAL))
    ours, theirs = np.empty((2, a.size), np.float32)
    KERNELS["add"].on_cpu(ours, a, b)
    with np.errstate(all="ignore"):
        KERNELS["add"].oracle(theirs, a, b)
    np.testing.assert_array_equal(ours.view(np.int32) * ~np.isnan(ours), theirs.view(np.int32) * ~np.isnan(theirs))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))


def test_a_wrong_kernel_is_caught():
    """The comparison itself, broken once: the last element is forgotten, an input is changed, a value is a little off."""
    add = KERNELS["add"]

    def forgets(out, a, b, threads):
        out[:-1] = (a + b)[:-1]

    def changes(out, a, b, threads):
        out[:] = a + b
        a[0] = 0

    def drifts(out, a, b, threads):
        out[:] = (a + b) * np.float32(1 + 2e-7)

    for wrong in (forgets, changes, drifts):
        entry = replace(add, cpu=wrong)
        with pytest.raises(AssertionError):
            agree(entry, 33, seed=1, threads=1)


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="a kernel named 'add' is registered already"):
        registry.register(**{field.name: getattr(KERNELS["add"], field.name) for field in fields(registry.Kernel)})


def test_a_call_goes_where_its_arrays_live(monkeypatch):
    went = []
    monkeypatch.setattr(registry.Kernel, "on_cpu", lambda self, *arguments: went.append("cpu"))
    monkeypatch.setattr(registry.Kernel, "start_on_cuda", lambda self, *arguments: went.append("cuda"))
    KERNELS["add"](*KERNELS["add"].draw(3))
    KERNELS["add"](object(), object(), object())
    assert went == ["cpu", "cuda"]
