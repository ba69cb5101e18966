"""What a student's process can see, do and use up, seen from inside; and what is said where it cannot be locked away."""

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from grading import bubblewrap, cgroup, sandbox
from grading.session import Session

ROOT = Path(__file__).parents[2]
SMALL = sandbox.Limits(cell_seconds=8, call_seconds=2, total_seconds=60, memory_mb=300)


@pytest.fixture(scope="module")
def locked():
    """A warm sandbox with little memory, so that bombs burst early."""
    if (why := sandbox.problem()) is not None:
        pytest.skip(why)
    box = sandbox.Sandbox(limits=SMALL)
    yield box
    box.close()


@pytest.fixture
def inside(locked):
    """inside(source) -> the value of the last expression of `source`, run as a student's cell."""
    def look(source):
        with Session(locked, limits=SMALL) as one:
            cell = one.cell(source)
        assert cell.fate is None, (cell.fate, cell.outputs)
        return eval(cell.outputs[-1]["data"]["text/plain"])     # our own source's answer

    return look


def test_nothing_is_there_but_the_libraries_labkit_and_its_data(inside):
    top, inner, course, home, packages = inside(
        "import os\n[sorted(os.listdir(p)) for p in ('/', '/inside', '/course', os.path.expanduser('~'), '/packages')]")
    assert set(top) <= {"bin", "course", "dev", "etc", "inside", "lib", "lib32", "lib64", "libx32", "packages", "proc", "python", "tmp", "usr"}
    assert inner == [] == home and course == ["data", "labkit"]
    assert "numpy" in packages and not [p for p in packages if p.startswith(("grading", "nbgrader", "jupytext", "perceptron")) or p.endswith(".pth")]


def test_of_the_system_only_programs_libraries_and_their_data_are_shown(inside):
    usr, share, packages = inside("import os, glob\n(os.listdir('/usr'), os.listdir('/usr/share'), glob.glob('/usr/lib*/python*/*-packages/*'))")
    assert set(usr) <= {"bin", "lib", "lib32", "lib64", "libx32", "share"} and "src" not in usr     # Docker's habit is /usr/src/app
    assert set(share) <= {"fonts", "locale", "matplotlib", "terminfo", "zoneinfo"} and packages == []


def test_a_course_in_a_folder_that_is_shown_is_refused(tmp_path):
    if (why := sandbox.problem()) is not None:
        pytest.skip(why)
    command, _ = bubblewrap.command({})
    hidden = [ROOT / "grading", tmp_path / "course", Path("/usr/src/app/course"), Path("/usr/local/lib/course"), Path("/tmp")]
    assert [bubblewrap.shown(command, path) for path in hidden] == [None] * len(hidden)
    for private, place in ((Path("/usr/lib/course/source"), "/usr/lib"), (sandbox.LABKIT / "data" / "course", f"{sandbox.LABKIT}/data")):
        with pytest.raises(sandbox.SandboxError, match=f"could read {private}, because all of {place} is shown to it: move it"):
            sandbox.Sandbox(private=[private]).start()


@pytest.mark.parametrize("name", ["grading", "nbgrader", "jupytext", "template", "lockdown", "sqlalchemy"])
def test_what_grades_cannot_be_imported(inside, name):
    assert inside(f"import importlib.util\nimportlib.util.find_spec('{name}') is None")


def test_no_grading_source_lies_anywhere(inside):
    found = inside("import os\nseen = ['proc', 'packages', 'python', 'usr']\n"
                   "folders = ['/' + top for top in os.listdir('/') if top not in seen and not os.path.islink('/' + top)]\n"
                   "[p for folder in folders for p, d, f in os.walk(folder) for n in f"
                   " if n in ('session.py', 'judge.py', 'gradebook.db', 'secret', 'lockdown.py')]")
    assert found == []


def test_the_environment_holds_only_what_we_put_there(inside, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "x")
    known = set(sandbox.environment("/tmp")) | {"LD_LIBRARY_PATH", "TZ", "PWD", "OMP_WAIT_POLICY"}
    env = inside("import os\nprint(end='')\ndict(os.environ)")
    assert set(env) <= known and env["LABKIT_DEVICE"] == "cpu"


def test_only_its_own_processes_and_descriptors_are_visible(inside):
    pids, me, links = inside("import os\n([p for p in os.listdir('/proc') if p.isdigit()], os.getpid(), "
                             "[os.readlink(f'/proc/self/fd/{f}') for f in range(64) if os.path.lexists(f'/proc/self/fd/{f}')])")
    assert pids == ["1"] and me == 1
    assert links[:3] == ["/dev/null"] * 3 and links[3].startswith("socket:") and len(links) == 4


def test_no_privilege_is_left(inside):
    rows = inside("dict(l.split(':', 1) for l in open('/proc/self/status').read().replace('\\t', '').splitlines() if ':' in l)")
    assert {rows[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert rows["NoNewPrivs"] == "1" and rows["Seccomp"] == "2" and rows["Threads"] == "1"


CALLS = {"ptrace": "ptrace(16, 1, 0, 0)", "user namespace": "unshare(1 << 28)", "mount namespace": "unshare(1 << 17)",
         "mount": "mount(b't', b'/tmp', b'tmpfs', 0, None)", "umount": "umount2(b'/inside', 2)", "setns": "setns(0, 0)",
         "memfd": "memfd_create(b'x', 0)", "shared memory": "shmget(0, 1 << 20, 0o1777)", "keys": "syscall(250, 0, -3)",
         "personality": "personality(0x0040000)", "chroot": "chroot(b'/tmp')", "set the clock": "clock_settime(0, bytes(16))",
         "process memory": "process_vm_readv(1, 0, 0, 0, 0, 0)", "io_uring": "syscall(425, 8, 0)", "bpf": "syscall(321, 0, 0, 0)",
         "clone with namespaces": "syscall(56, 1 << 28 | 17, 0, 0, 0, 0)", "netlink": "socket(16, 3, 0)", "vsock": "socket(40, 1, 0)"}


@pytest.mark.parametrize("name", CALLS)
def test_system_calls_beyond_the_process_are_refused(inside, name):
    result, errno = inside(f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n(libc.{CALLS[name]}, ctypes.get_errno())")
    assert result == -1 and errno == 1, (result, errno)


def test_nothing_outside_its_own_tmp_can_be_written(inside):
    wrote = inside("r = []\nfor p in ('/', '/usr', '/packages', '/course', '/course/labkit', '/inside', '/python', '/dev', '/etc',"
                   " '/proc/sys/kernel', '/proc/sys/user'):\n    try: open(p + '/x', 'w'); r.append(p)\n    except OSError: pass\n"
                   "for p in ('/proc/sys/user/max_user_namespaces', '/proc/sysrq-trigger', '/proc/sys/kernel/core_pattern'):\n"
                   "    try: open(p, 'w').write('1'); r.append(p)\n    except OSError: pass\nr")
    assert wrote == []


def test_there_is_no_network_and_no_gpu(inside):
    assert inside("import socket, os\nr = []\nfor a in (('1.1.1.1', 53), ('127.0.0.1', 22)):\n    try: socket.create_connection(a, 1); r.append(a)\n"
                  "    except OSError: pass\nr += [n for n in os.listdir('/dev') if 'nvidia' in n or 'dri' == n]\nr") == []


def test_a_cell_may_await(inside):
    assert inside("import asyncio, time\nasync def double(x):\n    await asyncio.sleep(0.01)\n    return 2 * x\n"
                  "left = asyncio.create_task(asyncio.sleep(100))\n[*await asyncio.gather(double(1), double(2)), await asyncio.to_thread(len, 'abc')]"
                  ) == [2, 4, 3]
    assert inside("import asyncio\nasyncio.run(asyncio.sleep(0.01, 5))") == 5


ENDLESS = {"a wait": "await asyncio.sleep(1e6)", "turns": "while True: await asyncio.sleep(0)", "a loop": "while True: pass",
           "a future": "await asyncio.get_running_loop().create_future()", "a thread": "await asyncio.to_thread(__import__('time').sleep, 100)",
           "a task that goes on": "async def on():\n    while True:\n        try: await asyncio.sleep(1)\n"
                                  "        except BaseException: pass\nt = asyncio.create_task(on())\nawait asyncio.gather(t)",
           "a busy task": "async def busy():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
                          "t = asyncio.create_task(busy())\nawait asyncio.sleep(100)"}


@pytest.mark.parametrize("how", ENDLESS)
def test_a_cell_that_awaits_for_ever_ends_and_the_next_one_runs(locked, how):
    with Session(locked, limits=sandbox.Limits(cell_seconds=1, total_seconds=60, memory_mb=300)) as one:
        one.cell("import asyncio\nkept = 6")
        start = time.monotonic()
        assert one.cell("await asyncio.sleep(0)\n" + ENDLESS[how]).fate.kind == "timed_out" and time.monotonic() - start < 8
        assert one.cell("kept * await asyncio.sleep(0, 7)").outputs[-1]["data"]["text/plain"] == "42"


def test_neighbours_do_not_see_each_other(locked):
    with Session(locked, limits=SMALL) as one, Session(locked, limits=SMALL) as other:
        one.cell("import os, socket\nfor d in ('/tmp', '/dev/shm'): open(d + '/mark', 'w').write('1')\n"
                 "try: s = socket.socket(socket.AF_UNIX); s.bind('\\0meet')\nexcept OSError: pass")
        seen = other.cell("import os, socket\nprint(os.listdir('/tmp'), os.listdir('/dev/shm'))\ntry:\n"
                          "    s = socket.socket(socket.AF_UNIX); s.connect('\\0meet'); print('met')\n"
                          "except OSError: print('alone')").outputs[0]["text"]
    assert seen == "[] []\nalone\n"


BOMBS = {
    "one process": ("x = []\nwhile True: x.append(b'1' * (10 << 20))", "out_of_memory"),
    "one allocation": ("b'1' * (20 << 30)", "out_of_memory"),
    "many processes": ("import os, time\n"
                       "for _ in range(20):\n    if os.fork() == 0:\n        x = b'1' * (50 << 20); time.sleep(20)\n        os._exit(0)\n"
                       "time.sleep(20)", "out_of_memory"),
    "shared memory": ("import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 20 << 20); m.write(b'1' * (20 << 20)); x.append(m)", "raised"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_memory_is_bounded_however_it_is_held(locked, name):
    source, kind = BOMBS[name]
    with Session(locked, limits=SMALL) as one:
        start = time.monotonic()
        assert one.cell(source).fate.kind == kind
        assert time.monotonic() - start < 6


def test_processes_files_and_descriptors_are_bounded(inside):
    assert 1 < inside("import os, signal\nkids = []\ntry:\n    while len(kids) < 200:\n        p = os.fork()\n        if p == 0: signal.pause()\n"
                      "        kids.append(p)\nexcept OSError: pass\nfor p in kids: os.kill(p, 9); os.waitpid(p, 0)\nlen(kids)") < SMALL.processes
    assert inside("n = 0\ntry:\n    for i in range(9):\n        with open(f'/tmp/{i}', 'wb', 0) as f:\n"
                  "            for _ in range(30): n += f.write(bytes(1 << 20))\n"
                  "except OSError: pass\nn >> 20") <= SMALL.tmp_mb
    assert inside("x = []\ntry:\n    while len(x) < 5000: x.append(open('/dev/null'))\nexcept OSError: pass\nn = len(x)\ndel x\nn") < SMALL.files


def test_all_that_it_started_ends_with_it(locked):
    with Session(locked, limits=SMALL) as one:
        one.cell("import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        os.setsid(); os.execl('/usr/bin/sleep', 'sleep', '64738')\n"
                 "time.sleep(.3)")
        assert sleepers() == 5
    deadline = time.monotonic() + 5
    while sleepers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleepers() == 0


def sleepers():
    lines = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if os.access(p, os.R_OK)]
    return sum(line == b"sleep\x0064738\x00" for line in lines)


def test_a_template_that_died_is_replaced(locked):
    locked.start().kill()
    locked.template.process.kill()
    locked.template.process.wait()
    with Session(locked, limits=SMALL) as one:
        assert one.cell("6 * 7").outputs[0]["data"]["text/plain"] == "42"


def test_an_installation_below_tmp_is_bound_elsewhere(locked, tmp_path):
    for name in ("grading", "labkit", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "labs", "exercises", "stills"))
    assert tmp_path.is_relative_to("/tmp")
    said = subprocess.run([sys.executable, "-c", "from grading import sandbox; print(sandbox.LABKIT, sandbox.problem())"], cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, timeout=60)
    assert said.stdout.split() == [str(tmp_path), "None"], said.stderr


AS_USER = """set -e
if [ -n "$CLOSED" ]; then mount --make-rprivate /; mkdir "$KEEP"; mount --bind "$BASE" "$KEEP"; mount -t tmpfs -o mode=755 none "$CLOSED"
mkdir -p "$BASE"; mount --bind "$KEEP" "$BASE"; fi
exec setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
"""


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="every other test here runs as an ordinary user already")
def test_an_ordinary_user_can_use_it(locked, tmp_path):
    """Root becomes user 1000, in a mount namespace where Python lies where that user can reach it."""
    base = Path(sys.base_prefix)
    closed = next((str(p) for p in reversed(base.parents) if not p.stat().st_mode & 0o001), "")
    look = "import os; from grading import bubblewrap, sandbox; print(os.getuid(), bubblewrap.privileged(), sandbox.problem())"
    done = subprocess.run(["unshare", "--mount", "sh", "-c", AS_USER, "sh", sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, env={**os.environ, "CLOSED": closed, "BASE": str(base), "KEEP": str(tmp_path / "keep"), "HOME": "/tmp"})
    assert done.stdout.split() == ["1000", "False", "None"], done.stdout + done.stderr


# Where it cannot work


def test_what_is_missing_is_one_sentence(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda _: None)
    assert sandbox.problem() == "bubblewrap is missing: install the package bubblewrap, or run students' code unprotected with --unprotected"
    with pytest.raises(sandbox.SandboxError, match="bubblewrap is missing"):
        sandbox.choose().start()
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert "needs Linux" in sandbox.problem()


@pytest.mark.parametrize(("name", "value", "words", "command"), [
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor forbids", "sudo sh binder/hub/apparmor/allow.sh"),
    ("user/max_user_namespaces", "0", "are switched off", "echo user.max_user_namespaces=15000 | sudo tee -a /etc/sysctl.d/90-course.conf")])
def test_the_setting_that_forbids_it_is_named(tmp_path, name, value, words, command):
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text(value + "\n")
    said = sandbox.explained("bwrap: No permissions to create new namespace", tmp_path)
    assert words in said and command in said
    said = sandbox.explained("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", tmp_path)
    assert words not in said and "ProtectKernelTunables=no" in said       # namespaces it has, then


@pytest.mark.parametrize(("said", "words"), [
    ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
    ("bwrap: No permissions to create new namespace", "--cap-add SYS_ADMIN"), ("OSError: libseccomp is missing", "libseccomp2"),
    ("PermissionError: Permission denied: '/python'", "readable for everybody"), ("", "it said nothing")])
def test_what_bubblewrap_says_is_explained(tmp_path, said, words):
    assert words in sandbox.explained(said, tmp_path)


def test_unprotected_warns_of_what_it_means(capsys):
    assert isinstance(sandbox.choose(unprotected=True), sandbox.Unprotected)
    sandbox.warn()
    assert "read, change and send away whatever you can" in capsys.readouterr().err


def test_a_plain_process_speaks_the_same_protocol():
    with Session(sandbox.Unprotected()) as one:
        assert one.cell("6 * 7").outputs[0]["data"]["text/plain"] == "42"


def test_on_windows_the_socket_goes_to_python_itself(monkeypatch, tmp_path):
    """The python.exe of an environment only starts another one there, which could not open a socket that was shared with the first."""
    began = {}

    class Process:
        pid, stdin = 5, io.BytesIO()

        def __init__(self, command, env, **_):
            began.update(program=command[0], launcher=env.get("__PYVENV_LAUNCHER__"), home=env["USERPROFILE"])

    student = SimpleNamespace(share=lambda pid: b"%d" % pid, close=lambda: None)
    monkeypatch.setattr(sandbox, "os", SimpleNamespace(name="nt", environ=os.environ))
    monkeypatch.setattr(sandbox, "socket", SimpleNamespace(socketpair=lambda: (None, student)))
    monkeypatch.setattr(sandbox, "subprocess", SimpleNamespace(Popen=Process, DEVNULL=None, PIPE=None))
    monkeypatch.setattr(sandbox.tempfile, "mkdtemp", lambda prefix: str(tmp_path))
    monkeypatch.setattr(sys, "_base_executable", "C:/Python312/python.exe")
    sandbox.Unprotected().start()
    assert began == {"program": "C:/Python312/python.exe", "launcher": sys.executable, "home": str(tmp_path)}


# Control groups, on a folder that stands for the kernel's


def test_control_groups_are_used_where_they_can_be_made(tmp_path):
    own = tmp_path / "own"
    own.write_text("4:memory:/here\n8:pids:/here\n0::/\n")
    for name in ("memory", "pids"):
        (tmp_path / name / "here").mkdir(parents=True)
    group = cgroup.Group("labkit", 1 << 30, 80, tmp_path, own)
    assert group.folders == [] and group.command() == []       # without cgroup.procs nothing can be put into them
    assert cgroup.Group("labkit", 1 << 30, 80, tmp_path / "none", tmp_path / "nowhere").folders == []


@pytest.mark.parametrize(("version", "knob", "written"), [
    (1, "cpu.cfs_quota_us", "150000"), (2, "cpu.max", "150000"), (1, "memory.limit_in_bytes", str(1 << 30)), (2, "memory.max", str(1 << 30))])
def test_limits_are_written_in_either_version(tmp_path, monkeypatch, version, knob, written):
    own, controller = tmp_path / "own", knob.split(".")[0]
    own.write_text(f"4:{controller}:/here\n" if version == 1 else "0::/here\n")
    parent = (tmp_path / controller if version == 1 else tmp_path) / "here"
    parent.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    made = Path.mkdir

    def mkdir(folder):
        """As the kernel does: a new group has its knobs."""
        made(folder)
        for name in ("cgroup.procs", knob):
            (folder / name).write_text("")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    group = cgroup.Group("labkit-1-0", 1 << 30, 80, tmp_path, own, cpus=1.5)
    assert group.limited == {controller} and (parent / "labkit-1-0" / knob).read_text() == written


HAND_DOWN = """
import os, subprocess, sys
from pathlib import Path
from grading import cgroup
mine, controller, other = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "other"
(mine / "cgroup.procs").write_text("0")
child = subprocess.Popen(["sleep", "60"], start_new_session=other)
try:
    assert [cgroup.handing_down(mine / below, {controller}) for below in ("", cgroup.ITSELF)] == [mine, mine]
    (mine / "box").mkdir()
    print(bool(list((mine / "box").glob(f"{controller}.*max"))), Path("/proc/self/cgroup").read_text().split("::")[1].split("/")[-1].strip())
finally:
    child.kill()
    child.wait()
"""


@pytest.fixture
def group_of_version_2():
    """(an empty group of version 2, a controller that it has), on the real kernel."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        root = Path(mount)
        if kind == "cgroup2" and os.access(root / "cgroup.subtree_control", os.W_OK) and (root / "cgroup.controllers").read_text().split():
            break
    else:
        pytest.skip("no control groups of version 2 with a controller can be made here; run the tests as root")
    controller = (root / "cgroup.controllers").read_text().split()[-1]
    given = (root / "cgroup.subtree_control").read_text().split()
    (root / "cgroup.subtree_control").write_text(f"+{controller}")
    mine = root / f"labkit-test-{os.getpid()}"
    mine.mkdir()
    yield mine, controller
    for folder in (mine / "box", mine / cgroup.ITSELF, mine):
        if folder.exists():
            folder.rmdir()
    if controller not in given:
        (root / "cgroup.subtree_control").write_text(f"-{controller}")


@pytest.mark.parametrize(("other", "said"), [("own", ["True", cgroup.ITSELF]), ("other", ["False", None])])
def test_a_group_of_version_2_hands_its_controllers_down_unless_others_are_in_it(group_of_version_2, other, said):
    mine, controller = group_of_version_2
    command = [sys.executable, "-c", HAND_DOWN, str(mine), controller, other]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, start_new_session=True)
    assert done.stdout.split() == [said[0], said[1] or mine.name], done.stderr


def test_where_there_are_control_groups_a_sandbox_is_in_them(locked):
    locked.start().kill()
    for folder in locked.template.group.folders:
        assert (folder / "cgroup.procs").read_text().split()
        knob = folder / "memory.limit_in_bytes"
        assert not knob.exists() or int(knob.read_text()) == (SMALL.memory_mb + 1024) << 20
