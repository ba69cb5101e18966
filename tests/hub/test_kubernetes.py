"""The values for Zero to JupyterHub: only keys that the chart documents, and Python in them that does what it says. No cluster is asked."""

import asyncio
import json
import re
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from tests.hub.running import ROOT

FOLDER = ROOT / "binder" / "hub" / "kubernetes"
SCHEMA = json.loads((FOLDER / "values.schema.json").read_text())


@pytest.fixture
def values():
    return yaml.safe_load((FOLDER / "values.yaml").read_text())


def complaints(values):
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(values)]


def test_the_values_use_only_documented_keys(values):
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert complaints(values) == []


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


def configured(values):
    """What the values' own Python sets."""
    c = Everything()
    c.Authenticator.allowed_users = set(values["hub"]["config"]["Authenticator"]["allowed_users"])
    for _, source in sorted(values["hub"]["extraConfig"].items()):
        exec(source, {"c": c})
    return c


@pytest.fixture
def config(values):
    return configured(values)


def spawner(name, values):
    """KubeSpawner's part of it, with volumes as the chart gives them: by name."""
    mounted = {"home": {"name": "home", "mountPath": "/home/jovyan"}, "0-exchange": {"name": "exchange", "mountPath": "/srv/exchange"}}
    return SimpleNamespace(user=SimpleNamespace(name=name), environment={}, volumes={"home": {"name": "home"}, "exchange": {"name": "exchange"}},
                           volume_mounts=mounted, extra_annotations={}, extra_labels={}, init_containers=[], working_dir="/home/jovyan",
                           profile_list=values["singleuser"]["profileList"], image="student")


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
    assert (student.image, grader.image) == ("student", "REGISTRY/perceptron-grading:TAG") and student.profile_list and not grader.profile_list
    assert "hostUsers" not in str(values) and "procMount" not in str(values)      # no student's code runs in either


def test_everybody_is_somebody_to_nbgrader_and_owns_a_home_and_nothing_else(config, values):
    ada = started("ADA", values, config)
    number = config.KubeSpawner.uid(ada)
    assert f"jovyan:x:{number}:{number}:" in ada.extra_annotations["course/passwd"]
    assert ada.volume_mounts["account"]["mountPath"] == "/etc/passwd" and ada.volumes["account"]["downwardAPI"]["items"][0]["path"] == "passwd"
    [giving] = ada.init_containers
    assert giving["command"] == ["chown", f"{number}:{number}", "/home/jovyan"]
    assert [one["mountPath"] for one in giving["volumeMounts"]] == ["/home/jovyan"]
    assert giving["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert config.KubeSpawner.fs_gid is None      # it would give the exchange away too


def test_nobody_is_an_administrator_and_students_get_no_rights_over_others(config, values):
    assert values["hub"]["config"]["Authenticator"]["admin_users"] == []
    assert all(scope.endswith("!user=course-grader") for role in values["hub"]["loadRoles"].values() for scope in role["scopes"])
    assert all(scope.endswith(("!user", "!server")) for scope in config.Spawner.server_token_scopes)


def test_the_exchange_gets_the_permissions_of_the_hub_on_one_machine(settings):
    said = (FOLDER / "namespace.yaml").read_text()
    assert len(list(yaml.safe_load_all(said))) == 3
    hub = settings.Hub(Path("/srv"))
    for path, mode, owner, _ in hub.folders():
        place = str(path).replace("/srv/grader/course", "/srv/course")
        if place.startswith(("/srv/exchange", "/srv/course")):
            assert re.search(rf"chmod {mode:o} (\S+ )*{place}(\s|$)", said), (place, oct(mode))
            assert owner == ("root" if place == "/srv/exchange" else hub.account)

