"""Memory that a submission's processes hide from whoever looks: counted all the same, without a control group too."""

import pytest

from grading import cgroup, sandbox
from grading.session import Session

LIMITS = sandbox.Limits(cell_seconds=20, total_seconds=60, memory_mb=400)
FILL = "a = []\nfor _ in range(16): a.append(b'1' * (32 << 20)); time.sleep(.05)\ntime.sleep(15)\n"
THREAD = "    def fill():\n        a = []\n        for _ in range(16): a.append(b'1' * (32 << 20)); time.sleep(.05)\n        time.sleep(60)\n"
HIDDEN = {
    "by a process that made itself unreadable": "import ctypes, time\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" + FILL,
    "in a thread whose process seems to have ended":
        "import ctypes, os, threading, time\nif os.fork() == 0:\n" + THREAD +
        "    threading.Thread(target=fill).start()\n    ctypes.CDLL(None).pthread_exit(None)\ntime.sleep(15)\n",
}


@pytest.fixture(scope="module")
def alone():
    """A sandbox on a machine without control groups."""
    if (why := sandbox.problem()) is not None:
        pytest.skip(why)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cgroup.Group, "command", lambda self: [])
        made = sandbox.Sandbox(limits=LIMITS)
        yield made
        made.close()


@pytest.mark.parametrize("source", HIDDEN.values(), ids=HIDDEN)
def test_hidden_memory_is_counted(alone, source):
    with Session(alone, 1, LIMITS) as session:
        assert session.cell("x = 1").fate is None
        assert session.cell(source).fate.kind == "out_of_memory"
