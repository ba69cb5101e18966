"""Which tests run here, what is said of those that do not, and what a skip means.

Slow and peer tests, GPU tests where there is no GPU and cluster tests where Dask or Postgres is missing are left out and counted in the
closing summary, unless `-m` or a test's own name asks for them. `REQUIRE_ALL=1` turns every skip into a failure, and leaves no cluster test
out, GPU tests aside: a machine that should run everything says so where it cannot.
"""

import glob
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

REQUIRE_ALL = os.environ.get("REQUIRE_ALL", "") not in ("", "0")
LEFT_OUT = {
    "slow": "the papers' full experiments: make test TEST_ARGS='-m slow'",
    "peers": "need other libraries: make peers, then make test TEST_ARGS='-m peers'",
    "cluster": "need Dask and Postgres: make setup, apt-get install postgresql openssl",
    "hub": "start a real JupyterHub, as root, with Node.js 20: make test TEST_ARGS='-m hub'",
    "images": "build the hub's images in an empty file system, as root, with debootstrap: make test TEST_ARGS='-m images'",
    "gpu": "no NVIDIA GPU is usable here: see labkit doctor",
}
COUNTS = pytest.StashKey[dict]()


def pytest_configure(config):
    # nbgrader calls `alembic` by name, and a test that opens no window should not look for a screen.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.pop("NBGRADER_EXECUTION", None)
    config.stash[COUNTS] = dict.fromkeys(LEFT_OUT, 0)


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: "packaging" not in item.path.parts)     # its files take longest: last, one worker would wait for the other
    if config.option.markexpr or any("::" in argument for argument in config.args):
        return
    here = {"gpu": has_gpu(), "cluster": REQUIRE_ALL or has_cluster()}
    kept, left = [], []
    for item in items:
        reason = next((mark for mark in LEFT_OUT if item.get_closest_marker(mark) and not here.get(mark)), None)
        (left if reason else kept).append(item)
        if reason:
            config.stash[COUNTS][reason] += 1
    items[:] = kept
    config.hook.pytest_deselected(items=left)


@pytest.fixture(autouse=True)
def the_course_as_it_is():
    """A fake course's configuration moves the folder of exercises for its whole process; the test that leaves it there is told so."""
    yield
    exercise = sys.modules.get("grading.exercise")
    if exercise and exercise.FOLDER != Path(exercise.__file__).parent / "exercises":
        left, exercise.FOLDER = exercise.FOLDER, Path(exercise.__file__).parent / "exercises"
        pytest.fail(f"grading.exercise.FOLDER is left at {left}; restore it with monkeypatch")


def has_gpu():
    from labkit import devices

    return devices.find_gpu().problem is None


def has_cluster():
    programs = shutil.which("openssl") and (shutil.which("initdb") or glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return bool(programs and find_spec("distributed") and find_spec("psycopg"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    expected = hasattr(report, "wasxfail")
    if REQUIRE_ALL and report.skipped and not expected and not item.get_closest_marker("gpu"):
        fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if REQUIRE_ALL and report.skipped and "gpu" not in collector.path.parts:
        fail(report)
    return report


def fail(report):
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"REQUIRE_ALL=1 and this was skipped: {str(reason).removeprefix('Skipped: ')}"


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):         # one of several workers: it tells the one who writes the summary
        session.config.workeroutput["left out"] = session.config.stash[COUNTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    node.config.stash[COUNTS].update(getattr(node, "workeroutput", {}).get("left out", {}))


def pytest_terminal_summary(terminalreporter, config):
    for mark, count in config.stash[COUNTS].items():
        if count:
            terminalreporter.write_line(f"left out: {count} {mark} ({LEFT_OUT[mark]})")
