"""What runs on Windows too is loaded there: where a module begins, nothing is asked of Python that it has on Unix alone."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty",
        "os.fork", "os.getegid", "os.geteuid", "os.getgid", "os.getuid", "signal.SIGALRM", "signal.SIGKILL", "socket.AF_UNIX"}
NOT_THERE = {"tests/hub", "grading/lockdown.py"}      # not collected, and never started, on Windows
ASKED_FIRST = ("os.name == 'nt' or ", "shutil.which('unshare') is None or ")


def test_no_module_begins_with_what_only_unix_has():
    """One that does ends `python -m pytest` before its first test."""
    files = [path for folder in ("labkit", "grading", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix(): asked(ast.parse(path.read_text(encoding="utf-8"))) & UNIX for path in files}
    assert len(files) > 300
    assert {name: names for name, names in found.items() if names and not any(name.startswith(place) for place in NOT_THERE)} == {}


def asked(node):
    """The modules and their names that loading a module asks for, functions' bodies aside."""
    if isinstance(node, ast.BoolOp) and ast.unparse(node).startswith(ASKED_FIRST):
        return set()
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module}
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        return set().union(*map(asked, getattr(node, "decorator_list", ())))
    here = {ast.unparse(node)} if isinstance(node, ast.Attribute) else set()
    return here.union(*map(asked, ast.iter_child_nodes(node)))
