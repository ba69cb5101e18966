"""The machine itself: cores, memory, and whether it can lock students' code away."""

import importlib.util
import math
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from labkit.doctor.finding import Finding

GIB = 2**30
LAB_MEMORY = 1.2 * GIB      # no lab may take more: see the labs' headers for what each was measured to take


def cores():
    from labkit import devices

    count = devices.cores()
    return Finding("Cores", True, f"{count} for this process; the machine has {os.cpu_count()}: {devices.processor()}")


def memory():
    from labkit import devices

    total, mapped = devices.memory_bytes(), address_space()
    detail = f"{min(total, mapped) / GIB:.1f} GiB for this process" + (" (ulimit -v)" if mapped < total else "")
    if min(total, mapped) >= LAB_MEMORY:
        return Finding("Memory", True, detail)
    return Finding("Memory", False, detail, f"a lab may need up to {LAB_MEMORY / GIB:.1f} GiB and could be stopped by the system")


def address_space():
    """How many bytes a process may map, by the limit that a shell or a login has set."""
    if sys.platform == "win32":
        return math.inf
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return math.inf if limit == resource.RLIM_INFINITY else limit


def sandbox():
    """Bubblewrap and what it needs of the system: only trusted grading uses it."""
    cost = "nothing for learners; `grading autograde` refuses to run students' code unless told --unprotected"
    if sys.platform != "linux":
        return Finding("Sandbox", False, f"bubblewrap is for Linux and this is {platform.system()}", cost)
    if not shutil.which("bwrap"):
        tool = next((tool for tool in ("apt-get", "dnf", "zypper") if shutil.which(tool)), None)
        return Finding("Sandbox", False, "bubblewrap is missing", cost, f"sudo {tool} install bubblewrap" if tool else "")
    problem = graders_own_answer()
    if problem is not None:
        return Finding("Sandbox", not problem, problem or f"{said('bwrap', '--version')}, and students' code can be locked away in it",
                       problem and cost, problem and namespace_command())
    problem = sandbox_fails()
    if problem is None:
        return Finding("Sandbox", True, f"{said('bwrap', '--version')}, and it can make namespaces")
    return Finding("Sandbox", False, f"bubblewrap cannot make namespaces: {problem}", cost, namespace_command())


def graders_own_answer():
    """What the instructor's package says of its sandbox: "" where it works, a sentence where it does not; None where it is not installed.

    It is asked in a process of its own: nothing of it is imported here."""
    if importlib.util.find_spec("grading") is None:
        return None
    try:
        tried = subprocess.run([sys.executable, "-P", "-m", "grading.sandbox"], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return None
    problem = tried.stdout.strip()
    return problem if problem or tried.returncode == 0 else None


def sandbox_fails():
    """Why an empty sandbox does not start, or None when it does."""
    try:
        tried = subprocess.run(["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
                               capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["it said nothing"])[-1]


def namespace_command(settings=Path("/proc/sys")):
    """What allows user namespaces where one setting forbids them, for bubblewrap alone where that can be, and after the next boot too;
    nothing where no setting explains it."""
    for setting, forbids, command in (("kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sh binder/hub/apparmor/allow.sh"),    # Ubuntu
                                      ("kernel/unprivileged_userns_clone", "0", kept("kernel.unprivileged_userns_clone=1")),    # Debian before 11
                                      ("user/max_user_namespaces", "0", kept("user.max_user_namespaces=15000"))):
        try:
            if (settings / setting).read_text().strip() == forbids:
                return command
        except OSError:
            continue
    return ""


def kept(setting):
    """The command that makes a setting of the kernel now and at each boot."""
    return f"echo {setting} | sudo tee -a /etc/sysctl.d/90-course.conf && sudo sysctl --system"


def said(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return command[0]
