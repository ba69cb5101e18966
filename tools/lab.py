"""Open the course in JupyterLab, on copies of the labs and their glossary in work/.

    .venv/bin/python tools/lab.py [JupyterLab's own options]

A copy is never overwritten once it was edited. One that was not gives way to a newer version of its lab.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "00_start.ipynb"


def main():
    print(refresh(ROOT / "notebooks", ROOT / "work"), flush=True)
    open_lab(ROOT / "work", sys.argv[1:])


def refresh(labs, work):
    """Copy the labs that are new or not edited. Returns one line that says what was copied and what was kept."""
    work.mkdir(exist_ok=True)
    record = work / ".copied.json"
    copied = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    done = {"copied": [], "kept as you left it": [], "kept, though the course has a newer version (delete yours to get it)": []}
    for lab in sorted(path for path in labs.iterdir() if path.suffix in (".ipynb", ".md")):
        mine, new = work / lab.name, digest(lab)
        if mine.exists() and digest(mine) not in (copied.get(lab.name), new):
            newer = lab.name in copied and copied[lab.name] != new
            done[list(done)[2 if newer else 1]].append(lab.stem)
        elif not mine.exists() or copied.get(lab.name) != new:
            replace(mine, lab.read_bytes())
            copied[lab.name] = new
            done["copied"].append(lab.stem)
    replace(record, json.dumps(copied, indent=1).encode() + b"\n")
    said = "; ".join(f"{what}: {', '.join(labs)}" for what, labs in done.items() if labs)
    return f"Your labs are in {work.name}/ ({said or 'nothing new'})."


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace(path, content):
    """Write whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    temporary.replace(path)


def open_lab(work, options):
    """Become JupyterLab, so that Ctrl-C reaches it alone. It refuses root unless told, and in a container one is root."""
    command = [sys.executable, "-m", "jupyterlab", *([FIRST] if (work / FIRST).exists() else []), *options]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    first = {"PATH": Path(sys.executable).parent,
             "JUPYTER_CONFIG_PATH": ROOT / "tools" / "jupyter"}     # no question about news, and none of an instructor's panels
    environment = os.environ | {name: os.pathsep.join(filter(None, (str(path), os.environ.get(name)))) for name, path in first.items()}
    if os.name == "nt":     # where a process cannot be replaced
        sys.exit(subprocess.call(command, cwd=work, env=environment))
    os.chdir(work)
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    main()
