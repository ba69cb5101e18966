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
    "a print of a call": KERNEL + "    print(open('/etc/passwd').read())\n",
    "a print of a call that may stand elsewhere": KERNEL + "    print(cuda.atomic.add(out, 0, 1))\n",
    "a print of a call of what is called": KERNEL + "    print(float(open('/etc/passwd').read()))\n",
    "a print of a call with keywords": KERNEL + "    print(round(number=exec('1')))\n",
    "a print of a call behind numpy": KERNEL + "    print(np.load('x'))\n",
    "a print of a call in an index": KERNEL + "    print(a[exec('1')])\n",
    "a print into a file": KERNEL + "    print(i, file=out)\n",
    "a print with a separator": KERNEL + "    print(i, sep='x')\n",
    "a print of a dictionary as its keywords": KERNEL + "    print(i, **a)\n",
    "a print of everything in an array": KERNEL + "    print(*a)\n",
    "a print of an f-string": KERNEL + "    print(f'{cuda.sys}')\n",
    "a print of an f-string in an index": KERNEL + "    print(a[f'{i}'])\n",
    "a print of a comprehension": KERNEL + "    print([k for k in a])\n",
    "a print of a function": KERNEL + "    print(lambda: 1)\n",
    "a print of an attribute": KERNEL + "    print(a.__class__)\n",
    "a print of a method": KERNEL + "    print('x'.format)\n",
    "a print of a module behind cuda": KERNEL + "    print(cuda.sys)\n",
    "a print of a builtin": KERNEL + "    print(exec)\n",
    "a print that is used": KERNEL + "    out[0] = print(1)\n",
    "a print within a print": KERNEL + "    print(print(1))\n",
    "a print outside the kernel": "x = print('x')\n" + KERNEL,
    "another print": "print = exec\n" + KERNEL + "    print('1')\n",
    "another print, as a function": "def print(x):\n    return x\n" + KERNEL + "    print('1')\n",
    "an attribute of print": KERNEL + "    print.__self__.exec('1')\n",
    "an assert of a call": KERNEL + "    assert open('x')\n",
    "an assert that computes what it says": KERNEL + "    assert i, open('x').read()\n",
    "an assert that says an f-string": KERNEL + "    assert i, f'{cuda.sys}'\n",
    "an assert outside the kernel": "assert cuda.sys.exit()\n" + KERNEL,
    "a raise that computes what it says": KERNEL + "    raise ValueError(open('x').read())\n",
    "a raise of what a call returns": KERNEL + "    raise open('x')\n",
    "a raise of an attribute": KERNEL + "    raise cuda.sys.exit\n",
    "a raise with a cause": KERNEL + "    raise ValueError('x') from open('x')\n",
    "NumPy's files inside the kernel": KERNEL + "    np.load('x')\n",
    "a method of one of NumPy's functions": KERNEL + "    np.maximum.reduce(a)\n",
    "one of NumPy's functions outside the kernel": "x = np.maximum(1, 2)\n" + KERNEL,
    "an annotation that reaches further than an array": KERNEL.replace("a)", "a: np.ndarray.tofile)"),
    "an annotation of a constant": f"x: {CODE} = 1\n" + KERNEL,
    "a default": KERNEL.replace("a)", "a=cuda.sys)"),
    "a function within the kernel": KERNEL + "    def f(x=cuda.sys):\n        return x\n",
    "a name that is read from outside": KERNEL + "    out[0] = HIDDEN\n",
    "an expression nested too deeply to be read": KERNEL + "    out[0] = " + "-" * 9000 + "1\n",
}

ACCEPTED = {
    "a plain kernel": KERNEL,
    "constants": "TILE = 16\nBOTH = (TILE, 2 * TILE)\nHALF = np.float32(0.5)\nROOT = math.sqrt(2.0)\nKIND = numba.float32\n" + KERNEL,
    "a device function": "@cuda.jit(device=True)\ndef twice(x):\n    return x + x\n\n@cuda.jit('void(float32[:])', fastmath=True)\n" + KERNEL,
    "prints of what is at hand": KERNEL + "    print('i =', i, 'of', out.size, a[i + 1], -a[i] * 2, cuda.threadIdx.x, a.shape[0])\n    print()\n",
    "asserts and raises": KERNEL + "    assert abs(i) >= 0\n    assert i < 9, 'too far'\n    if i < 0:\n        raise ValueError('negative')\n",
    "Python's and NumPy's functions that Numba compiles": KERNEL + "    for k, (x, y) in enumerate(zip((1, 2), (3, 4))):\n"
                                                                   "        out[k] = np.maximum(x, y) * np.pi\n",
    "constants together, or with a type": "A, B = 1, 2\nC: int = 3\n" + KERNEL,
    "arrays as annotations": KERNEL.replace("a)", "a: np.ndarray)"),
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
