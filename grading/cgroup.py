"""Control groups: a kernel's own limit on the memory, processes and processors of a whole tree, used where this user may make one.

Version 1 and version 2 with delegation (`systemd-run --user --scope -p Delegate=yes`, a container with a writable tree) are both
understood; without them the limits of each process, and the template's own look at memory, remain.
"""

import contextlib
import errno
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
KNOBS = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",), "cpu": ("cpu.max", "cpu.cfs_quota_us")}
ITSELF = "labkit-itself"      # where the processes of a group go that hands its controllers down
PERIOD = 100_000    # microseconds: the kernel's own period, in which a group may use so many of each processor


class Group:
    """The groups of one sandbox; `folders` is empty where none can be made. `limited`: the controllers whose limit is in force."""

    def __init__(self, name, memory_bytes, processes, root=ROOT, own=Path("/proc/self/cgroup"), cpus=None):
        self.folders, self.limited = [], set()
        limits = {"memory": memory_bytes, "pids": processes} | ({"cpu": int(cpus * PERIOD)} if cpus else {})
        for controllers, parent in places(root, own):
            sweep(parent, name)
            folder = parent / name
            with contextlib.suppress(OSError):
                folder.mkdir()
                self.folders.append(folder)
                for controller in controllers & limits.keys():
                    if limit(folder, controller, limits[controller]):
                        self.limited.add(controller)
        self.folders = [folder for folder in self.folders if usable(folder)]

    def command(self):
        """The start of a command line that puts what follows into the groups."""
        if not self.folders:
            return []
        return ["/bin/sh", "-c", 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 1; shift; done; shift; exec "$@"', "sh",
                *(str(folder / "cgroup.procs") for folder in self.folders), "--"]

    def close(self):
        """Ends what is left in the groups and removes them."""
        for folder in self.folders:
            for _ in range(20):
                with contextlib.suppress(OSError):
                    (folder / "cgroup.kill").write_text("1")
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.02)


def places(root, own):
    """(controllers, folder) of each hierarchy in which this process is."""
    with contextlib.suppress(OSError):
        for line in own.read_text().splitlines():
            _, names, path = line.split(":", 2)
            if names:
                folder = root / names / path.lstrip("/")
                if not folder.exists():     # in a control-group namespace the path is not seen from its own root
                    folder = root / names
                if folder.exists() and set(names.split(",")) & {"memory", "pids", "cpu"}:
                    yield set(names.split(",")), folder
            elif (root / "cgroup.controllers").exists():
                yield {"memory", "pids", "cpu"}, handing_down(root / path.lstrip("/"))


def handing_down(folder, wanted=frozenset(KNOBS)):
    """The group of version 2, made able to give the wanted controllers to groups in it; where it cannot be, those have no limits.

    The kernel lets a group do so only while it holds no process itself, its root aside. Where all processes of the group are of this
    session, as in a scope of their own, they move into a group below it; anybody else's are left where they are.
    """
    if folder.name == ITSELF:
        folder = folder.parent
    with contextlib.suppress(OSError):
        offered, given = ((folder / f"cgroup.{file}").read_text().split() for file in ("controllers", "subtree_control"))
        missing = " ".join(f"+{name}" for name in sorted(wanted & set(offered) - set(given)))
        for _ in range(5 if missing else 0):
            try:
                (folder / "cgroup.subtree_control").write_text(missing)
                break
            except OSError as error:
                inside = (folder / "cgroup.procs").read_text().split()
                if error.errno != errno.EBUSY or any(os.getsid(int(process)) != os.getsid(0) for process in inside):
                    break
            (folder / ITSELF).mkdir(exist_ok=True)
            for process in inside:
                with contextlib.suppress(ProcessLookupError):
                    (folder / ITSELF / "cgroup.procs").write_text(process)
    return folder


def sweep(parent, name):
    """Removes what graders left that were killed: groups called like `name`, PREFIX-PROCESS-COUNT, of processes that are gone."""
    prefix = name.rsplit("-", 2)[0]
    with contextlib.suppress(OSError):
        for folder in parent.glob(f"{prefix}-*-*"):
            if not Path("/proc", folder.name.split("-")[-2]).exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def limit(folder, controller, value):
    """Whether the group has a knob for it, which is then set."""
    knob = next((folder / knob for knob in KNOBS[controller] if (folder / knob).exists()), None)
    if knob:
        knob.write_text(str(value))
    return knob is not None


def usable(folder):
    """Whether processes may be put into it; one that cannot be used is removed."""
    if os.access(folder / "cgroup.procs", os.W_OK):
        return True
    with contextlib.suppress(OSError):
        folder.rmdir()
    return False
