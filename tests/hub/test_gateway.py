"""Dask Gateway: its values use only what the chart documents, only its workers may lock students' code away, only the grader may ask for them;
and a real gateway on this machine grades what this machine grades, and leaves no cluster behind."""

import copy
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from grading import cluster
from tests.hub.image import PLACE, ROOT
from tests.hub.running import free_ports
from tests.hub.test_kubernetes import FOLDER, configured, started
from tests.hub.test_kubernetes import SCHEMA as HUBS

SCHEMA = json.loads((FOLDER / "gateway.values.schema.json").read_text())
LAB = "01_perceptron"
MINE = "access:services!service=dask-gateway"


def read(name):
    return yaml.safe_load((FOLDER / name).read_text())


def complaints(values, schema=SCHEMA):
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(values)]


def test_the_values_use_only_documented_keys():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert complaints(read("gateway.values.yaml")) == [] and complaints(read("gateway.hub.yaml"), HUBS) == []


@pytest.mark.parametrize("path, wrong", [
    ("gatway", {}),
    ("gateway.auth.jupyterhub.serviceName", "dask-gateway"),
    ("gateway.auth.type", "jupyter"),
    ("gateway.backend.worker.memory.limits", "4 G"),
    ("gateway.backend.worker.extraPodConfig.hostUser", False),
    ("gateway.backend.worker.extraContainerConfig.securityContext.procMounts", "Unmasked"),
    ("gateway.backend.worker.threads", "one"),
    ("traefik.service.kind", "ClusterIP"),
])
def test_a_misspelt_key_or_a_value_of_another_kind_is_refused(path, wrong):
    values = read("gateway.values.yaml")
    *way, last = path.split(".")
    part = values
    for step in way:
        part = part[step]
    part[last] = wrong
    [found] = complaints(values)
    assert last in found or repr(wrong) in found


def test_only_the_workers_get_what_bubblewrap_needs():
    backend = read("gateway.values.yaml")["gateway"]["backend"]
    worker, context = backend["worker"], backend["worker"]["extraContainerConfig"]["securityContext"]
    assert worker["extraPodConfig"] == {"hostUsers": False} and context["procMount"] == "Unmasked"
    assert context["capabilities"] == {"drop": ["ALL"]} and context["allowPrivilegeEscalation"] is False
    scheduler = backend["scheduler"]["extraContainerConfig"]["securityContext"]
    assert scheduler["seccompProfile"] == {"type": "RuntimeDefault"} and "procMount" not in scheduler and "extraPodConfig" not in backend["scheduler"]
    assert f"{backend['image']['name']}:{backend['image']['tag']}" in (FOLDER / "values.yaml").read_text()


def test_dask_is_started_by_programs_that_it_has():
    pytest.importorskip("distributed")
    c = SimpleNamespace(KubeClusterConfig=SimpleNamespace())
    exec(read("gateway.values.yaml")["gateway"]["extraConfig"]["course"], {"c": c})
    for command in (c.KubeClusterConfig.scheduler_cmd, c.KubeClusterConfig.worker_cmd):
        assert command[0] == "dask"
        assert subprocess.run([sys.executable, "-m", *command, "--help"], capture_output=True).returncode == 0
    assert c.KubeClusterConfig.idle_timeout > 0


def test_only_the_grader_may_ask_for_a_cluster():
    values, more = read("values.yaml"), read("gateway.hub.yaml")
    both = copy.deepcopy(values)
    both["hub"]["extraConfig"] |= more["hub"]["extraConfig"]
    config = configured(both)
    ada, grader = started("ADA", values, config), started("course-grader", values, config)
    assert MINE not in config.Spawner.server_token_scopes(ada) and MINE in config.Spawner.server_token_scopes(grader)
    assert more["hub"]["loadRoles"]["grader"] | {"description": ""} == {"description": "", "users": ["course-grader"], "scopes": [MINE]}
    assert "DASK_GATEWAY__ADDRESS" not in ada.environment and ada.extra_labels == {}
    assert "course" in grader.volumes and grader.environment["JUPYTERHUB_DEFAULT_URL"] == "/formgrader"
    cluster.refuse_open(grader.environment["DASK_GATEWAY__ADDRESS"])
    prefix = read("gateway.values.yaml")["gateway"]["prefix"]
    assert grader.environment["DASK_GATEWAY__ADDRESS"].endswith(prefix) and prefix.removeprefix("/services/") in more["hub"]["services"]


def test_workers_reach_their_scheduler_and_nothing_else():
    policies = {one["metadata"]["name"]: one["spec"] for one in yaml.safe_load_all((FOLDER / "gateway.network.yaml").read_text())}
    workers = policies["grading-workers"]
    assert workers["policyTypes"] == ["Ingress", "Egress"]
    [scheduler, names] = workers["egress"]
    assert workers["ingress"] == [{"from": scheduler["to"]}]
    assert scheduler["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "dask-scheduler"
    assert {port["port"] for port in names["ports"]} == {53}
    assert policies["grading-to-gateway"]["podSelector"]["matchLabels"] == {"course": "grading"}


# The client


@pytest.mark.parametrize("address", ["https://hub.example.edu/services/dask-gateway", "http://127.0.0.1:8000"])
def test_a_gateway_over_tls_or_on_this_machine_is_taken(address):
    cluster.refuse_open(address)
    assert cluster.is_gateway(address)


@pytest.mark.parametrize("address", ["http://hub.example.edu/services/dask-gateway", "http://10.0.0.5", "gateway://127.0.0.1:80/x"])
def test_any_other_is_refused(address):
    with pytest.raises(ValueError, match="has to use TLS"):
        next(cluster.graded(iter(()), address, None))


class Gateway:
    """A gateway whose cluster goes through some states; `stopped` are the clusters that were given back."""

    def __init__(self, *states):
        self.states, self.stopped, self.asked = list(states), [], None

    def __call__(self, address):
        return self

    def submit(self):
        if not self.states:
            raise PermissionError("401")
        return "c1"

    def get_cluster(self, name, wait):
        return SimpleNamespace(status=SimpleNamespace(name=self.states.pop(0)), scheduler_address="gateway://here/c1", security="made for c1")

    def scale_cluster(self, name, count):
        self.asked = count

    def stop_cluster(self, name):
        self.stopped.append(name)


@pytest.fixture
def gateway(monkeypatch):
    def put(*states):
        made = Gateway(*states)
        monkeypatch.setitem(sys.modules, "dask_gateway", SimpleNamespace(Gateway=made))
        return made

    return put


def test_a_cluster_is_asked_for_and_given_back_whatever_happens(gateway, monkeypatch):
    made = gateway("PENDING", "RUNNING")
    joined = []

    class Joined:
        def __init__(self, *how):
            joined.append(how)

        def __enter__(self):
            raise KeyboardInterrupt

        def __exit__(self, *error):
            raise AssertionError("never entered")

    monkeypatch.setattr(cluster, "connection", Joined)
    with pytest.raises(KeyboardInterrupt), cluster.started("https://g", 7):
        pass
    assert joined == [("gateway://here/c1", "made for c1")] and made.asked == 7 and made.stopped == ["c1"]


def test_a_cluster_that_does_not_start_and_a_gateway_that_refuses_are_said(gateway):
    made = gateway("PENDING", "FAILED")
    with pytest.raises(RuntimeError, match="could not start cluster c1, which is failed"), cluster.started("https://g", 1):
        pass
    assert made.stopped == ["c1"]
    gateway()
    with pytest.raises(RuntimeError, match="at https://g gives no cluster: PermissionError 401"), cluster.started("https://g", 1):
        pass


# A real one


@pytest.fixture(scope="module")
def environments():
    """{name: folder}: the gateway's own programs, and those of the image for grading, from its pins."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip(f"the programs are kept in {PLACE}, which takes root")
    made = {}
    for name, lock in (("gateway", ROOT / "tests" / "hub" / "gateway.txt"), ("client", ROOT / "binder" / "images" / "requirements-grading.txt")):
        made[name] = PLACE / name
        command = [sys.executable, ROOT / "tools" / "setup.py", "--only-pins", "--venv", made[name], "--pins", lock]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def server(environments, tmp_path):
    """The address of a gateway that starts schedulers and workers as processes of this machine, and its log."""
    port, programs = free_ports(), environments["client"] / "bin"
    (tmp_path / "clusters").mkdir()
    (tmp_path / "config.py").write_text(f"""
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.DaskGateway.address, c.Proxy.address = "127.0.0.1:{port + 1}", "127.0.0.1:{port}"
c.UnsafeLocalBackend.clusters_directory = "{tmp_path / 'clusters'}"
c.UnsafeLocalBackend.inherited_environment = ["PATH", "PYTHONPATH"]
c.DBBackendBase.cluster_heartbeat_timeout = c.DBBackendBase.cluster_start_timeout = c.DBBackendBase.worker_start_timeout = 400
c.ClusterConfig.scheduler_cmd, c.ClusterConfig.worker_cmd = ["{programs}/dask", "scheduler"], ["{programs}/dask", "worker"]
c.ClusterConfig.environment = {{"DASK_DISTRIBUTED__WORKER__DAEMON": "False"}}
c.ClusterConfig.worker_memory = "4 G"
""")
    folder = environments["gateway"] / "bin"
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    with open(tmp_path / "gateway.log", "w") as log:
        process = subprocess.Popen([folder / "dask-gateway-server", "-f", tmp_path / "config.py"], env=environment, stdout=log, stderr=log)
        try:
            address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 60
            while True:
                try:
                    urllib.request.urlopen(f"{address}/api/version").close()
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "gateway.log").read_text()
                    time.sleep(0.5)
            yield SimpleNamespace(address=address, log=tmp_path / "gateway.log")
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.images
@pytest.mark.timeout(2400)
def test_a_real_gateway_grades_and_leaves_nothing_behind(environments, server, tmp_path):
    def grading(*words):
        command = [environments["client"] / "bin" / "python", "-m", "grading.cli", *words, "--course", tmp_path / "course"]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    grading("build", LAB)
    solved, empty = tmp_path / "course" / "source" / LAB / f"{LAB}.ipynb", ROOT / "notebooks" / f"{LAB}.ipynb"
    for student, notebook in (("ada", solved), ("blaise", empty)):
        path = tmp_path / "course" / "submitted" / student / LAB / f"{LAB}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook.read_bytes())
    grading("autograde", LAB, "--scheduler", server.address)
    points = {row.split(",")[0]: float(row.split(",")[4]) for row in grading("export").splitlines()[1:]}
    assert points["ada"] > 10 > points["blaise"] == 0
    time.sleep(2)
    said = server.log.read_text()
    [name] = re.findall(r"Created cluster (\w+)", said)
    assert f"Cluster {name} stopped" in said or f"Stopping cluster {name}" in said
