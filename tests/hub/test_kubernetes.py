"""The values for Zero to JupyterHub: only keys that the chart documents, and Python in them that does what it says. No cluster is asked."""

import asyncio
import json
import os
import re
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from tests.hub.running import ROOT

FOLDER = ROOT / "binder" / "hub" / "kubernetes"
SCHEMA = json.loads((FOLDER / "values.schema.json").read_text())


def merged(*names):
    """Files of values, merged as Helm does it: a list takes the place of another."""
    def into(one, other):
        return {**one, **{key: into(one[key], value) if isinstance(value, dict) and key in one else value for key, value in other.items()}}

    values = {}
    for name in names:
        values = into(values, yaml.safe_load((FOLDER / name).read_text()))
    return values


@pytest.fixture
def values():
    return merged("values.yaml", "values.gpu.yaml")


def complaints(values):
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(values)]


def test_the_values_use_only_documented_keys(values):
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert complaints(values) == complaints(merged("values.yaml")) == []


def test_without_gpus_nothing_waits_for_their_image(values):
    assert "gpu" in str(values) and "gpu" not in str(merged("values.yaml"))


@pytest.mark.parametrize("path, wrong", [
    ("singeluser", {}),
    ("singleuser.memory.limits", "2G"),
    ("singleuser.networkPolicy.egressAllowRules.privateIP", False),
    ("singleuser.storage.extraVolumesMounts", []),
    ("singleuser.profileList.1.kubespawner_overrides", {}),
    ("singleuser.profileList.1.kubespawner_override.memory_limit", "8G"),
    ("hub.loadRole", {}),
    ("cull.enable", True),
    ("singleuser.cpu.limit", "two"),
    ("cull.timeout", "an hour"),
])
def test_a_misspelt_key_or_a_value_of_another_kind_is_refused(values, path, wrong):
    *way, last = path.split(".")
    part = values
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    part[last] = wrong
    found = complaints(values)
    assert len(found) == 1 and (last in found[0] or repr(wrong) in found[0])


class Everything(dict):
    """A stand-in for traitlets' configuration object: c.Any.thing = value."""

    def __getattr__(self, name):
        return self.setdefault(name, Everything())

    def __setattr__(self, name, value):
        self[name] = value


METADATA = SimpleNamespace(name="block-cloud-metadata")      # the chart's, an object of the Kubernetes client


def configured(values):
    """What the values' own Python sets, after the chart's own configuration."""
    c = Everything()
    c.JupyterHub.load_roles = [role | {"name": name} for name, role in values["hub"]["loadRoles"].items()]
    c.KubeSpawner.init_containers = [METADATA]
    names = {"c": c}
    for _, source in sorted(values["hub"]["extraConfig"].items()):
        exec(source, names)
    return c


@pytest.fixture
def config(values):
    return configured(values)


def spawner(name, values):
    """KubeSpawner's part of it, with volumes as the chart gives them: by name."""
    mounted = {"home": {"name": "home", "mountPath": "/home/jovyan"}, "0-exchange": {"name": "exchange", "mountPath": "/srv/exchange"}}
    return SimpleNamespace(user=SimpleNamespace(name=name), environment={}, volumes={"home": {"name": "home"}, "exchange": {"name": "exchange"}},
                           volume_mounts=mounted, extra_annotations={}, extra_labels={}, init_containers=[METADATA], working_dir="/home/jovyan",
                           profile_list=values["singleuser"].get("profileList", []), user_options={"profile": "cpu"}, image="student")


def test_everybody_gets_a_user_number_of_their_own_the_one_that_collect_expects(config, values, exchange):
    names = [f"student{i}" for i in range(2000)]
    numbers = [config.KubeSpawner.uid(spawner(name, values)) for name in names]
    assert len(set(numbers)) == len(names) and min(numbers) >= 100_000
    assert numbers == [exchange.number(name) for name in names]


def started(name, values, config):
    one = spawner(name, values)
    asyncio.run(config.KubeSpawner.pre_spawn_hook(one))
    return one


def test_only_the_grading_pod_gets_the_course(config, values):
    student, grader = started("ADA", values, config), started("course-grader", values, config)
    assert set(grader.volumes) - set(student.volumes) == set(grader.volume_mounts) - set(student.volume_mounts) == {"course"}
    assert (student.image, grader.image) == ("student", "REGISTRY/perceptron-grading:TAG") and student.profile_list and student.user_options
    assert not grader.profile_list and not grader.user_options      # KubeSpawner refuses a chosen profile that is not in the list
    assert "hostUsers" not in str(values) and "procMount" not in str(values)      # no student's code runs in either
    values["singleuser"].pop("profileList")         # values.gpu.yaml was taken away again
    assert started("ADA", values, config).user_options == {}


def test_everybody_is_somebody_to_nbgrader_and_owns_a_home_and_nothing_else(config, values):
    ada = started("ADA", values, config)
    number = config.KubeSpawner.uid(ada)
    assert f"jovyan:x:{number}:{number}:" in ada.extra_annotations["course/passwd"]
    assert ada.volume_mounts["account"]["mountPath"] == "/etc/passwd" and ada.volumes["account"]["downwardAPI"]["items"][0]["path"] == "passwd"
    asyncio.run(config.KubeSpawner.pre_spawn_hook(ada))
    blocking, giving = ada.init_containers
    assert blocking is METADATA
    assert giving["command"] == ["chown", f"{number}:{number}", "/home/jovyan"]
    assert [one["mountPath"] for one in giving["volumeMounts"]] == ["/home/jovyan"]
    assert giving["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert config.KubeSpawner.fs_gid is None      # it would give the exchange away too


def test_nobody_is_an_administrator_and_students_get_no_rights_over_others(config, values):
    assert values["hub"]["config"]["Authenticator"]["admin_users"] == []
    assert all(scope.endswith("!user=course-grader") for role in config.JupyterHub.load_roles for scope in role["scopes"])
    assert all(scope.endswith(("!user", "!server")) for scope in config.Spawner.server_token_scopes)


def test_the_class_and_nobody_else_logs_in(config, values):
    assert config.Authenticator.allowed_users == {"GRACE", "ADA", "BLAISE"}
    assert values["hub"]["config"]["Authenticator"]["allow_existing_users"] is False    # else whoever was in the class once
    # not even where its settings let in everybody: this is asked after them, of names as the hub writes them
    authenticator = SimpleNamespace(allowed_users={name.lower() for name in config.Authenticator.allowed_users})
    asked = {name: config.Authenticator.post_auth_hook(authenticator, None, {"name": name}) for name in ("ada", "mallory", "course-grader")}
    assert asked == {"ada": {"name": "ada"}, "mallory": None, "course-grader": None}


def test_who_is_taken_out_of_the_class_loses_the_instructors_rights(config):
    [instructor] = [role for role in config.JupyterHub.load_roles if role["name"] == "instructor"]
    assert instructor["users"] == ["GRACE"] == config.JupyterHub.load_groups["formgrade-course"]["users"]
    assert not any(role.get("groups") for role in config.JupyterHub.load_roles)         # JupyterHub takes nobody out of a group


def test_the_grader_is_made_by_a_role_and_is_not_of_the_class(config):
    [grader] = [role for role in config.JupyterHub.load_roles if role["name"] == "grader"]
    assert grader["users"] == ["course-grader"] and "course-grader" not in config.Authenticator.allowed_users


def test_two_people_with_one_number_are_refused(values, exchange):
    found = {}
    one, other = next((found[number], name) for name in (f"s{i}" for i in range(200_000))
                      if found.setdefault(number := exchange.number(name), name) != name)
    values["hub"]["extraConfig"]["10-class"] = values["hub"]["extraConfig"]["10-class"].replace('"ADA", "BLAISE"', f'"{one}", "{other.upper()}"')
    with pytest.raises(ValueError, match=r"s\d+ and s\d+ get the same user number"):
        configured(values)


def test_every_container_has_a_filter_and_no_capability_that_it_does_not_need(config, values):
    person, giving = config.KubeSpawner.container_security_context, started("ADA", values, config).init_containers[-1]["securityContext"]
    for context in (person, giving):
        assert context["seccompProfile"] == {"type": "RuntimeDefault"} and context["allowPrivilegeEscalation"] is False
    assert person["capabilities"] == {"drop": ["ALL"]}


def test_nobody_fills_a_nodes_memory_processors_or_disk(values):
    server = values["singleuser"]
    assert server["memory"]["limit"] and server["cpu"]["limit"] and server["extraResource"]["limits"]["ephemeral-storage"]


@pytest.mark.parametrize("address, open_to", [("10.1.2.3", False), ("172.31.0.1", False), ("192.168.1.1", False), ("100.64.0.1", False),
                                              ("100.100.100.200", False), ("169.254.169.254", False), ("169.254.170.23", False),
                                              ("168.63.129.16", False), ("151.101.0.223", True)])
def test_students_code_reaches_the_internet_and_nothing_of_the_cloud(values, address, open_to):
    assert values["singleuser"]["cloudMetadata"]["blockWithIptables"]       # where nothing enforces policies, it stays closed like this
    policy = values["singleuser"]["networkPolicy"]
    assert not any(on for rule, on in policy["egressAllowRules"].items() if not rule.startswith("dns"))
    outside, names = policy["egress"]
    block, here = outside["to"][0]["ipBlock"], ip_address(address)
    assert open_to == (here in ip_network(block["cidr"]) and not any(here in ip_network(one) for one in block["except"]))
    assert {port["port"] for port in names["ports"]} == {53}


def test_every_pod_of_our_images_can_be_pulled_with_the_same_secret(values):
    job = yaml.safe_load((FOLDER / "permissions.yaml").read_text())["spec"]["template"]["spec"]
    backend = yaml.safe_load((FOLDER / "gateway.values.yaml").read_text())["gateway"]["backend"]
    [name] = values["imagePullSecrets"]
    assert job["imagePullSecrets"] == backend["imagePullSecrets"] == [{"name": name}]
    assert f"create secret docker-registry {name} " in (ROOT / "guides" / "operators.md").read_text()


def test_the_namespace_allows_what_the_workers_need():
    namespace, *volumes = yaml.safe_load_all((FOLDER / "namespace.yaml").read_text())
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}
    job = yaml.safe_load((FOLDER / "permissions.yaml").read_text())
    assert {one["metadata"]["namespace"] for one in (*volumes, job)} == {namespace["metadata"]["name"]}


def test_the_exchange_gets_the_permissions_of_the_hub_on_one_machine(settings):
    said = (FOLDER / "permissions.yaml").read_text()
    hub = settings.Hub(Path("/srv"))
    for path, mode, owner, _ in hub.folders():
        place = str(path).replace("/srv/grader/course", "/srv/course")
        if place.startswith(("/srv/exchange", "/srv/course")):
            assert re.search(rf"chmod {mode:o} (\S+ )*{place}(\s|$)", said), (place, oct(mode))
            assert owner == ("root" if place == "/srv/exchange" else hub.account)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_the_job_may_run_again_and_takes_nobodys_work(settings, exchange, tmp_path):
    [container] = yaml.safe_load((FOLDER / "permissions.yaml").read_text())["spec"]["template"]["spec"]["containers"]
    [script], [variable] = container["args"], container["env"]
    assert variable == {"name": "GRADER", "value": str(exchange.number("course-grader"))}
    for name in ("exchange", "course"):
        (tmp_path / "srv" / name).mkdir(parents=True)

    def run():
        command = [*container["command"], script.replace("/srv/", f"{tmp_path}/srv/")]
        subprocess.run(command, check=True, env={**os.environ, "GRADER": variable["value"]})

    run()
    handed_in = tmp_path / "srv" / "exchange" / "course" / "inbound" / "ada+01_perceptron+2036-05-01 10:00:00.000000 UTC+random"
    handed_in.mkdir(mode=0o770)
    os.chown(handed_in, exchange.number("ada"), int(variable["value"]))
    (handed_in / "01_perceptron.ipynb").touch()
    os.chown(handed_in / "01_perceptron.ipynb", exchange.number("ada"), -1)
    before = [(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode) for path in (handed_in, *handed_in.iterdir())]
    run()
    assert before == [(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode) for path in (handed_in, *handed_in.iterdir())]
    for path, mode, owner, _ in settings.Hub(tmp_path / "srv").folders():
        place = Path(str(path).replace("/grader/course", "/course"))
        if place.is_relative_to(tmp_path / "srv" / "exchange") or place == tmp_path / "srv" / "course":
            number = 0 if owner == "root" else int(variable["value"])
            assert (place.stat().st_uid, place.stat().st_gid, place.stat().st_mode & 0o7777) == (number, number, mode), place
