"""Kernels whose source would have Python itself run something before the emulator reads it, or would trip what reads it."""

import pytest

from grading.kernel_source import refusal

KERNEL = "def add(out, a):\n    i = cuda.grid(1)\n    if i < out.size:\n        out[i] = a[i]\n"
CODE = "cuda.sys.modules['os'].abort()"

REFUSED = {
    "an annotation of an argument": KERNEL.replace("a)", f"a: {CODE})"),
    "an annotation of the result": KERNEL.replace("):\n    i", f") -> {CODE}:\n    i"),
    "an annotation that calls": KERNEL.replace("a)", "a: print('x'))"),
    "an argument of the decorator": f"@cuda.jit({CODE})\n" + KERNEL,
    "a decorator of a decorator": f"@cuda.jit(device=cuda.jit({CODE}))\n" + KERNEL,
    "a module behind cuda": "x = cuda.sys.modules\n" + KERNEL,
    "a module under the name of one that may be used": "cuda = cuda.sys.modules['os']\nx = cuda.abort()\n" + KERNEL,
    "another module as math": "math = cuda.np\n" + KERNEL,
    "a file read by NumPy behind cuda": "x = cuda.np.fromfile('/etc/passwd')\n" + KERNEL,
    "memory of the emulator's host": "x = cuda.to_device((1, 2))\n" + KERNEL,
    "a builtin under a helper's name": "helper = exec\ndef helper(x):\n    return x\n" + KERNEL,
    "a helper's name for a builtin, below it": "def helper(x):\n    return x\nhelper = exec\ny = helper('1')\n" + KERNEL,
    "a helper that is called outside of any kernel": "def helper(x):\n    return x\ny = helper(1)\n" + KERNEL,
    "a function called like a number type": "def float32(x):\n    return cuda.sys\ny = float32(1)\n" + KERNEL,
    "a number type that becomes another thing": "float32 = exec\n" + KERNEL,
    "the builtins": "__builtins__ = (1, 2)\n" + KERNEL,
    "a method of a number type": "x = np.float32.tofile\n" + KERNEL,
    "a class of a constant": "x = (1).__class__\n" + KERNEL,
    "a module that changes inside the kernel": KERNEL + "    math = cuda\n    out[0] = math.sys.maxsize\n",
    "a module behind cuda, inside the kernel": KERNEL + "    cuda.sys.exit()\n",
    "a comprehension": "x = [i for i in (1, 2)]\n" + KERNEL,
    "a statement nested too deeply to be repeated": "-" * 900 + "x\n" + KERNEL,
    "a raise nested too deeply": KERNEL + "    raise " + "-" * 900 + "1\n",
    "an expression nested too deeply to be read": KERNEL + "    out[0] = " + "-" * 9000 + "1\n",
}

ACCEPTED = {
    "a plain kernel": KERNEL,
    "constants": "TILE = 16\nBOTH = (TILE, 2 * TILE)\nHALF = np.float32(0.5)\nROOT = math.sqrt(2.0)\nKIND = numba.float32\n" + KERNEL,
    "a device function": "@cuda.jit(device=True)\ndef twice(x):\n    return x + x\n\n@cuda.jit('void(float32[:])', fastmath=True)\n" + KERNEL,
    "number types as annotations": KERNEL.replace("a)", "a: float32)"),
    "shared memory, atomics, warps": KERNEL + "    s = cuda.shared.array(32, cuda.float32)\n    s[cuda.threadIdx.x] = 0\n    cuda.syncthreads()\n"
                                              "    cuda.atomic.add(out, 0, s[cuda.laneid])\n    out[1] = cuda.shfl_down_sync(0xffffffff, 1, 1)\n",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_python_runs_nothing_of_a_kernel(source):
    said = refusal(source, "add")
    assert said is not None and said != "not_attempted" and len(said) < 300


@pytest.mark.parametrize("source", ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_kernel_needs_may_stand_in_it(source):
    assert refusal(source, "add") is None
