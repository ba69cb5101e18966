"""Every kernel's CUDA form in the emulator, which would name a race, an index out of bounds or a float64 on the way."""

from dataclasses import replace

import pytest

from labkit.kernels import registry

KERNELS = registry.kernels()


@pytest.mark.parametrize(("kernel", "size"), [(k, n) for k in KERNELS.values() for n in k.sizes if n < 200],
                         ids=lambda value: getattr(value, "name", value))
def test_cuda_form_agrees_with_numpy(kernel, size):
    ours = kernel.draw(size, seed=size)
    theirs = registry.copies(ours)
    kernel.on_emulator(*ours)
    kernel.oracle(*theirs)
    kernel.compare(ours, theirs)


def test_the_last_block_is_guarded():
    """The test above, broken once: without its guard `add` reaches past the end, and the emulator says so."""
    from labkit.emulator import KernelFault

    def unguarded(cuda):
        def add(out, a, b):
            i = cuda.grid(1)
            out[i] = a[i] + b[i]

        return add

    add = replace(KERNELS["add"], cuda=unguarded)
    with pytest.raises(KernelFault, match="33"):
        add.on_emulator(*add.draw(33))


def test_labkits_own_kernels_may_take_long(monkeypatch):
    """A student's loop is called endless after so many statements; a kernel of the registry is known to end."""
    from labkit.emulator import KernelFault, cuda

    monkeypatch.setattr(cuda.Kernel, "max_steps", 20)
    descend = KERNELS["descend"]
    ours = descend.draw(3)
    descend.on_emulator(*ours)
    with pytest.raises(KernelFault, match="still in this loop"):
        cuda.jit(descend.cuda(cuda))[1, 3](*descend.draw(3))


def test_a_kernel_is_translated_for_the_emulator_once(monkeypatch):
    from labkit.emulator import cuda

    made, jit = [], cuda.jit
    monkeypatch.setattr(cuda, "jit", lambda *a, **k: made.append(a) or jit(*a, **k))
    fresh = replace(KERNELS["matmul_tiled"])
    for size in (3, 33, 3):
        ours = fresh.draw(size)
        theirs = registry.copies(ours)
        fresh.on_emulator(*ours)
        fresh.oracle(*theirs)
        fresh.compare(ours, theirs)
    assert len(made) == 1
