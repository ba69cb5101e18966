# ruff: noqa: E501 (a submission is a row of a table)
"""Code that ends oddly, never ends, or uses up what there is: a state and a sentence each, and the other exercises count."""

from tests.hostile.case import GOOD, SERVER, Case, ending

CASES = [
    ending("a loop that never ends", "def double(x):\n    while True: pass", "timed_out"),
    ending("a loop that swallows every interrupt", "def double(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass", "timed_out"),
    ending("a loop with every signal ignored", "import signal\ndef double(x):\n    for s in set(signal.valid_signals()) - {9, 19}:\n        try: signal.signal(s, signal.SIG_IGN)\n"
           "        except OSError: pass\n    while True: pass", "timed_out"),
    ending("the clock is switched off", "import signal\ndef double(x):\n    signal.setitimer(signal.ITIMER_REAL, 0)\n    while True: pass", "timed_out"),
    ending("a loop that looks like a debugger at a stop", "there = {'__name__': 'pydevd'}\nexec('def do_wait_suspend():\\n    while True: pass', there)\n"
           "def double(x):\n    there['do_wait_suspend']()", "timed_out"),
    ending("a loop in C", "def double(x):\n    return sum(range(10**13))", "timed_out"),
    ending("a loop compiled by Numba", "from numba import njit\n@njit\ndef double(x):\n    n = 0\n    while n >= 0: n += 1 if n < 1000 else -1\n    return n", "timed_out"),
    ending("sleep", "import time\ndef double(x):\n    time.sleep(1e6)", "timed_out"),
    ending("a lock that is never given back", "import threading\ndef double(x):\n    l = threading.Lock(); l.acquire(); l.acquire()", "timed_out"),
    ending("a pattern that backtracks for years", "import re\ndef double(x):\n    return re.match('(a+)+$', 'a' * 60 + 'b')", "timed_out"),
    ending("the process stops itself", "import os, signal\ndef double(x):\n    os.kill(os.getpid(), signal.SIGSTOP)\n    while True: pass", "timed_out"),
    Case("a never-ending loop below a right answer", {"double": GOOD + "while True: pass"}),
    ending("an endless generator", "def double(x):\n    while True: yield x", "malformed"),
    ending("an endless sequence", "class S(list):\n    def __iter__(self):\n        while True: yield 1\n    def __len__(self): return 10**9\ndouble = lambda x: S()", None),
    ending("waits for a reader", "def double(x):\n    return input('?')", "raised"),
    ending("waits for a debugger", "def double(x):\n    breakpoint()\n    return x", None),
    ending("exit()", "def double(x):\n    exit()", "raised"),
    ending("raise SystemExit in the cell", "raise SystemExit", "raised"),
    ending("os._exit in the cell", "import os\nos._exit(0)", "killed"),
    ending("os.abort", "import os\ndef double(x):\n    os.abort()", "killed"),
    ending("a segmentation fault", "import ctypes\ndef double(x):\n    ctypes.string_at(0)", "killed"),
    ending("the interpreter is torn down", "import ctypes\ndef double(x):\n    ctypes.pythonapi.Py_FinalizeEx()", None),
    ending("another program takes its place", "import os\ndef double(x):\n    os.execl('/bin/echo', 'echo', 'right')", "killed"),
    ending("kills everything it can", "import os\ndef double(x):\n    os.kill(-1, 9)\n    return x", "raised"),
    ending("recursion without end", "def double(x):\n    return double(x)", "raised"),
    ending("recursion with the limit raised", "import sys\nsys.setrecursionlimit(10**9)\ndef double(x):\n    return double([x]) + 1", None),
    ending("an exception of a base class", "def double(x):\n    raise BaseException('right')", "raised"),
    ending("a keyboard interrupt", "def double(x):\n    raise KeyboardInterrupt", "raised"),
    ending("an exception whose text raises", "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef double(x):\n    raise E", None),
    ending("an exception called right", "right = type('right', (Exception,), {})\ndef double(x):\n    raise right('all cases pass')", "raised"),
    ending("a syntax error", "def double(x)\n    return 2 * x", "raised"),
    ending("bytes that are no Python", "\u202e\u2066def double(x): return 2 * x\u2069 \x07\x1b[2J", "raised"),
    ending("a hundred thousand brackets", "double = " + "(" * 40_000 + ")" * 40_000, None),
    ending("memory without end", "def double(x):\n    a = []\n    while True: a.append(b'1' * (32 << 20))", "out_of_memory|timed_out"),       # which comes first, the machine decides; test_memory.py waits
    ending("one array larger than any memory", "def double(x):\n    return np.ones(10**12)", "out_of_memory"),
    ending("memory through many processes", "import os, time\ndef double(x):\n    for _ in range(40):\n        if os.fork() == 0:\n            a = b'1' * (100 << 20); time.sleep(60)\n"
           "    time.sleep(60)", "out_of_memory"),
    ending("processes without end", "import os\ndef double(x):\n    while True: os.fork()", "tampered"),
    ending("threads without end", "import threading, time\ndef double(x):\n    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "raised"),
    ending("files without end", "def double(x):\n    i = 0\n    while True:\n        i += 1\n        open(f'/tmp/{i}', 'w').write('x')", "raised"),
    ending("a file without end", "def double(x):\n    with open('/tmp/a', 'wb', 0) as f:\n        while True:\n            if f.write(bytes(1 << 20)) < 1 << 20: raise OSError", "raised"),
    ending("descriptors without end", "import os\ndef double(x):\n    while True: os.open('/dev/null', 0)", None),
    ending("a list that contains itself", "def double(x):\n    a = []; a.append(a); return a", "malformed"),
    ending("lists a thousand deep", "def double(x):\n    a = 0\n    for _ in range(900): a = [a, 'x']\n    return a", "malformed"),
    ending("a dictionary of a million keys", "def double(x):\n    return dict.fromkeys(range(10**6), 1)", None),
    ending("an answer of 128 MB", "def double(x):\n    return np.ones(1 << 24)", "malformed|timed_out"),     # which comes first, the machine decides
    ending("an integer of a million digits", "def double(x):\n    return 10 ** 1_000_000", None),
    ending("a text of ten million letters", "def double(x):\n    return 'x' * 10_000_000", None),
    ending("memory that no process maps", "import mmap\ndef double(x):\n    return mmap.mmap(-1, 1 << 20)", "raised"),
    ending("memory of /dev/zero", "import mmap, os\ndef double(x):\n    return mmap.mmap(os.open('/dev/zero', os.O_RDWR), 1 << 20)", "raised"),
    ending("memory in sockets", "import socket\ndef double(x):\n    return socket.socketpair()", "raised"),
    Case("asks the kernel for all that it lends", {"double": GOOD + "import ctypes, os\nl = ctypes.CDLL(None)\nfor i in range(300): l.inotify_init()\nfor i in range(20): l.posix_openpt(2)\n"
                                                   "for i in range(99):\n    try: os.pipe()\n    except OSError: pass"}),
    Case("leaves nothing open, and no environment", {"double": GOOD + "import os\nfor f in (0, 1, 2): os.close(f)\nos.environ.clear(); os.umask(0o777); os.chdir('/')"}),
    Case("signals that end a process", {"double": GOOD + "import os\nfor s in (1, 10, 12, 13, 15): os.kill(os.getpid(), s)"}),
    Case("NumPy and warnings raise at everything", {"double": GOOD + "import warnings\nwarnings.simplefilter('error'); np.seterr(all='raise'); np.set_printoptions(formatter={'all': lambda v: 1 / 0})"}),
    Case("shows eight large pictures", {"double": GOOD + "from IPython.display import display, Image\nfor i in range(8): display(Image(data=b'\\x89PNG' + b'x' * 700_000, format='png'))"}),
    Case("shows fifty texts of a million letters", {"double": GOOD + "from IPython.display import display\nclass X:\n    def __repr__(self): return '\\u2588' * 1_000_000\nfor i in range(50): display(X())"}),
    Case("says that it showed far too much", {"double": GOOD + SERVER + "def do_cell(self, request, arrays):\n    get_ipython().run_cell(request['source'])\n    name = request['hold']\n"
                                              "    if name in self.shell.user_ns: self.held[name] = self.shell.user_ns[name]\n"
                                              "    return {'outputs': [{'output_type': 'stream', 'name': 'stdout', 'text': 'x' * 80_000}] * 49, 'error': None, 'line': None}, []\n"
                                              "type(server).do_cell = do_cell\n"}),
    Case("prints ten million lines", {"double": GOOD + "for i in range(1000): print('x\\n' * 10_000)"}),
    Case("prints a gigabyte at once", {"double": GOOD + "print('x' * (200 << 20))"}),
    Case("shows ten thousand pictures", {"double": GOOD + "from IPython.display import display, Image\nfor i in range(10_000): display(Image(data=b'x' * 10_000, format='png'))"}),
    Case("prints to standard error in every call", {"double": "import sys\ndef double(x):\n    print('!', file=sys.stderr)\n    return 2 * np.asarray(x)"}),
    Case("warns in every call", {"double": "import warnings\ndef double(x):\n    warnings.warn('!'); print('x' * 10_000_000)\n    return 2 * np.asarray(x)"}),
    Case("closes standard output", {"double": GOOD + "import sys\nsys.stdout.close() if hasattr(sys.stdout, 'close') else None"}),
    Case("children that outlive the cell", {"double": GOOD + "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(600); os._exit(0)"}),
    Case("burns every core while others are graded", {"double": GOOD + "import os\nfor _ in range(8):\n    if os.fork() == 0:\n        while True: pass"}),
]
