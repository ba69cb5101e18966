"""The guide for operators says what is there: commands, files, settings, and the configuration for another JupyterHub."""

import configparser
import json
import os
import re
import shlex
import subprocess
import textwrap

import pytest

from tests.hub import image
from tests.hub.running import ROOT

GUIDE = (ROOT / "guides" / "operators.md").read_text(encoding="utf-8")


def blocks(language):
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", GUIDE, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(text) for _, text in found]


def test_every_make_command_is_one():
    lines = {line.removeprefix("sudo ") for text in [*blocks("sh"), *re.findall(r"`([^`\n]+)`", GUIDE)] for line in text.splitlines()}
    commands = sorted(line for line in lines if line.startswith("make hub") and " N" not in line)
    assert len(commands) >= 4
    for command in commands:
        done = subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0 and "binder/hub/" in done.stdout, (command, done.stderr)


def test_the_images_are_made_as_it_says(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "binder" / "images"))
    import assemble

    kinds = dict(re.findall(r"assemble\.py (\w+) (\.\./[\w-]+)$", GUIDE, re.MULTILINE))
    built = {folder: (words, name) for words, name, folder in re.findall(r"repo2docker (.*) --image-name (\S+) (\S+)$", GUIDE, re.MULTILINE)}
    assert set(kinds) == set(assemble.PINS) and set(built) == set(kinds.values())
    values = "".join(path.read_text() for path in (ROOT / "binder" / "hub" / "kubernetes").glob("*values*.yaml"))
    for words, name in built.values():
        assert name.removesuffix(":TAG") in values
        for option, value in image.NAMED.items():
            assert f"{ {'NB_USER': '--user-name', 'NB_UID': '--user-id', 'REPO_DIR': '--target-repo-dir'}[option]} {value}" in words


def test_terminals_of_the_images_find_the_courses_commands(monkeypatch):
    """A login shell, which JupyterLab would start, takes the system's PATH in the place of the server's."""
    monkeypatch.syspath_prepend(str(ROOT / "binder" / "images"))
    import assemble

    for kind in ("student", "grader"):
        server = json.loads(assemble.settings(kind)["binder/hub/servers/jupyter_server_config.json"])["ServerApp"]
        assert server["terminado_settings"] == {"shell_command": ["bash"]} and server["jpserver_extensions"]


def test_the_charts_are_those_of_the_values():
    for chart, name in (("jupyterhub/jupyterhub", "values.yaml"), ("dask/dask-gateway", "gateway.values.yaml")):
        said = re.search(rf"helm upgrade --install \S+ {chart} .*--version (\S+)", GUIDE)[1]
        assert f"--version {said}" in (ROOT / "binder" / "hub" / "kubernetes" / name).read_text()


def test_every_file_that_is_named_is_there():
    named = set(re.findall(r"\b(?:binder|tests|guides)/[\w./-]*\w", GUIDE)) | set(re.findall(r"\]\((\w+\.md)\)", GUIDE))
    assert len(named) >= 8
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "guides" / name).exists(), name


@pytest.fixture
def hub_folder(tmp_path):
    (tmp_path / "hub.toml").write_text(blocks("toml")[1])
    return tmp_path


def test_the_settings_can_be_copied(settings, hub_folder):
    """Those of a hub of its own, and those of a guest of another one."""
    guest = settings.Hub.at(hub_folder)
    (hub_folder / "hub.toml").write_text(blocks("toml")[0])
    own = settings.Hub.at(hub_folder)
    assert own.instructors == guest.instructors == ("grace",) and own.students == guest.students == ("ada", "blaise")
    assert (own.guest, guest.guest) == (False, True) and (own.account_of("ada"), guest.account_of("ada")) == ("ada", "jupyter-ada")


def test_the_configuration_for_another_hub_can_be_copied(modules, settings, hub_folder, jupyterhub):
    from traitlets.config import Config

    c = Config()
    [source] = blocks("python")
    assert source.count('"/srv/perceptron-hub/hub"') == 1 and source.count('"/srv/perceptron-hub"') == 1
    for path, here in (("/srv/perceptron-hub/hub", ROOT / "binder" / "hub"), ("/srv/perceptron-hub", hub_folder)):
        source = source.replace(f'"{path}"', repr(str(here)))
    exec(source, {"c": c})
    assert c.JupyterHub.load_groups["nbgrader-course"] == {"users": ["ada", "blaise"]}
    [instructor] = c.JupyterHub.load_roles.to_dict()["extend"]
    assert instructor["users"] == ["grace"] and instructor["groups"] == []      # a group keeps whom it once had
    assert c.Spawner.cmd == ["/bin/sh", str(hub_folder / "hub" / "start"), str(hub_folder / "env" / "bin" / "jupyterhub-singleuser")]
    [service] = c.JupyterHub.services.to_dict()["extend"]
    waits = jupyterhub.objects.Server().wait_up
    if jupyterhub.version_info[0] == 5:     # ten times, and it knows no such setting
        assert "timeout" not in service and 10 * waits(timeout=1, http=True) == 120 and waits(timeout=30) == 30
    else:
        assert service["timeout"] == 120 and waits(timeout=1) == 1


def test_the_unit_of_another_hub_gets_what_the_sandbox_needs():
    unit = configparser.ConfigParser()
    unit.optionxform = str
    unit.read_string(blocks("ini")[0])
    assert dict(unit["Service"]) == {"ProtectKernelTunables": "no"}


@pytest.mark.parametrize("said, set_to", [("", None), ('gpu_memory = "25%"\n', "25%")])
def test_a_share_of_the_gpu_reaches_every_server(modules, hub_folder, jupyterhub, said, set_to):
    from hub_course import configure
    from hub_settings import Hub
    from traitlets.config import Config

    with open(hub_folder / "hub.toml", "a") as file:
        file.write(said)
    c = Config()
    configure(c, Hub.at(hub_folder))
    assert c.Spawner.environment.to_dict()["update"].get("LABKIT_GPU_MEMORY") == set_to


def test_the_unit_starts_what_make_hub_made(settings):
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str
    unit.read(ROOT / "binder" / "hub" / "course-hub.service")
    import set_up

    hub = settings.Hub(set_up.DEFAULT)
    assert unit["Service"]["ExecStart"].split() == [str(hub.environment / "bin" / "jupyterhub"), "-f", str(hub.programs / "jupyterhub_config.py")]
    assert unit["Service"]["Environment"] == f"PATH={hub.path()}"
    assert os.path.exists(ROOT / "binder" / "hub" / "jupyterhub_config.py")
