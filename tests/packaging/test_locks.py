"""The locks: every package pinned and hashed, for every system, with no address in them; and one version of each package in all."""

import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from labkit import devices
from tests.packaging.wheels import ROOT

LOCKS = {path.relative_to(ROOT).as_posix(): path
         for folder in ("binder", "binder/hub", "binder/images", "tests") for path in (ROOT / folder).glob("requirements*.txt")}
WHOLE = "tests/requirements.txt"


def pins(path):
    """Each requirement of a lock, with its hashes: {(name, version, marker): [sha256, ...]}."""
    found, current = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if pinned := re.match(r"([a-z0-9][a-z0-9.-]*)==(\S+)(?: ; (.*?))? \\$", line):
            current = found.setdefault(pinned.groups(), [])
        elif hashed := re.match(r"    --hash=sha256:([0-9a-f]{64})(?: \\)?$", line):
            current.append(hashed[1])
        else:
            assert line.startswith("#"), f"neither a pin nor a hash: {line}"
    return found


def versions(path):
    return {(name, version) for name, version, _ in pins(path)}


def project(folder):
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements):
    return {re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower() for requirement in requirements}


def test_the_locks_are_there():
    assert set(LOCKS) == {WHOLE, "tests/requirements-cpu.txt", "binder/requirements.txt", "binder/requirements-gpu.txt",
                          "binder/hub/requirements.txt", "binder/hub/requirements-gpu.txt", "binder/images/requirements.txt",
                          "binder/images/requirements-gpu.txt", "binder/images/requirements-grading.txt"}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_a_pin_with_hashes_and_no_address(lock):
    found = pins(LOCKS[lock])
    assert len(found) > 90 and all(found.values())
    assert not re.search(r"://|@ |--index|--find-links|\.(org|com|io)\b", LOCKS[lock].read_text(encoding="utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_one_version_of_each_package_in_all_locks(lock):
    whole = versions(LOCKS[WHOLE])
    only_here = {name for name, _ in versions(LOCKS[lock])} - {name for name, _ in whole}
    assert {pin for pin in versions(LOCKS[lock]) if pin[0] not in only_here} <= whole
    assert not only_here or lock.startswith(("binder/hub/", "binder/images/"))


def test_the_hub_on_one_machine_and_the_images_differ_in_jupyterhub_alone():
    """What no other lock holds; the images have the JupyterHub of Zero to JupyterHub's chart."""
    whole = {name for name, _ in versions(LOCKS[WHOLE])}
    held = {folder: {pin for lock in LOCKS if lock.startswith(folder) for pin in versions(LOCKS[lock]) if pin[0] not in whole}
            for folder in ("binder/hub/", "binder/images/")}
    several = {}
    for name, version in set.union(*held.values()):
        several.setdefault(name, set()).add(version)
    assert [name for name, found in several.items() if len(found) > 1] == ["jupyterhub"]
    for folder, pinned in held.items():
        assert len([version for name, version in pinned if name == "jupyterhub"]) == 1, folder


def test_the_gateways_client_and_server_are_one_version():
    client = dict(versions(LOCKS["binder/images/requirements-grading.txt"]))["dask-gateway"]
    assert (ROOT / "tests" / "hub" / "gateway.txt").read_text(encoding="utf-8").strip() == f"dask-gateway-server[local]=={client}"


def test_each_lock_holds_what_the_projects_ask_for():
    course, grading = project("."), project("grading")["project"]
    groups = course["dependency-groups"]
    student = names(course["project"]["dependencies"]) | names(groups["build"]) | names(groups["binder"])
    gpu = names(course["project"]["optional-dependencies"]["gpu"])
    cluster = names(grading["optional-dependencies"]["cluster"])
    instructor = names(grading["dependencies"]) - {course["project"]["name"]} | names(groups["test"]) | cluster
    served = student | names(grading["dependencies"]) - {course["project"]["name"]}
    hub, image = served | names(groups["hub"]), served | names(groups["image"])
    asked = {"binder/hub/requirements.txt": hub, "binder/hub/requirements-gpu.txt": hub | gpu,
             "binder/images/requirements.txt": image, "binder/images/requirements-gpu.txt": image | gpu,
             "binder/images/requirements-grading.txt": image | cluster | names(grading["optional-dependencies"]["gateway"]),
             "binder/requirements.txt": student, "binder/requirements-gpu.txt": student | gpu,
             "tests/requirements-cpu.txt": student | instructor, WHOLE: student | instructor | gpu}
    for lock, wanted in asked.items():
        assert wanted <= {name for name, _ in versions(LOCKS[lock])}, lock
    for small in ("binder/requirements.txt", "tests/requirements-cpu.txt"):
        assert not (gpu - student) & {name for name, _ in versions(LOCKS[small])}


def test_students_get_nothing_of_the_instructors():
    assert not {"nbgrader", "jupytext"} & {name for name, _ in versions(LOCKS["binder/requirements-gpu.txt"])}


def test_both_projects_and_the_citation_say_one_version():
    course, grading = project(".")["project"], project("grading")["project"]
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert grading["version"] == course["version"] == cited
    assert f"{course['name']}=={course['version']}" in grading["dependencies"]
    assert grading["requires-python"] == course["requires-python"]


def test_the_line_that_adds_a_gpus_package_is_the_projects_own():
    [asked] = [each.split(";")[0] for each in project(".")["project"]["optional-dependencies"]["gpu"] if each.startswith("numba-cuda")]
    assert devices.INSTALL == f'pip install "{asked}"'


def test_no_line_asks_an_index_for_the_course():
    """The course is on none: whoever took its name there would be installed in its place."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    asks = re.compile(r"install\b[^\n]*\bperceptron-to-dropout(-grading)?\b(?!-)")
    texts = [ROOT / name for name in listed if name.endswith((".py", ".md", ".toml", ".yaml", ".ipynb", ".sh")) and (ROOT / name).is_file()]
    assert [(path.name, asks.search(text)[0]) for path in texts if asks.search(text := path.read_text(encoding="utf-8"))] == []


def test_every_python_gets_one_numpy_which_the_gpus_packages_can_use():
    [limit] = [each for each in project(".")["project"]["optional-dependencies"]["gpu"] if each.startswith("numpy")]
    for name, lock in LOCKS.items():
        [numpy] = [version for package, version in versions(lock) if package == "numpy"]
        assert Version(numpy) in Requirement(limit).specifier, name
