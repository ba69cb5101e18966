"""Is the hub on this machine ready for a class of N? One line for each thing looked at; what is missing says what to do.

    sudo python binder/hub/hub_check.py N [--hub /srv/perceptron-hub]
"""

import argparse
import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hub_settings import COURSE, Hub, SettingsError
from set_up import DEFAULT, as_grader, closed_to_others, known

SERVER_MB = 160             # resident memory of a person's idle JupyterLab server, measured on a hub of ours
HOME_GB = 0.5               # what a student may need for labs, outputs and caches; ours to choose
SYSTEM_MB = 1500            # the hub, its proxy, the service that grades with its warm sandbox
MARKS = {True: "ready", False: "MISSING", None: "note"}

# Asked of the account that grades, since it is that account which has to be able to.
ASKED = """
import json, os, subprocess, sys
from pathlib import Path
from grading import journal, sandbox
from grading.course import Course
from labkit import devices, pool

def sentence(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return str(error) or type(error).__name__

def gradebook():
    import sqlite3
    journal.refuse_network(course)
    if not os.access(course, os.W_OK):
        return f"{course} cannot be written to"
    path = course / "gradebook.db"
    if path.exists():
        with sqlite3.connect(f"file:{path}?mode=rw", uri=True) as database:
            said = database.execute("pragma quick_check").fetchone()[0]
            database.execute("begin immediate")
            database.rollback()
        return None if said == "ok" else f"{path} is damaged: {said}"

def seed():
    Course(course).secret()

def share():
    pool.limit(sys.argv[2], gpu.memory_bytes or 2**40)

course = Path(sys.argv[1])
gpu = devices.find_gpu()
print(json.dumps({
    "sandbox": sandbox.problem(),
    "namespaces": subprocess.run(["unshare", "--user", "true"], capture_output=True, text=True).stderr.strip() or None,
    "gradebook": sentence(gradebook),
    "seed": sentence(seed),
    "labs": sorted(path.name for path in (course / "release").glob("*") if any(path.glob("*.ipynb"))),
    "gpu": {"problem": gpu.problem, "name": gpu.name, "share": sentence(share)},
    "lab_mb": max(one["memory_mb"] for one in json.loads((Path(sandbox.__file__).parent / "measured.json").read_text()).values()),
}))
"""


@dataclass(frozen=True)
class Line:
    """One thing looked at: `ok` is None where it stops nobody."""

    ok: bool | None
    what: str
    said: str

    def __str__(self):
        return f"{MARKS[self.ok]:8}{self.what:18}{self.said}"


def main():
    options = arguments()
    try:
        if os.geteuid() != 0:       # who could not even read hub.toml
            raise SettingsError("only root can look into every part of a hub: run sudo make hub-check N.")
        lines = check(Hub.at(options.hub), options.size)
    except SettingsError as error:
        sys.exit(f"make hub-check: {error}")
    print("\n".join(map(str, lines)))
    missing = sum(line.ok is False for line in lines)
    print(f"\n{f'{missing} of {len(lines)} things are missing' if missing else 'ready'} for a class of {options.size}")
    sys.exit(bool(missing))


def arguments():
    parser = argparse.ArgumentParser(prog="make hub-check", description="Is the hub on this machine ready for a class of N?")
    parser.add_argument("size", type=int, metavar="N", help="how many students")
    parser.add_argument("--hub", type=Path, default=DEFAULT, help=f"the hub's folder (default: {DEFAULT})")
    options = parser.parse_args()
    if options.size < 1:
        parser.error(f"a class has at least one student, not {options.size}")
    return options


def check(hub, size):
    """The Lines, in the order in which an operator would mend them."""
    service = grading_service(hub)
    answers = asked(hub, service)
    lines = [programs(hub), kernels(hub), *permissions(hub), people(hub, size), disk(hub.root, 2 + 0.05 * size, "the hub's folder")]
    homes = next((Path(who.pw_dir).parent for one in hub.people if (who := known(hub.account_of(one)))), Path("/home"))
    lines += [disk(homes, HOME_GB * size, "the students' homes"), quota(homes, hub.exchange), address(hub)]
    if isinstance(answers, str):
        return [*lines, Line(False, "grading", f"the account {hub.account} cannot run the instructor's programs ({answers}); run make hub again")]
    return [*lines, memory(size, answers["lab_mb"]), labs(answers["labs"]), gradebook(hub, answers["gradebook"]), seed(hub, answers["seed"]),
            namespaces(answers["namespaces"]), sandbox(hub, answers["sandbox"], service), gpu(hub, answers["gpu"])]


def grading_service(hub):
    """The process that grades on this hub, as its folder in /proc; None where the hub is not running."""
    who = known(hub.account)
    wanted = f"JUPYTERHUB_SERVICE_NAME={COURSE}".encode()
    for process in Path("/proc").glob("[0-9]*") if who else ():
        try:
            if process.stat().st_uid == who.pw_uid and wanted in (process / "environ").read_bytes().split(b"\0"):
                return process
        except OSError:     # it ended meanwhile
            continue
    return None


def asked(hub, service=None):
    """What the account that grades found, or a sentence why it could not look. What a process may mount depends on the mounts that it has, and
    a unit of systemd can give its processes others than ours: then those of the service, where it is running, are taken."""
    if not known(hub.account):
        return f"there is no account {hub.account}"
    elsewhere = service and os.readlink(service / "ns" / "mnt") != os.readlink("/proc/self/ns/mnt")
    where = ("nsenter", f"--mount={service}/ns/mnt") if elsewhere else ()
    done = as_grader(hub, hub.environment / "bin" / "python", "-c", ASKED, hub.course, hub.gpu_memory, where=where)
    try:
        return json.loads(done.stdout)
    except ValueError:
        return (done.stderr.strip().splitlines() or ["it said nothing"])[-1]


# One function for each thing. What it is told are numbers and sentences, so that a test can tell it others.


def programs(hub):
    wanted = {"JupyterHub": hub.environment / "bin" / "jupyterhub", "grading": hub.grader / "bin" / "grading"}
    if not hub.guest:
        wanted["the proxy"] = hub.proxy / "node_modules" / ".bin" / "configurable-http-proxy"
    gone = [name for name, path in wanted.items() if not path.exists()]
    closed = closed_to_others(hub.environment / "bin")
    if gone or closed:
        why = f"{' and '.join(gone)} not found" if gone else f"{closed} is closed to other accounts, so nobody's server can start"
        return Line(False, "programs", f"{why}; run make hub")
    if subprocess.run(["/bin/sh", "-c", '"$@"', "sh", *hub.ending_with_it("true")], capture_output=True).returncode:
        return Line(False, "programs", "setpriv does not know --pdeathsig, with which the grading service starts; install util-linux")
    return Line(True, "programs", f"{', '.join(wanted)}: installed for everybody who needs them")


def kernels(hub):
    """What every server runs a copy of, so nobody but root may write it."""
    places = [hub.cache, *hub.cache.rglob("*")] if (hub.cache / "state").exists() else []
    if not places:
        return Line(None, "kernels", "compiled where they are first used, once for each person; make hub without --no-warm does it once for all")
    if any(path.is_symlink() or path.stat().st_uid != 0 or path.stat().st_mode & 0o022 for path in places):
        return Line(False, "kernels", f"{hub.cache} can be written by others than root, and everybody runs what it holds; remove it and run make hub")
    return Line(True, "kernels", "compiled once for all")


def permissions(hub):
    """One Line for each folder whose owner or permissions are wrong; one for all where none is."""
    wrong = []
    for path, mode, owner, group in hub.folders():
        if not path.is_dir() or path.is_symlink():
            wrong.append(Line(False, "folders", f"{path} is missing; run make hub"))
            continue
        status = path.stat()
        found = stat.S_IMODE(status.st_mode), name(pwd.getpwuid, status.st_uid), name(grp.getgrgid, status.st_gid)
        if found != (mode, owner, group):
            wrong.append(Line(False, "folders", f"{path} is {found[0]:o} {found[1]}:{found[2]}, expected {mode:o} {owner}:{group}; run make hub, or: "
                                                f"chown {owner}:{group} {path} && chmod {mode:o} {path}"))
    return wrong or [Line(True, "folders", "exchange, course and secrets have the owners and permissions that keep students apart")]


def name(find, number):
    try:
        return find(number)[0]
    except KeyError:
        return str(number)


def people(hub, size):
    accounts = [hub.account_of(one) for one in hub.people]
    unknown = [one for one in accounts if not known(one)]
    opened = [one for one in accounts if (who := known(one)) and Path(who.pw_dir).exists() and Path(who.pw_dir).stat().st_mode & 0o077]
    if not hub.instructors:
        return Line(False, "people", f"there is no instructor; name one in {hub.root / 'hub.toml'}")
    if unknown and not hub.guest:
        return Line(False, "people", f"{', '.join(unknown)} have no account on this machine; make each with: adduser NAME")
    if len(hub.students) < size:
        return Line(False, "people", f"hub.toml names {len(hub.students)} students for a class of {size}; add the others to {hub.root / 'hub.toml'}")
    said = f"{len(hub.instructors)} instructors, {len(hub.students)} students"
    if unknown:
        return Line(None, "people", f"{said}; the other JupyterHub makes an account when a person's server first starts, and has not for: "
                                    f"{', '.join(unknown)}")
    said += ", each with an account"
    if opened:
        return Line(None, "people", f"{said}; homes still open to others are closed at the first log-in: {', '.join(opened)}")
    return Line(True, "people", said)


def disk(folder, needed_gb, whose, free_gb=None):
    if free_gb is None:
        there = next(place for place in (folder, *folder.parents) if place.exists())        # homes may be made when people first log in
        free_gb = shutil.disk_usage(there).free / 1e9
    if free_gb < needed_gb:
        return Line(False, "disk", f"{whose} ({folder}): {free_gb:.1f} GB free, about {needed_gb:.1f} GB needed; make room, or use a larger disk")
    return Line(True, "disk", f"{whose} ({folder}): {free_gb:.0f} GB free, about {needed_gb:.1f} GB needed")


def quota(*folders, mounts="/proc/self/mountinfo"):
    """Whether the file systems of these folders count what each account owns, so that one cannot fill the disk for all."""
    counted = {line.split()[2] for line in Path(mounts).read_text().splitlines()
               if any(option == "usrquota" or option.startswith("usrjquota=") for option in line.split()[-1].split(","))}
    disks = {folder: folder.stat().st_dev for folder in folders if folder.is_dir()}
    free = [str(folder) for folder, disk in disks.items() if f"{os.major(disk)}:{os.minor(disk)}" not in counted]
    if free:
        return Line(None, "quota", f"no limit for each account on the disk of {' and '.join(free)}: one person can fill it, and then nobody saves or "
                                   "hands in; see 'One person and the disk' in the guide for operators")
    return Line(True, "quota", "the disks of homes and exchange count for each account; whether each has a limit is yours to set")


def memory(size, lab_mb, available_mb=None):
    """Everybody at work at once in the lab that was measured to need most."""
    if available_mb is None:
        available_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    each = SERVER_MB + lab_mb
    fit = max(0, int((available_mb - SYSTEM_MB) / each))
    said = f"{available_mb / 1e3:.0f} GB; a student at work in the largest lab takes {each / 1e3:.1f} GB"
    if fit < size:
        return Line(False, "memory", f"{said}, so {fit} of {size} can work at once; add memory ({(SYSTEM_MB + size * each) / 1e3:.0f} GB for all), "
                                     "or divide the class and have idle servers stopped sooner")
    return Line(True, "memory", f"{said}, and {fit} can work at once")


def address(hub):
    if hub.guest:
        return Line(None, "address", "the other JupyterHub's, as are log-in, certificate and the time after which idle servers are stopped: port, "
                                     "certificate and idle_minutes of hub.toml are not used")
    if hub.certificate:
        closed = [path for path in (hub.certificate, hub.key) if not os.path.exists(path)]
        if closed:
            return Line(False, "address", f"{' and '.join(closed)} not found; put the certificate there, or change hub.toml")
        if os.stat(hub.key).st_mode & 0o077:
            return Line(False, "address", f"{hub.key} can be read by others than root: chmod 600 {hub.key}")
        return Line(True, "address", f"https on {hub.ip}, port {hub.port}")
    return Line(None, "address", f"http on this machine alone (port {hub.port}); for a class, name a certificate in hub.toml, or put a server with "
                                 "TLS in front")


def labs(released):
    if not released:
        return Line(False, "labs", "none is built into the course folder; run make hub")
    return Line(True, "labs", f"{len(released)} are built: {', '.join(released)}")


def gradebook(hub, problem):
    if problem:
        return Line(False, "gradebook", f"{problem}; the account {hub.account} must be able to write it on a local disk")
    return Line(True, "gradebook", "on a local disk, and the account that grades can write to it")


def seed(hub, problem):
    return Line(False, "hidden cases", problem) if problem else Line(True, "hidden cases", f"their seed can be read by {hub.account} alone")


def namespaces(problem):
    if problem:
        return Line(False, "user namespaces", f"the account that grades may not make them ({problem}); see 'What the sandbox needs' in the guide "
                                              "for operators")
    return Line(True, "user namespaces", "the account that grades may make them")


def sandbox(hub, problem, service):
    """Another JupyterHub's unit may forbid what works outside it: until that hub runs, nothing is known."""
    if problem:
        return Line(False, "sandbox", problem)
    said = "students' code is locked away when it is graded"
    if service:
        return Line(True, "sandbox", f"{said}, tried with the mounts of the service that grades")
    if hub.guest:
        return Line(None, "sandbox", f"{said}, but the service that grades is not running, and it may have other mounts; start it and check again")
    return Line(True, "sandbox", said)


def gpu(hub, found):
    if found["share"]:
        return Line(False, "GPU", f"gpu_memory in {hub.root / 'hub.toml'} cannot be read: {found['share']}")
    if found["problem"]:
        return Line(None, "GPU", f"none that can be used ({found['problem']}); every lab works without one, in smaller sizes")
    return Line(True, "GPU", f"{found['name']}, of which each notebook may take {hub.gpu_memory or '90%'}")


if __name__ == "__main__":
    main()
