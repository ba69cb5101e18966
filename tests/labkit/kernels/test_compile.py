"""Every CUDA form becomes machine code for four generations of GPUs, within its budget, on a machine without one."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from labkit.kernels import compile, registry

KERNELS = registry.kernels()
pytestmark = pytest.mark.skipif(compile.why_not() is not None, reason=str(compile.why_not()))


@pytest.mark.parametrize("capability", compile.CAPABILITIES, ids=lambda c: f"sm_{c[0]}{c[1]}")
@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_machine_code_keeps_to_its_budget(kernel, capability):
    assert compile.over_budget(kernel, compile.compile_kernel(kernel, capability)) == []


def planted(factory, registers=255):
    """What is over budget in a kernel with a fault."""
    entry = replace(KERNELS["add"], cuda=factory, budget=registry.Budget(registers))
    return compile.over_budget(entry, compile.compile_kernel(entry, (9, 0)))


def test_a_float64_operation_is_found():
    def tenth(cuda):
        def kernel(out, a, b):
            i = cuda.grid(1)
            if i < out.size:
                out[i] = a[i] * 0.1

        return kernel

    assert planted(tenth) and "float64 operations, at most 0" in planted(tenth)[0]


def test_registers_stack_and_shared_memory_are_counted():
    import numpy as np

    def indexed(cuda):
        def kernel(out, a, b):
            table = cuda.local.array(64, np.float32)
            shared = cuda.shared.array(32, np.float32)
            i = cuda.grid(1)
            for k in range(64):
                table[k] = a[k]
            shared[cuda.threadIdx.x] = b[i]
            cuda.syncthreads()
            out[i] = table[int(b[i])] + shared[31 - cuda.threadIdx.x]

        return kernel

    words = " / ".join(planted(indexed, registers=4))
    assert "registers, at most 4" in words and "256 stack bytes, at most 0" in words
    assert "1152 shared bytes, at most 0" in words      # 128 of its own, and 1,024 that sm_80 and later add


def test_the_real_device_is_asked_again_afterwards():
    from numba.cuda import dispatcher

    before = dispatcher.get_current_device
    compile.compile_kernel(KERNELS["uniform"], (7, 5))
    assert dispatcher.get_current_device is before


def test_a_numpy_without_the_name_that_numba_asks_for_will_do():
    """NumPy 2.5 has no row_stack, and a machine with a GPU may have that one."""
    code = ("import numpy; vars(numpy).pop('row_stack', None); assert not hasattr(numpy, 'row_stack')\n"
            "from labkit.kernels import compile, registry\n"
            "print(compile.compile_kernel(registry.kernels()['add'], (9, 0)).registers)")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert out.returncode == 0 and int(out.stdout) > 0, out.stderr
