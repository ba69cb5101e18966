"""A hub that is killed leaves nothing behind that would be in the way of the next one, or would end a stranger."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from traitlets.config import Config

from tests.hub.running import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux" or shutil.which("setpriv") is None, reason="a hub runs on Linux, with util-linux")


@pytest.fixture
def configured(modules, tmp_path, monkeypatch):
    """What jupyterhub_config.py sets for a hub in this folder."""
    for name, has in {"jupyterhub": {"version_info": (6, 1, 1)}, "jupyterhub.auth": {"PAMAuthenticator": object},
                      "jupyterhub.objects": {"Server": object}}.items():
        module = ModuleType(name)
        vars(module).update(has)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("hub", "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "hub.toml").write_text("students = ['ada']\n")
    path = tmp_path / "hub" / "jupyterhub_config.py"
    shutil.copy(ROOT / "binder" / "hub" / path.name, path)
    mask, c = os.umask(0o022), Config()
    try:
        exec(compile(path.read_text(), str(path), "exec"), {"get_config": lambda: c, "__file__": str(path)})
    finally:
        os.umask(mask)
    return SimpleNamespace(c=c, folder=tmp_path)


def alive(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_what_the_hub_started_for_itself_ends_when_it_is_killed(configured):
    """Each managed service, with a program that sleeps in the place of its own."""
    services = configured.c.JupyterHub.services
    assert len(services) == 2
    for service in services:
        own = next(i for i, word in enumerate(service["command"]) if word in ("/bin/sh", sys.executable))
        command = [*service["command"][:own], "sleep", "60"]
        begun = f"import subprocess, time; print(subprocess.Popen({command}, start_new_session=True).pid, flush=True); time.sleep(60)"
        with subprocess.Popen([sys.executable, "-c", begun], stdout=subprocess.PIPE, text=True) as parent:
            child = int(parent.stdout.readline())
            wait(lambda child=child: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
            parent.send_signal(signal.SIGKILL)
        try:
            wait(lambda child=child: not alive(child))
        finally:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def wait(until, seconds=10):
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_proxys_number_does_not_outlive_the_boot_in_which_it_meant_the_proxy(configured):
    """JupyterHub ends whatever process has it."""
    path = Path(configured.c.ConfigurableHTTPProxy.pid_file)
    assert path.parent == Path("/run") and "8001" in path.name


def test_the_service_that_grades_may_take_as_long_to_start_as_anybodys_server(configured):
    [grading] = [one for one in configured.c.JupyterHub.services if "url" in one]
    assert grading["timeout"] == configured.c.Spawner.http_timeout > 30
