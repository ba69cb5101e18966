"""The guide for instructors, its lines run as they stand, on the bundled class."""

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from grading import publish, sandbox
from grading.demo import CLASSROOM, LAB

ROOT = Path(__file__).parent.parent.parent
GUIDE = ROOT / "guides" / "instructors.md"


def lines():
    blocks = re.findall(r"^ *```sh\n(.*?)\n *```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in textwrap.dedent(block).splitlines()]


@pytest.fixture
def place(tmp_path):
    """A folder with what an instructor would bring: a class list and a download, both in Canvas' manner."""
    names = sorted(path.name.split("-")[0] for path in CLASSROOM.joinpath(LAB).glob("*.ipynb"))
    rows = [f"\"{name.title()}, X\",{500 + i},s{i},{name},One" for i, name in enumerate(names)]
    (tmp_path / "class.csv").write_text("\n".join(["Student,ID,SIS User ID,SIS Login ID,Section", *rows]) + "\n")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        for i, name in enumerate(names):
            archive.write(CLASSROOM / LAB / f"{name}-{LAB}.ipynb", f"x{name}_{500 + i}_{9000 + i}_{LAB}.ipynb")
    return tmp_path


@pytest.mark.timeout(900)
@pytest.mark.skipif(sandbox.problem() is not None, reason=f"no sandbox here: {sandbox.problem()}")
def test_every_line_works_as_it_stands(place):
    commands = lines()
    assert commands[:3] == ["make setup", ". .venv/bin/activate", "labkit doctor"]
    start, environment = time.monotonic(), os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-ex"], input="\n".join(commands[3:]), cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - start < 15 * 60
    grades = (place / "grades.csv").read_text().splitlines()
    assert len(grades) == 13 and any(line.startswith("ada,") and "16" in line for line in grades)
    assert (place / "canvas.csv").read_text().splitlines()[2].startswith("\"Ada, X\",500,ada")
    assert "<html" in (place / "report.html").read_text() and len(list((place / "my-course" / "feedback").iterdir())) == 12
    [page] = re.findall(r"`(my-course/feedback/\S+)`", GUIDE.read_text(encoding="utf-8"))
    assert "<html" in (place / page).read_text()


def test_git_ignores_the_course_folder_of_the_guide():
    """It holds solutions, the gradebook and the seed of the hidden cases."""
    [folder] = {words.split()[0] for words in " ".join(lines()).split("--course ")[1:]}
    assert subprocess.run(["git", "-C", ROOT, "check-ignore", "--quiet", f"{folder}/secret"]).returncode == 0


def test_the_link_for_a_hub_opens_a_notebook_that_is_published():
    [link] = re.findall(r"^https://HUB/\S+$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    asked = parse_qs(urlsplit(link).query)
    [notebook] = re.findall(r"^lab/tree/NAME/(\S+)$", *asked["urlpath"])
    assert asked["repo"] == ["https://github.com/OWNER/NAME"] and asked["branch"] == [publish.BRANCH] and (ROOT / notebook).is_file()
    for lock in ("hub", "images"):      # what answers the link
        assert re.search(r"^nbgitpuller==", (ROOT / "binder" / lock / "requirements.txt").read_text(), re.MULTILINE)


def test_the_set_up_lines_are_the_projects_own():
    assert "setup:" in (ROOT / "Makefile").read_text()
    done = subprocess.run([sys.executable, "-m", "labkit.cli", "doctor", "--json"], capture_output=True, text=True)
    assert "Sandbox" in json.dumps(json.loads(done.stdout))


def test_every_command_of_the_guide_exists():
    helped = subprocess.run([sys.executable, "-m", "grading.cli", "--help"], capture_output=True, text=True).stdout
    for word in set(re.findall(r"(?:`|^ *)grading (\w+)", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)):
        assert word in helped.split(), word
    for line in lines():
        shlex.split(line)
