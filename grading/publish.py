"""The public repository: what students get, written from the checkout, proven free of what they must not get, and committed.

Only files that are on the list of PARTS and known to git are written, so nothing that merely lies about can slip in. The proof then
looks at the whole repository, its history included, whoever put a file there.
"""

import hashlib
import json
import re
import tomllib
from pathlib import Path

import nbformat

from grading import build, leaks
from grading.git import Refused, git
from grading.put import put

PARTS = ("notebooks/", "labkit/", "data/", "binder/requirements.txt", "binder/requirements-gpu.txt", "binder/runtime.txt", "binder/postBuild",
         "binder/start", "binder/environment.sh", "pyproject.toml", "LICENSE", "LICENSE-CC-BY-4.0", "CITATION.cff")
RUN = ("postBuild", "start")        # run by Binder, so they have to be runnable
MANIFEST, BRANCH = "MANIFEST.json", "main"
NAME, MAIL = "From Perceptron to Dropout", "course@localhost"


def publish(folder, answers=False, root=build.ROOT):
    """Writes or updates the repository in `folder` and commits it. Returns the names of the files that changed.

    answers : also write answers/, the labs solved, for people who learn alone
    Raises Refused, with the folder as it was before, where something of the instructor's would be in it, or a published file was edited.
    """
    folder = Path(folder).resolve()
    if folder == root or folder in root.parents or root in folder.parents:
        raise Refused(f"{folder} and the course's own folder lie in one another; give a folder of its own, such as ../course-public")
    before = published(folder)
    files = contents(root, answers)
    finder = leaks.Finder(leaks.secrets(root, answers), leaks.seeds(root))
    refuse_leaks([leak for name, content in files.items() for leak in finder.leaks(name, content)], "the course")
    if folder.exists():
        refuse_leaks(finder.search(folder), folder)
    changed = [name for name, content in files.items() if not (folder / name).is_file() or (folder / name).read_bytes() != content]
    gone = sorted(set(before) - set(files) - {MANIFEST})
    folder.mkdir(parents=True, exist_ok=True)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    for name in changed:                # the manifest last: until then the old one says what is gone
        put(folder / name, files[name], 0o755 if Path(name).name in RUN else 0o644)
    commit(folder, files)
    refuse_leaks(finder.search(folder), folder)
    return [*changed, *gone]


def refuse_leaks(found, where):
    if found:
        shown = "\n  ".join(map(str, found[:8]))
        raise Refused(f"{len(found)} things of the instructor's are in {where}; take them out first, and where they are in its history, "
                      f"begin a new repository:\n  {shown}" + (f"\n  and {len(found) - 8} more" if len(found) > 8 else ""))


def published(folder):
    """{name: SHA-256} of what was published there before. Refused where the folder holds something else, or a file was edited since."""
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is no folder; name a new one, or one that was published before")
    if not folder.exists() or not any(folder.iterdir()):
        return {}
    if not (folder / MANIFEST).is_file():
        raise Refused(f"{folder} is not empty and has no {MANIFEST}: it was not written by grading publish; name an empty folder")
    try:
        files = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"].items())
    except (ValueError, LookupError, TypeError, AttributeError):
        files = {"..": "no manifest"}
    if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):      # what is gone from it is removed
        raise Refused(f"{folder / MANIFEST} is not as grading publish writes it; restore it (git checkout), and publish again")
    edited = [name for name, digest in files.items() if (folder / name).is_file() and sha256((folder / name).read_bytes()) != digest]
    if edited:
        raise Refused(f"{', '.join(edited[:5])} in {folder} changed since it was published and would be overwritten; make the change in "
                      "the course's own repository, restore the file (git checkout), and publish again")
    return files


# What is published

def contents(root, answers=False):
    """{name: bytes} of every file of the public repository."""
    files = tracked(root, *PARTS)
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    labs = [lab for lab in build.labs() if f"notebooks/{lab}.ipynb" in files]
    if answers:
        files |= {f"answers/{lab}.ipynb": answered(lab) for lab in labs}
    address = settings.get("tool", {}).get("course", {}).get("public", "")
    files["README.md"] = readme(root, address, answers).encode()
    files[".gitignore"] = b".venv/\n.ipynb_checkpoints/\n__pycache__/\n"
    files[".gitattributes"] = b"* text=auto eol=lf\n"     # a clone on Windows has the manifest's bytes too
    manifest = {"version": settings["project"]["version"], "answers": answers,
                "files": {name: sha256(content) for name, content in sorted(files.items())}}
    return files | {MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()}


def answered(lab):
    """The lab solved, without nbgrader's marks and without the marking schemes."""
    notebook = build.source_notebook(lab)
    for cell in notebook.cells:
        explain = "explain" in cell.metadata.get("tags", [])
        cell.metadata.pop("nbgrader", None)
        cell.source = re.sub(r"^\s*### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.MULTILINE)
        cell.source = cell.source.split("**Marking scheme**")[0].rstrip() if explain else cell.source.rstrip()
    return nbformat.writes(notebook).encode() + b"\n"


def readme(root, address, answers):
    text = (root / "grading" / "public" / "README.md").read_text(encoding="utf-8")
    rows = re.search(r"^\| lab \|.*?(?=\n\n)", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    link = binder(address)
    return text.format(
        badge=f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({link})\n\n" if link else "",
        launch=f"[Open the course on Binder]({link}): nothing to install. Binder forgets what you wrote; `00_start` says how to keep it.\n\n"
               if link else "",
        labs="\n".join(row for row in rows.splitlines() if not row.rstrip(" |").endswith("later")),
        answers="`answers/` holds every lab solved. Look after you have tried.\n\n" if answers else "")


def binder(address):
    """The launch link of a repository's address (https://github.com/OWNER/NAME), or "" where none is set."""
    if not address:
        return ""
    match = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(\.git)?/?", address)
    if not match:
        raise Refused(f"the address of the public repository is {address!r}, but https://github.com/OWNER/NAME is expected: "
                      "set it in pyproject.toml, [tool.course] public, or leave it empty for no launch link")
    return f"https://mybinder.org/v2/gh/{match[1]}/{match[2]}/HEAD?urlpath=lab/tree/notebooks/00_start.ipynb"


def tracked(root, *places):
    """{name: bytes} of the files that git knows in these places."""
    return {name: (root / name).read_bytes() for name in git(root, "ls-files", "-z", "--", *places).stdout.split("\0") if name}


# Writing

def sha256(content):
    return hashlib.sha256(content).hexdigest()


def commit(folder, names):
    """One commit with these files and without those that are gone, in a repository that is made where there is none. It takes them all,
    changed now or not: the run before may have ended before it came here."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", f"--initial-branch={BRANCH}")
    gone = git(folder, "ls-files", "-z", "--deleted").stdout.split("\0")[:-1]
    git(folder, "add", "--all", "--force", "--", *names, *gone)
    run = [name for name in names if Path(name).name in RUN]
    if run:                             # Windows' files have no such mark, git's list has
        git(folder, "update-index", "--chmod=+x", "--", *run)
    if git(folder, "diff", "--cached", "--quiet", check=False).returncode:
        known = git(folder, "config", "user.email", check=False).stdout.strip()
        person = [] if known else ["-c", f"user.name={NAME}", "-c", f"user.email={MAIL}"]
        version = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["version"]
        git(folder, *person, "commit", "--quiet", "-m", f"The course, version {version}")
