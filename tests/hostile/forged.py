# ruff: noqa: E501 (a submission is a row of a table)
"""Wrong answers that try to be counted as right: none may earn a point."""

from tests.hostile.case import SERVER, WRONG, Case, ending, forging

NOTHING = ("not_attempted", 0.0)
LOST = dict.fromkeys(("clip_all", "answer", "guess"), (None, 0.0))      # what breaks the process's own machinery costs the rest as well
RACED = dict.fromkeys(LOST, (None, None))      # who reads first decides whether the rest, which is right, arrives

CASES = [
    forging("an object that equals everything", "class Yes:\n    def __eq__(self, other): return True\n    def __array__(self, *a, **k): return np.zeros(1)\n"
            "    def __getattr__(self, name): return Yes()\n    def __call__(self, *a): return Yes()\n    __lt__ = __le__ = __ge__ = __eq__\n"
            "    def __bool__(self): return True\ndouble = Yes()", "malformed"),
    forging("np.allclose always true", "np.allclose = np.array_equal = np.isclose = lambda *a, **k: True"),
    forging("NumPy's abs is zero", "np.abs = np.absolute = lambda x, *a, **k: 0 * x"),
    forging("the check is replaced", "import labkit.checks\nlabkit.checks.check = check = lambda *a, **k: print('Right: all cases pass.')"),
    forging("labkit's comparison is replaced", "import labkit.outcomes\nlabkit.outcomes.difference = lambda *a: None"),
    forging("labkit's perform says right", "import sys\nfor m in list(sys.modules.values()):\n    if hasattr(m, 'perform'):\n"
            "        m.perform = lambda *a, **k: type('O', (), dict(kind='right', error='', line='', changed=(), printed=False, message='', value=1))()"),
    forging("the server's own functions are replaced", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'right', 'points': 4}, [])",
            "tampered", clip_all=("tampered", 0.0)),
    forging("answers become misconceptions' names", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'value', 'value': {'labkit': 'outcomes:Outcome'}}, [])",
            None, clip_all=(None, 0.0)),
    forging("a score instead of a value", "double = lambda x: {'state': 'right', 'fraction': 1.0, 'points': 4}"),
    forging("a number above the points as the cell's last value", "4000000"),
    forging("the check's sentence is printed", "print('Right: all 5 cases pass.')"),
    forging("an array subclass whose operators lie", "class Lie(np.ndarray):\n    def __array_ufunc__(self, *a, **k): return True\n"
            "    def __eq__(self, o): return True\n    def astype(self, *a, **k): return self\ndouble = lambda x: np.zeros(3).view(Lie)"),
    forging("an empty array that broadcasts", "double = lambda x: np.empty((0, *np.shape(x)))"),
    forging("an array of objects", "class Yes:\n    def __eq__(self, o): return True\ndouble = lambda x: np.array([Yes()] * 3, dtype=object)", "malformed"),
    forging("a record array", "double = lambda x: np.zeros(3, [('a', float), ('b', float)])", "malformed"),
    forging("a masked array", "double = lambda x: np.ma.masked_all(np.shape(x))"),
    forging("texts that read like numbers", "double = lambda x: [str(2 * v) for v in np.ravel(x)]"),
    forging("not a number", "double = lambda x: np.full(np.shape(x), np.nan)"),
    forging("infinity", "double = lambda x: np.full(np.shape(x), np.inf)"),
    forging("complex numbers whose distance is small", "double = lambda x: 2 * np.asarray(x) + 1j"),
    forging("the right numbers in one dimension more", "double = lambda x: 2 * np.asarray(x)[None]"),
    ending("the arguments are changed in place and returned", "def double(x):\n    if np.ndim(x): x *= 2; return x\n    return 0", "wrong"),
    forging("the arguments' class is patched", "double = lambda x: setattr(x, 'shape', (0,)) or x", "raised"),
    ending("the public answers by heart", "def double(x):\n    return {1.5: 3.0}.get(x, 0) if np.ndim(x) == 0 else np.array([2.0, -4.0])[:len(x)]", "wrong"),
    forging("looks for the expected value in its callers' frames", "import sys\ndef double(x):\n    f = sys._getframe()\n    while f:\n"
            "        for v in list(f.f_locals.values()):\n            if type(v).__name__ in ('Exercise', 'Verdict', 'Mark'): return v.right(x)\n        f = f.f_back\n"
            "    return x"),
    forging("looks for the expected value among all objects", "import gc\ngc.unfreeze()\ndef double(x):\n    for o in gc.get_objects():\n"
            "        if type(o).__name__ in ('Exercise', 'Grader', 'Skeleton'): return o.right(x)\n    return x"),
    forging("an input transformer empties later cells", "get_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
            clip_all=("missing", 0.0), answer=("missing", 0.0), guess=("missing", 0.0)),
    forging("a syntax-tree transformer removes functions", "import ast\nclass T(ast.NodeTransformer):\n    def visit_FunctionDef(self, n): return None\n"
            "get_ipython().ast_transformers.append(T())", clip_all=("missing", 0.0)),
    forging("a hook after every cell undoes the answers", "get_ipython().events.register('post_run_cell', lambda *a: get_ipython().user_ns.pop('clip_all', 0))",
            clip_all=("missing", 0.0)),
    forging("a display formatter that lies", "get_ipython().display_formatter.formatters['text/plain'].for_type(float, lambda *a: a[1].text('4.0'))\n4.0"),
    forging("sys.displayhook and excepthook", "import sys\nsys.displayhook = sys.excepthook = lambda *a: None\n"
            "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)"),
    forging("the shell's names are swapped", "get_ipython().user_ns = {'double': lambda x: x}", None),
    forging("builtins that agree with everything", "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.abs = lambda *a: 0", None),
    forging("an import hook serves its own NumPy", "import sys\nclass F:\n    def find_spec(self, name, *a): raise ImportError(name)\nsys.meta_path.insert(0, F())"),
    forging("sys.modules is emptied", "import sys\nfor m in list(sys.modules):\n    if m.startswith(('numpy', 'labkit', 'json')): del sys.modules[m]", None),
    forging("json.dumps is replaced", "import json\njson.dumps = lambda *a, **k: '[{\"kind\": \"right\"}, []]'", "no_answer"),
    forging("a tracer rewrites local variables", "import sys\ndef trace(frame, event, arg):\n    if 'outcome' in frame.f_locals: frame.f_locals['outcome'] = None\n"
            "    return trace\nsys.settrace(trace)", None, **LOST),
    forging("a thread that changes the answer later", "import threading, time\ndef later():\n    time.sleep(.2)\n    get_ipython().user_ns['double'] = lambda x: 'late'\n"
            "threading.Thread(target=later, daemon=True).start()"),
    forging("start-up files for the next process", "import os\nfor p in ('sitecustomize.py', 'usercustomize.py', 'numpy.py', 'labkit.py', 'json.py', 'wire.py',\n"
            "          '.pythonrc.py', '.ipython/profile_default/startup/00.py', '.bashrc'):\n    p = os.path.expanduser('~/' + p)\n"
            "    os.makedirs(os.path.dirname(p), exist_ok=True)\n    open(p, 'w').write('import os; os._exit(0)')\nos._exit(0)", "killed"),
    forging("modules in the working folder", "open('numpy.py', 'w').write('1/0'); open('grading.py', 'w').write('raise SystemExit')\nimport sys\nsys.path.insert(0, '')"),
    forging("a forged answer ahead of time", "import os, struct, json\nh = json.dumps([{'kind': 'value', 'value': 3.0}, []]).encode()\n"
            "os.write(3, (struct.pack('<I', len(h)) + h) * 20)", None),
    forging("an answer that claims a huge size", "import os, struct\ndef double(x):\n    os.write(3, struct.pack('<I', 2**31))", "tampered"),
    forging("an answer nested without end", "import os, struct\ndef double(x):\n    h = b'[' * 1000000\n    os.write(3, struct.pack('<I', len(h)) + h)", "tampered"),
    forging("an answer that drips", "import os, time, struct\ndef double(x):\n    os.write(3, struct.pack('<I', 1000))\n    while True:\n"
            "        os.write(3, b' '); time.sleep(.2)", "timed_out"),
    forging("an answer that is a pickle", "import os, pickle, struct\ndef double(x):\n    h = pickle.dumps(print)\n    os.write(3, struct.pack('<I', len(h)) + h)", "tampered"),
    forging("nbgrader's own report of full marks as the answer", "import os, struct, json\ndef double(x):\n"
            "    h = json.dumps([{'state': 'right', 'points': 4, 'max_points': 4, 'sentence': 'Right.', 'id': 'double'}, []]).encode()\n"
            "    os.write(3, struct.pack('<I', len(h)) + h)", "tampered"),
    forging("the connection is closed", "import os\ndef double(x):\n    os.close(3)", "killed"),
    forging("the connection is read by a thread of its own", "import os, threading\nthreading.Thread(target=lambda: [os.read(3, 10) for _ in range(100)], daemon=True).start()",
            None, **RACED),
    forging("a child that answers as well", "import os\ndef double(x):\n    os.fork()\n    return x", "tampered"),
    forging("every later call of another exercise is answered by this one", SERVER + "server.held = type('H', (dict,), {'__setitem__': lambda *a: None})(double=lambda x: x, clip_all=lambda *a: 0, answer=12.0)",
            clip_all=("wrong", 0.0)),
    forging("numbers outside arrays as the answer", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'value', 'value': True}, [])", "tampered",
            clip_all=("tampered", 0.0)),
    forging("an integer that cannot be written down", SERVER + "type(server).do_read = type(server).do_call = lambda self, request, *arrays: ({'kind': 'value', 'value': {'int': '0x' + 'f' * 4000}}, [])",
            "tampered", **dict.fromkeys(LOST, ("tampered", 0.0))),
    forging("an array of nothing in thirty huge dimensions", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'value', 'value': {'array': ['<f8', [0] + [2**26] * 31]}}, [b''])",
            "tampered", clip_all=("tampered", 0.0)),
    forging("a dtype that there is not", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'value', 'value': {'array': ['<b16', [1]]}}, [bytes(16)])", "tampered",
            clip_all=("tampered", 0.0)),
    forging("a state of the judge's as the outcome", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': ['right']}, [])", "tampered", clip_all=("tampered", 0.0)),
    forging("a message whose keys are there twice", "import os, struct\ndef double(x):\n    h = b'[{\"kind\": \"value\", \"number\": NaN, \"number\": 7, \"value\": {\"array\": [\"<f8\", []]}}, [8]]'\n"
            "    os.write(3, struct.pack('<I', len(h)) + h + bytes(8))\n    return x", "tampered"),
    forging("a hundred thousand tiny messages", "import os, struct\ndef double(x):\n    for i in range(10**5): os.write(3, struct.pack('<I', 2) + b'[]')", "tampered"),
    forging("functions nested deeper than Python can follow", "f = " + "lambda: " * 1500 + "0", None),
    forging("texts of which NumPy would make eight gigabytes", SERVER + "type(server).do_call = lambda self, request, arrays: ({'kind': 'value', 'value':\n"
            "    {'tuple': ['x' * 400_000] + ['y'] * 5000}}, [])", "malformed", clip_all=("malformed", 0.0)),
    forging("a finalizer that answers", "import os, struct, json\nclass D:\n    def __del__(self):\n        h = json.dumps([{'kind': 'value', 'number': 1}, []]).encode()\n"
            "        os.write(3, struct.pack('<I', len(h)) + h)\ndef double(x):\n    D()\n    return x", "tampered"),
    forging("a tracer of crashes writes to the connection", "import faulthandler, time\nfaulthandler.register(10, file=3)\nimport os\ndef double(x):\n    os.kill(os.getpid(), 10)\n    return x", "tampered"),
    forging("the collector of garbage swaps the function", "import gc\ngc.callbacks.append(lambda *a: get_ipython().user_ns.update(double=lambda x: 'collected'))"),
    forging("float's own slots are overwritten", "import ctypes\nd = ctypes.py_object.from_address(id(float.__dict__) + 16).value\nd['__eq__'] = lambda a, b: True\n"
            "ctypes.pythonapi.PyType_Modified(ctypes.py_object(float))", None, **RACED),
    forging("NumPy's own constructors lie", "np.array = np.asarray = lambda *a, **k: np.zeros(3)", clip_all=("wrong", 0.0), answer=("wrong", 0.0)),
    forging("the arguments never arrive", "import labkit.outcomes\nlabkit.outcomes.fresh = lambda argument: 0", clip_all=("wrong", 0.0)),
    forging("a text whose bytes lie", "class S(str):\n    def encode(self, *a): return b'3.0'\ndouble = lambda x: S('3.0')"),
    ending("an object that only says it is an array", "class L:\n    __class__, dtype, shape = np.ndarray, np.dtype(float), (3,)\n    def __array__(self, *a, **k): return 0\ndouble = lambda x: L()", None),
    ending("an object that is always on its way from a GPU", "class L:\n    def copy_to_host(self): return L()\ndouble = lambda x: L()", "malformed"),
    ending("one number seen as a million million", "double = lambda x: np.broadcast_to(2.0, (1 << 20, 1 << 20))", "raised"),
    Case("functions as text in a variable that should be a number", {"answer": "answer = '12.0; import os'"}, expects={"answer": ("wrong", 0.0)}),
    Case("a number that is everything", {"answer": "class N(float):\n    def __eq__(self, o): return True\n    def __sub__(self, o): return 0.0\nanswer = N(7)"},
         expects={"answer": ("wrong", 0.0)}),
    Case("a prediction that is every choice", {"guess": "guess = 'a b'"}, expects={"guess": ("wrong", 0.0)}),
    Case("a prediction without end", {"guess": "guess = 'a' * 10_000_000"}, expects={"guess": ("malformed", 0.0)}),
    Case("all names are deleted at the end", {"guess": "guess = 'a'\nfor n in list(globals()):\n    if not n.startswith('_'): del globals()[n]"},
         expects={"double": ("raised", 0.0), "clip_all": ("raised", 0.0), "guess": ("missing", 0.0)}),
    Case("the solution of another exercise is taken over", {"double": WRONG + "answer = 12.0", "answer": "answer = ..."},
         expects={"double": ("wrong", 0.0), "answer": NOTHING}),
]
