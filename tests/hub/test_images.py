"""The images for a hub: what goes into them, what repo2docker makes of it, and the same built step by step in an empty root file system."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import yaml

from tests.hub import image
from tests.hub.image import NAMED, PLACE, ROOT
from tests.hub.loaded import FIRST_CALLS, all_loaded
from tests.hub.test_kubernetes import FOLDER, configured, spawner
from tests.packaging.test_locks import versions

IMAGES = ROOT / "binder" / "images"
KINDS = ("cpu", "gpu", "grading")
LAB = "01_perceptron"
GRADER = "course-grader"


@pytest.fixture(scope="module")
def assemble():
    sys.path.insert(0, str(IMAGES))
    import assemble

    yield assemble
    sys.path.remove(str(IMAGES))


@pytest.fixture(scope="module")
def sources(assemble, tmp_path_factory):
    """{kind: the folder that repo2docker gets}"""
    made = {kind: tmp_path_factory.mktemp(kind) / "source" for kind in KINDS}
    for kind, folder in made.items():
        assemble.write(folder, assemble.contents(kind))
    return made


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def lock(kind):
    return IMAGES / {"cpu": "requirements.txt", "gpu": "requirements-gpu.txt", "grading": "requirements-grading.txt"}[kind]


# What goes in


def test_students_images_hold_nothing_of_the_instructors(sources):
    for kind in ("cpu", "gpu"):
        assert not [name for name in names(sources[kind]) if name.startswith("grading/") or "formgrader" in name]
        assert not {"dask", "dask-gateway", "psycopg"} & set(dict(versions(lock(kind))))
    assert {f"grading/labs/{LAB}.py", "binder/apt.txt", "binder/hub/hub_formgrader.py"} <= names(sources["grading"])


def test_a_solution_in_what_students_get_stops_it(assemble, monkeypatch):
    from grading import publish

    real = publish.contents
    solved = publish.answered(LAB)
    monkeypatch.setattr(publish, "contents", lambda root: real(root) | {"notebooks/solved.ipynb": solved})
    with pytest.raises(publish.Refused, match="the image for students"):
        assemble.contents("cpu")


def test_a_folder_with_something_in_it_is_left_alone(assemble, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="is not empty; name a new folder"):
        assemble.write(tmp_path, {})


@pytest.mark.parametrize("kind", KINDS)
def test_jupyterhub_is_the_charts(kind):
    [chart] = re.findall(r"chart version ([\d.]+) \(JupyterHub ([\d.]+)\)", (FOLDER / "values.yaml").read_text())
    assert dict(versions(lock(kind)))["jupyterhub"].startswith(f"{chart[1]}.")
    assert {"nbgrader", "labkit"} & set(dict(versions(lock(kind)))) == {"nbgrader"}


def test_the_gateways_client_is_of_the_charts_version():
    [chart] = re.findall(r"Gateway's chart, version ([\d.]+):", (FOLDER / "gateway.values.yaml").read_text())
    assert dict(versions(lock("grading")))["dask-gateway"] == chart


@pytest.mark.parametrize("kind", KINDS)
def test_repo2docker_takes_the_steps(kind, sources):
    dockerfile = image.recipe(sources[kind])
    assert f"py-2d{image.wanted().replace('.', '-2e')}" in dockerfile
    said = [f"{instruction} {words}" for instruction, words in image.steps(dockerfile)]
    assert 'RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r "binder/requirements.txt"' in said
    assert said.index("RUN ./binder/postBuild") < said.index('ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"')
    assert any("bubblewrap" in step for step in said) == (kind == "grading")


# What comes out


@pytest.fixture(scope="module")
def built(sources):
    """The image of a kind, built once for what it is made of."""
    if why := image.missing():
        pytest.skip(why)
    PLACE.mkdir(exist_ok=True)
    made = {}

    def build(kind):
        if kind not in made:
            digest = hashlib.sha256()
            for name in sorted(names(sources[kind])):
                digest.update(name.encode() + (sources[kind] / name).read_bytes())
            stamp = PLACE / f"{kind}.made"
            with open(PLACE / f"{kind}.log", "a") as log:
                made[kind] = one = image.Image(PLACE / kind, sources[kind], log)
                if stamp.exists() and stamp.read_text() == digest.hexdigest():
                    one.settle()
                else:
                    one.build()
                    stamp.write_text(digest.hexdigest())
        return made[kind]

    return build


@pytest.fixture(scope="module")
def pod(built, tmp_path_factory):
    """pod(kind, name, *command): what a command says in a pod of that image, as values.yaml starts it for a person: their number, their line in
    /etc/passwd, a home of their own, nbgrader's settings, the exchange, and for the one who grades the course; all else cannot be written to."""
    values = yaml.safe_load((FOLDER / "values.yaml").read_text())
    config = configured(values)
    place = tmp_path_factory.mktemp("volumes")
    place.parent.chmod(0o755)
    settings = place / "nbgrader_config.py"
    settings.write_text(values["singleuser"]["extraFiles"]["nbgrader"]["stringData"])
    for name in ("exchange", "course"):
        (place / name).mkdir()
    started = {}

    def start(name):
        one = spawner(name, values)
        asyncio.run(config.KubeSpawner.pre_spawn_hook(one))
        number, home, passwd = config.KubeSpawner.uid(one), place / f"home-{name}", place / f"passwd-{name}"
        home.mkdir()
        os.chown(home, number, number)
        passwd.write_text(one.extra_annotations["course/passwd"])
        binds = [(home, "/home/jovyan"), (passwd, "/etc/passwd"), (settings, "/etc/jupyter/nbgrader_config.py"),
                 (place / "exchange", "/srv/exchange")]
        return number, one.working_dir, [*binds, *([(place / "course", "/srv/course")] if "course" in one.volumes else [])]

    def run(kind, name, *command, fails=False):
        if name not in started:
            started[name] = start(name)
        number, folder, binds = started[name]
        machine = built(kind)
        done = machine.inside(*machine.entry, *command, user=number, cwd=folder, binds=binds, readonly=True, JUPYTERHUB_USER=name,
                              COURSE_ACCOUNTS="numbers")
        assert fails == bool(done.returncode), f"{command}\n{done.stdout}"
        return done.stdout

    run.place = place
    return run


@pytest.mark.images
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", KINDS)
def test_the_servers_program_is_the_charts(kind, pod):
    said = pod(kind, GRADER if kind == "grading" else "ada", "jupyterhub-singleuser", "--version")
    assert said.split()[-1] == dict(versions(lock(kind)))["jupyterhub"]


@pytest.mark.images
@pytest.mark.timeout(7200)
def test_the_first_parallel_cell_takes_under_two_seconds(pod):
    """Of processor time, since other work on this machine counts on the clock. Every kernel comes from the image's cache: none is compiled."""
    said = json.loads(pod("cpu", "ada", "python", "-c", FIRST_CALLS).splitlines()[-1])
    all_loaded(said, "/home/jovyan/.cache/perceptron/numba-")
    spent = said["spent"].values()
    assert len(spent) > 40 and max(spent) < 2 and sum(spent) < 20, said


@pytest.mark.images
@pytest.mark.timeout(7200)
def test_the_image_for_gpus_has_nvidias_compilers_and_without_a_driver_says_so(pod):
    make = ("from labkit.kernels import compile, registry; kernel = registry.kernels()['momentum']; "
            "print([compile.over_budget(kernel, compile.compile_kernel(kernel, gpu)) for gpu in ((7, 5), (9, 0))])")
    assert pod("gpu", "ada", "python", "-c", make).splitlines()[-1] == "[[], []]"
    assert "no NVIDIA driver was found" in pod("gpu", "ada", "labkit", "doctor")


@pytest.mark.images
@pytest.mark.timeout(7200)
def test_a_lab_goes_from_release_to_grade_between_pods(pod):
    """The grading pod builds and releases, ada fetches and submits, blaise cannot read it, the grading pod collects and grades in the sandbox."""
    job = yaml.safe_load((FOLDER / "permissions.yaml").read_text())
    container = job["spec"]["template"]["spec"]["containers"][0]
    place = pod.place
    made = subprocess.run(["unshare", "--mount", "bash", "-c", f"mkdir -p /srv/exchange /srv/course; mount --bind {place}/exchange /srv/exchange; "
                           f"mount --bind {place}/course /srv/course; exec \"$@\"", "bash", *container["command"], *container["args"]],
                          env={**os.environ, "GRADER": str(hub_number(GRADER))}, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    for folder in ("/srv/exchange", "/srv/course"):     # what the mounts lay over, in a namespace that is gone
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    anyone = "--Authenticator.plugin_class=nbgrader.auth.NoAuthPlugin"      # there is no hub to ask
    pod("grading", GRADER, "grading", "build", LAB, "--course", "/srv/course")
    pod("grading", GRADER, "nbgrader", "generate_assignment", LAB, "--force")
    pod("grading", GRADER, "nbgrader", "release_assignment", LAB, anyone)
    pod("cpu", "ada", "nbgrader", "fetch_assignment", LAB, anyone)
    home = place / "home-ada" / LAB / f"{LAB}.ipynb"
    assert "### BEGIN SOLUTION" not in home.read_text()
    solve(home, place / "course" / "source" / LAB / f"{LAB}.ipynb")
    pod("cpu", "ada", "nbgrader", "submit", LAB, anyone)
    [handed_in] = (place / "exchange" / "course" / "inbound").iterdir()
    assert handed_in.name.startswith(f"ada+{LAB}+") and handed_in.stat().st_uid == hub_number("ada")
    pod("cpu", "blaise", "cat", f"/srv/exchange/course/inbound/{handed_in.name}/{LAB}.ipynb", fails=True)
    pod("grading", GRADER, "nbgrader", "collect", LAB, anyone)
    assert (place / "course" / "submitted" / "ada" / LAB / f"{LAB}.ipynb").exists()
    pod("grading", GRADER, "grading", "autograde", LAB, "--course", "/srv/course", "--workers", "1")
    table = pod("grading", GRADER, "grading", "export", "--course", "/srv/course")
    [ada] = [line for line in table.splitlines() if line.startswith("ada,")]
    assert float(ada.split(",")[4]) > 0, table


def hub_number(name):
    return 100_000 + int(hashlib.sha256(name.encode()).hexdigest()[:7], 16)


def solve(path, source):
    """The student's notebook with the instructor's solutions in it, still the student's own file."""
    answers = {cell.id: cell.source for cell in nbformat.read(source, as_version=4).cells if cell.metadata.get("nbgrader", {}).get("solution")}
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    path.write_text(nbformat.writes(notebook))


@pytest.mark.images
@pytest.mark.timeout(7200)
def test_a_solved_lab_runs_in_a_students_pod(pod, tmp_path):
    from grading import publish

    pod("cpu", "clara", "true")
    solved = pod.place / "home-clara" / "solved.ipynb"
    solved.write_bytes(publish.answered(LAB))
    shutil.chown(solved, hub_number("clara"))
    pod("cpu", "clara", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", "solved.ipynb")
    cells = [cell for cell in nbformat.read(solved, as_version=4).cells if cell.cell_type == "code"]
    assert cells and not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@pytest.mark.images
@pytest.mark.timeout(7200)
def test_a_workers_account_can_lock_students_code_away(built):
    """As gateway.values.yaml starts it: the image's own user, who has no rights."""
    machine = built("grading")
    ask = "from grading.sandbox import problem; print(problem() or 'ready')"
    done = machine.inside(*machine.entry, "python", "-c", ask, user=image.NUMBER, cwd=NAMED["REPO_DIR"])
    assert done.stdout.split()[-1] == "ready", done.stdout
