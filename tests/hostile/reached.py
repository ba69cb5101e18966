# ruff: noqa: E501 (a submission is a row of a table)
"""Right answers whose code looks for what it must not reach: the answer counts, and nothing is found."""

from tests.hostile.case import GOOD, SERVER, Case, probing, reaching

LOOK = "import os\nfor d, _, names in os.walk('/'):\n    if d.startswith(('/proc', '/sys')): continue\n    for n in names:\n        if {test}: print('LEAK', d, n)\n"

CASES = [
    reaching("imports grading", "import grading"), reaching("imports nbgrader", "import nbgrader"),
    reaching("imports the exercises from their file", "import importlib.util as u\n    open('/course/grading/exercises/01_fake.py')"),
    reaching("imports the judge's wire", "import wire"), reaching("imports the template", "import template"),
    probing("looks for notebooks", LOOK.format(test="n.endswith('.ipynb') and '/packages' not in d")),
    probing("looks for a gradebook, a journal and a secret", LOOK.format(test="n in ('gradebook.db', 'grading.db', 'secret')")),
    probing("looks for the grader's source", LOOK.format(test="n in ('judge.py', 'grader.py', 'template.py', 'lockdown.py', 'shell.py') and not d.startswith(('/usr', '/packages', '/python'))")),
    probing("walks sys.path for the course", "import sys, os\nfor p in sys.path:\n    if os.path.isdir(p) and {'grading', 'submitted', 'exercises'} & set(os.listdir(p)): print('LEAK', p)"),
    reaching("reads the machine's users", "open('/etc/passwd').read()", "open('/etc/shadow').read()"),
    reaching("reads home folders", "import os; os.listdir('/root')", "import os; os.listdir('/home')"),
    reaching("reads the course by its path", "import os; os.listdir(COURSE)"),
    probing("reads the environment of its parents", "import os\nfor p in os.listdir('/proc'):\n    if p.isdigit():\n        try:\n"
            "            if 'HOSTILE_CANARY' in open(f'/proc/{p}/environ').read(): print('LEAK')\n        except OSError: pass\n"
            "if 'HOSTILE_CANARY' in os.environ: print('LEAK')"),
    probing("reads its own memory for hidden cases", "import re\nwith open('/proc/self/mem', 'rb', 0) as mem:\n    for line in open('/proc/self/maps'):\n"
            "        if '[heap]' in line:\n            a, b = (int(v, 16) for v in line.split()[0].split('-'))\n            mem.seek(a); data = mem.read(b - a)\n"
            "            if b'right_' + b'double' in data or b'HOSTILE' + b'_CANARY' in data: print('LEAK')"),
    probing("sees other processes", "import os\nif [p for p in os.listdir('/proc') if p.isdigit()] != ['1']: print('LEAK')"),
    probing("finds open descriptors", "import os\nif any(os.path.lexists(f'/proc/self/fd/{f}') for f in range(4, 400)): print('LEAK')"),
    reaching("goes through another process's root", "import os; os.listdir('/proc/2/root')", "open('/proc/0/mem')"),
    reaching("signals its parent and the template", "import os; os.kill(os.getppid() or 2, 9)", "import os; os.kill(2, 0)"),
    reaching("connects to the network", "import socket; socket.create_connection(('127.0.0.1', PORT), 1)", "import socket; socket.create_connection(('1.1.1.1', 53), 1)"),
    reaching("asks a name server", "import socket; socket.getaddrinfo('example.org', 80)"),
    reaching("sends a datagram", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))"),
    reaching("opens a raw socket", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)"),
    reaching("talks to the kernel over netlink", "import socket; socket.socket(16, 3)"),
    reaching("connects to an abstract socket of the machine", "import socket; socket.socket(socket.AF_UNIX).connect('\\0hostile-canary')"),
    reaching("downloads by another program", "import subprocess; subprocess.run(['curl', '-m1', f'http://127.0.0.1:{PORT}'], check=True)"),
    reaching("writes over labkit", "open('/course/labkit/checks.py', 'w')"), reaching("writes over a library", "open('/packages/numpy/__init__.py', 'a')"),
    reaching("writes over Python", "open('/python/lib/x', 'w')", "import os; os.rename('/python', '/tmp/python')"),
    reaching("makes the mounts writable", "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/', b'', 32, None) == 0"),
    reaching("uncovers what is covered", "import ctypes; assert ctypes.CDLL(None).umount2(b'/inside', 2) == 0"),
    reaching("makes a user namespace", "import ctypes; assert ctypes.CDLL(None).unshare(1 << 28) == 0", "import subprocess; subprocess.run(['unshare', '-U', 'true'], check=True)"),
    reaching("becomes root", "import os; os.setuid(0)", "import subprocess; subprocess.run(['su', '-c', 'true'], check=True, stdin=subprocess.DEVNULL)"),
    reaching("makes a device", "import os, stat; os.mknod('/tmp/mem', stat.S_IFCHR | 0o666, os.makedev(1, 1)); open('/tmp/mem', 'rb').read(1)"),
    reaching("leaves by chroot", "import os; os.mkdir('/tmp/r'); os.chroot('/tmp/r')"),
    reaching("makes a set-user program", "import os, shutil; shutil.copy('/bin/true', '/tmp/s'); os.chmod('/tmp/s', 0o4755); os.chown('/tmp/s', 0, 0)"),
    reaching("changes the kernel's settings", "open('/proc/sys/kernel/core_pattern', 'wb', 0).write(b'|/tmp/x')", "open('/proc/sysrq-trigger', 'wb', 0).write(b'h')"),
    reaching("raises its own limits", "import resource as r; r.setrlimit(r.RLIMIT_NPROC, (10**6, 10**6))", "import os; os.nice(-5)"),
    reaching("escapes being killed first", "open('/proc/self/oom_score_adj', 'wb', 0).write(b'-1000')"),
    reaching("traces a process", "import ctypes; assert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0"),
    reaching("keeps memory that no limit counts", "import os; os.memfd_create('x')"),
    reaching("uses a GPU", "open('/dev/nvidia0')", "open('/dev/nvidiactl')", "open('/dev/dri/card0')"),
    reaching("links to the secret", "import os; os.symlink(COURSE + '/secret', '/tmp/l'); open('/tmp/l').read()"),
    reaching("reads the kernel's log", "open('/dev/kmsg').read(1)", "open('/proc/kmsg').read(1)", "open('/proc/kcore', 'rb').read(1)"),
    probing("leaves a mark for its neighbours", "import os\nfor d in ('/tmp', '/dev/shm'):\n    if os.path.exists(d + '/hostile'): print('LEAK')\n    open(d + '/hostile', 'w').write('x')"),
    probing("finds the marks of a neighbour", "import os\n# another submission with the same mark\nif os.path.exists('/tmp/hostile') or os.path.exists('/dev/shm/hostile'): print('LEAK')"),
    Case("writes out the arguments of the judge's calls", {"double": "seen = []\ndef double(x):\n    seen.append(x); print('HIDDEN', x)\n    open('/tmp/seen', 'a').write(repr(x))\n"
                                                           "    return 2 * np.asarray(x)", "guess": "guess = 'a'\nprint(globals().get('seen'))"}),
    Case("writes out the judge's calls as a fault's name", {"double": SERVER + "import binascii\nhidden = lambda self, request, arrays: ({'kind': 'fault', 'error': 'leak of ' + binascii.hexlify(next(arrays, b'nothing')[:8]).decode()}, [])\n"
                                                           "type(server).do_call = hidden"}, expects={"double": ("fault", 0.0), "clip_all": ("fault", 0.0)}),
    reaching("takes hold of the judge by the connection", "import socket, struct, signal; s = socket.socket(fileno=3); p = struct.unpack('i', s.getsockopt(1, 77, 4))[0]; s.detach(); signal.pidfd_send_signal(p, 0)",
             "import socket, struct, fcntl, os; s = socket.socket(fileno=os.dup(3)); p = struct.unpack('i', s.getsockopt(1, 77, 4))[0]; [fcntl.ioctl(p, 0xff00 + n, 0) for n in range(1, 11)]"),
    Case("sends descriptors to the judge", {"double": GOOD + "import array, os, socket\ns = socket.socket(fileno=os.dup(3))\ntry:\n    for i in range(50): s.sendmsg([b''], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0] * 50))])\n"
                                            "except OSError: pass\ns.detach()"}),
    probing("sets have an order of their own in each process", "import sys\nif sys.flags.hash_randomization: print('LEAK')"),
    Case("scripts in what it shows", {"double": GOOD + "from IPython.display import HTML, Javascript, SVG, Markdown, display\n"
                                      "display(HTML('<script>LEAK()</script>'), Javascript('LEAK()'), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"LEAK()\"/>'), Markdown('[x](javascript:LEAK())'))\n"}),
    Case("a picture that is no picture", {"double": GOOD + "from IPython.display import display\ndisplay({'image/png': '\"><script>LEAK()</script>', 'text/plain': 'x'}, raw=True)"}),
    Case("a class whose text is a script", {"double": GOOD + "class X:\n    def __repr__(self): return '<img src=x onerror=' + 'LE' + 'AK()>'\n    def _repr_html_(self): return '<script>LE' + 'AK()</script>'\nX()"}),
    Case("control characters for the instructor's terminal", {"double": GOOD + "print('\\x1b]0;owned\\x07\\x1b[2J\\x9b')"}),
    Case("scripts in formulas of the written answer", {"why": "$\\href{javascript:LEAK()}{x}$ $\\require{html}\\style{color:red}{x}$"}),
    Case("a written answer that takes minutes to show", {"why": "\\\\(" * 33_333}, says="The cell why is too long"),
    Case("a script in the written answer", {"why": "<script>LEAK()</script><img src=x onerror=LEAK()> [x](javascript:LEAK()) <svg/onload=LEAK()>"}),
]
