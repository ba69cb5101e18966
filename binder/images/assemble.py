"""The folder from which repo2docker builds an image for a hub: for students, with a GPU or without, or for grading.

    python binder/images/assemble.py (cpu|gpu|grading) DIR

Needs the course's own environment (make setup). A student's image is made of what `grading publish` lets out, and is proven free of
solutions like that; the one for grading holds the instructor's side.
"""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HUB = HERE.parent / "hub"
ROOT = HERE.parents[1]
PINS = {"cpu": "requirements.txt", "gpu": "requirements-gpu.txt", "grading": "requirements-grading.txt"}
RUN = ("postBuild", "start")


def main():
    parser = argparse.ArgumentParser(description="Write the folder from which repo2docker builds an image.")
    parser.add_argument("kind", choices=PINS)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new or empty folder")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    try:
        write(options.folder, contents(options.kind))
    except (OSError, RuntimeError) as error:
        sys.exit(f"assemble: {error}")


def contents(kind):
    """{name: bytes} of every file that repo2docker gets. Raises grading.publish.Refused where a student's image would hold a solution."""
    from grading import leaks, publish

    files = {name: content for name, content in publish.contents(ROOT).items() if not name.startswith("binder/") and name != publish.MANIFEST}
    files["binder/postBuild"] = (HERE / "postBuild").read_bytes()
    files["binder/environment.sh"] = (HERE.parent / "environment.sh").read_bytes()
    files["binder/start"] = (HUB / "start").read_bytes()
    files["binder/requirements.txt"] = (HERE / PINS[kind]).read_bytes()
    files["binder/runtime.txt"] = (HERE.parent / "runtime.txt").read_bytes()
    files |= {f"binder/hub/{name}": (HUB / name).read_bytes() for name in ("hub_exchange.py", "warm.py")}
    if kind == "grading":
        return files | settings("grader") | instructors()
    finder = leaks.Finder(leaks.secrets(ROOT), leaks.seeds(ROOT))
    publish.refuse_leaks([leak for name, content in files.items() for leak in finder.leaks(name, content)], "the image for students")
    return files | settings("student")


def instructors():
    """What only the image for grading holds."""
    from grading import publish

    return publish.tracked(ROOT, "grading") | {"binder/apt.txt": (HERE / "apt-grading.txt").read_bytes(),
                                               "binder/hub/hub_formgrader.py": (HUB / "hub_formgrader.py").read_bytes()}


def settings(kind):
    """Jupyter's settings for students' servers or for the one that grades: the hub's on one machine, less what has to do with its folders and
    with several people in one place, for which values.yaml and Kubernetes are there."""
    server, extensions = {}, {}
    for path in (HUB / "servers" / one / "jupyter_server_config.json" for one in ("everyone", kind)):
        if path.exists():
            server |= (own := json.loads(path.read_text())["ServerApp"])
            extensions |= own["jpserver_extensions"]
    folder = "binder/hub/servers"
    server["jpserver_extensions"] = extensions
    files = {f"{folder}/jupyter_server_config.json": json.dumps({"ServerApp": server}, indent=1).encode() + b"\n"}
    return files | {f"{folder}/{name}": (HUB / "servers" / kind / name).read_bytes() for name in ("nbgrader_config.py", "labconfig/page_config.json")}


def write(folder, files):
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if path.name in RUN else 0o644)


if __name__ == "__main__":
    main()
