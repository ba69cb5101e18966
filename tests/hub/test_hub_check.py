"""make hub-check and hub.toml: each thing that is looked at, broken once; and the whole of it on a hub that runs."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hub import running
from tests.hub.running import ROOT

OWNER = "daemon"        # a system account that every Debian has, with a group of its own
as_root = pytest.mark.skipif(running.missing() is not None, reason=str(running.missing()))


@pytest.fixture(scope="module")
def check(modules):
    import hub_check

    return hub_check


@pytest.fixture
def made(check):
    """A hub's folders, with the owners and permissions that the set-up gives them, where every account can go."""
    import set_up

    root = Path(tempfile.mkdtemp(dir="/var/tmp"))
    hub = check.Hub(root, instructors=(OWNER,), students=("bin",), account=OWNER)
    for path, mode, owner, group in hub.folders():
        set_up.folder(path, mode, pwd.getpwnam(owner).pw_uid, grp.getgrnam(group).gr_gid)
    for program in ("env/bin/jupyterhub", "proxy/node_modules/.bin/configurable-http-proxy", "grader/bin/grading"):
        (root / program).parent.mkdir(parents=True, exist_ok=True)
        (root / program).touch()
    yield hub
    shutil.rmtree(root)


@as_root
def test_missing_programs_are_named(check, made):
    assert check.programs(made).ok
    (made.proxy / "node_modules" / ".bin" / "configurable-http-proxy").unlink()
    assert str(check.programs(made)).startswith("MISSING programs") and "the proxy not found; run make hub" in check.programs(made).said
    assert check.programs(replace(made, prefix="jupyter-")).ok      # another hub has a proxy of its own


@as_root
def test_a_setpriv_that_ends_nothing_is_said(check, made, monkeypatch):
    for command in (["setpriv-is-not-here"], ["false"]):
        monkeypatch.setattr(type(made), "ending_with_it", lambda self, *program, command=command: [*command, *program])
        assert "install util-linux" in check.programs(made).said


@as_root
def test_programs_that_others_cannot_reach_are_named(check, made):
    made.root.chmod(0o700)
    assert f"{made.root} is closed to other accounts" in check.programs(made).said


@as_root
@pytest.mark.parametrize("folder, mode", [("exchange", 0o777), ("exchange/course/inbound", 0o2733), ("exchange/course/inbound", 0o3777),
                                          ("exchange/course/outbound", 0o777), ("exchange/course/feedback", 0o755), ("grader", 0o755),
                                          ("grader/course", 0o755), ("state", 0o755)])
def test_permissions_that_let_students_see_or_change_more_are_named_with_the_remedy(check, made, folder, mode):
    assert [line.ok for line in check.permissions(made)] == [True]
    (made.root / folder).chmod(mode)
    lines = check.permissions(made)
    assert [line.ok for line in lines] == [False]
    command = lines[0].said.split("or: ")[1]
    subprocess.run(command, shell=True, check=True)
    assert [line.ok for line in check.permissions(made)] == [True]


@as_root
def test_a_folder_of_the_wrong_owner_or_none_is_named(check, made):
    os.chown(made.exchange / "course" / "inbound", 0, 0)
    (made.exchange / "course" / "feedback").rmdir()
    wrong = sorted(line.said.split(" is ")[0] for line in check.permissions(made))
    assert wrong == [str(made.exchange / "course" / name) for name in ("feedback", "inbound")]


@as_root
def test_people_without_account_or_too_few_are_named(check, made):
    assert check.people(made, 1).ok is not False
    assert "no_such_person have no account" in check.people(replace(made, students=("no_such_person",)), 1).said
    assert "names 1 students for a class of 30" in check.people(made, 30).said
    assert "there is no instructor" in check.people(replace(made, instructors=()), 1).said


def test_disk_and_memory_that_are_too_small_are_named_with_what_is_needed(check, tmp_path):
    assert check.disk(tmp_path, 15, "homes", free_gb=40).ok
    assert "3.0 GB free, about 15.0 GB needed; make room" in check.disk(tmp_path, 15, "homes", free_gb=3).said


def test_a_disk_that_one_person_can_fill_is_noted(check, tmp_path):
    disk = os.stat(tmp_path).st_dev
    mounts = tmp_path / "mountinfo"
    for options, ok in (("rw", None), ("rw,quota,usrquota", True), ("rw,usrjquota=aquota.user,jqfmt=vfsv1", True), ("rw,nousrquota", None)):
        mounts.write_text(f"44 27 {os.major(disk)}:{os.minor(disk)} / /home rw,relatime - ext4 /dev/sda1 {options}\n")
        line = check.quota(tmp_path, tmp_path / "not there", mounts=mounts)
        assert line.ok is ok and (ok or f"on the disk of {tmp_path}: one person can fill it" in line.said)
    assert check.memory(30, 500, available_mb=64_000).ok
    small = check.memory(30, 500, available_mb=8_000)
    assert small.ok is False and "9 of 30 can work at once" in small.said


@as_root
def test_what_another_hub_makes_or_sets_is_not_missing(check, made):
    """With a prefix people's accounts come with their first server, and address and log-in are that hub's."""
    guest = replace(made, students=("no_such_person",), prefix="jupyter-")
    assert check.people(guest, 1).ok is None and f"has not for: jupyter-{OWNER}, jupyter-no_such_person" in check.people(guest, 1).said
    assert check.people(guest, 30).ok is False
    assert check.address(guest).ok is None and str(made.port) not in check.address(guest).said


@as_root
def test_a_certificate_that_is_missing_or_open_is_named(check, made):
    assert check.address(made).ok is None
    key = made.root / "key.pem"
    secure = replace(made, certificate=str(key), key=str(key))
    assert "not found" in check.address(secure).said
    key.touch(0o644)
    assert "can be read by others than root" in check.address(secure).said
    key.chmod(0o600)
    assert check.address(secure).ok


def test_what_the_account_that_grades_cannot_do_is_named(check, tmp_path):
    hub = check.Hub(tmp_path)
    for good, bad, why in ((check.labs(["01"]), check.labs([]), "run make hub"),
                           (check.gradebook(hub, None), check.gradebook(hub, "x lies on a network file system (nfs)"), "network file system"),
                           (check.seed(hub, None), check.seed(hub, "chmod 600"), "chmod 600"),
                           (check.namespaces(None), check.namespaces("Operation not permitted"), "What the sandbox needs"),
                           (check.sandbox(hub, None, None), check.sandbox(hub, "bubblewrap is missing: install the package bubblewrap", None),
                            "install the package")):
        assert good.ok and bad.ok is False and why in bad.said
    service = Path("/proc/1")
    assert "mounts of the service that grades" in check.sandbox(hub, None, service).said
    guest = replace(hub, prefix="jupyter-")
    assert check.sandbox(guest, None, service).ok and check.sandbox(guest, None, None).ok is None
    assert check.gpu(hub, {"problem": "no NVIDIA driver was found", "name": None, "share": None}).ok is None
    assert check.gpu(hub, {"problem": None, "name": "NVIDIA L4", "share": None}).said == "NVIDIA L4, of which each notebook may take 90%"
    shared = replace(hub, gpu_memory="a bit")
    assert check.gpu(shared, {"problem": None, "name": "NVIDIA L4", "share": None}).said.endswith("each notebook may take a bit")
    wrong = check.gpu(shared, {"problem": None, "name": "NVIDIA L4", "share": "it has to be an amount"})
    assert wrong.ok is False and wrong.said == f"gpu_memory in {tmp_path / 'hub.toml'} cannot be read: it has to be an amount"


@as_root
def test_compiled_kernels_that_others_can_write_are_named(check, made):
    assert check.kernels(made).ok is None and "--no-warm" in check.kernels(made).said
    (made.cache / "numba").mkdir(parents=True)
    compiled = made.cache / "numba" / "fires.nbc"
    for path in (compiled, made.cache / "state"):
        path.touch()
    assert check.kernels(made).ok
    compiled.chmod(0o664)
    assert check.kernels(made).ok is False and f"{made.cache} can be written by others" in check.kernels(made).said
    compiled.chmod(0o644)
    os.chown(compiled, pwd.getpwnam(OWNER).pw_uid, 0)
    assert check.kernels(made).ok is False


@as_root
def test_the_service_that_grades_is_found_among_the_accounts_processes(check, made):
    """By what JupyterHub told it, not by the account alone, which may do other things."""
    command = ["setpriv", f"--reuid={pwd.getpwnam(OWNER).pw_uid}", "--clear-groups", "sleep", "60"]
    with subprocess.Popen(command, env={"PATH": os.environ["PATH"]}) as other:
        assert check.grading_service(made) is None
        with subprocess.Popen(command, env={"PATH": os.environ["PATH"], "JUPYTERHUB_SERVICE_NAME": "course"}) as service:
            until(lambda: check.grading_service(made))
            assert check.grading_service(made) == Path(f"/proc/{service.pid}")
            service.kill()
        other.kill()


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)


def hub_check(*arguments):
    return subprocess.run(["make", "hub-check", *arguments], cwd=ROOT, capture_output=True, text=True, env=running.environment())


@pytest.mark.timeout(1800)
def test_a_hub_that_runs_is_ready_for_its_class_and_not_for_a_far_larger_one(hub):
    done = hub_check("2", f"HUB={running.PLACE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSING" not in done.stdout and "\nready for a class of 2" in done.stdout
    for what in ("kernels", "sandbox", "user namespaces", "gradebook", "hidden cases", "memory", "disk"):
        assert f"ready   {what}" in done.stdout
    done = hub_check("100000", f"HUB={running.PLACE}")
    assert done.returncode != 0
    assert all(f"MISSING {what}" in done.stdout for what in ("people", "disk", "memory"))


@pytest.mark.timeout(1800)
def test_what_is_broken_on_a_hub_that_runs_is_found_by_the_account_that_grades(hub):
    """The gradebook damaged, the seed open to others, a share of the GPU that means nothing, and, for this check alone, user namespaces
    forbidden; each put right again."""
    seed, gradebook, settings = hub.course / "secret", hub.course / "gradebook.db", hub.root / "hub.toml"
    before, said_before = gradebook.read_bytes(), settings.read_text()
    try:
        settings.write_text(f"{said_before}gpu_memory = 'a bit'\n")
        seed.chmod(0o644)
        gradebook.write_bytes(b"not a database" * 100)
        status, said = without_namespaces("make", "hub-check", "2", f"HUB={running.PLACE}")
    finally:
        gradebook.write_bytes(before)
        seed.chmod(0o600)
        settings.write_text(said_before)
    assert status != 0
    for what in ("gradebook", "hidden cases", "user namespaces", "sandbox", "GPU"):
        assert f"MISSING {what}" in said, said
    assert "LABKIT_GPU_MEMORY is 'a bit' but has to be an amount" in said


@pytest.mark.timeout(1800)
def test_a_unit_that_covers_parts_of_proc_is_found_by_the_service_that_runs_in_it(hub, check):
    """As systemd's ProtectKernelTunables does; outside that unit the same account locks students' code away."""
    cover = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec sleep 120"
    settings = check.Hub.at(hub.root)
    with subprocess.Popen(["unshare", "--mount", "sh", "-c", cover]) as unit:
        until(lambda: Path(f"/proc/{unit.pid}/comm").read_text() == "sleep\n")
        said = check.asked(settings, Path(f"/proc/{unit.pid}"))["sandbox"]
        unit.kill()
    assert "ProtectKernelTunables=no" in said, said
    assert check.asked(settings)["sandbox"] is None
    assert check.asked(settings, check.grading_service(settings))["sandbox"] is None


def without_namespaces(*command):
    """(exit status, what it said) of a command that runs as root in a user namespace in which no further one may be made; all others
    on this machine still may."""
    script = 'read go; exec sh -c "echo 0 >/proc/sys/user/max_user_namespaces; exec \\"\\$@\\"" sh "$@"'
    process = subprocess.Popen(["unshare", "--user", "sh", "-c", script, "sh", *command], cwd=ROOT, env=running.environment(), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    here, there = Path("/proc/self/ns/user"), Path(f"/proc/{process.pid}/ns/user")
    while here.readlink() == there.readlink():
        time.sleep(0.01)
    for kind in ("uid", "gid"):
        Path(f"/proc/{process.pid}/{kind}_map").write_text("0 0 65536")
    said, _ = process.communicate("go\n", timeout=120)
    return process.returncode, said


def test_a_class_is_a_number():
    done = hub_check("many")
    assert done.returncode != 0 and "invalid int value: 'many'" in done.stderr
    assert hub_check().returncode != 0


# hub.toml

GOOD = 'instructors = ["grace"]\nstudents = ["ada"]\n'


def read(check, tmp_path, text):
    (tmp_path / "hub.toml").write_text(text, encoding="latin-1")
    return check.Hub.at(tmp_path)


def test_the_settings_are_read(check, tmp_path):
    hub = read(check, tmp_path, GOOD + "port = 9000\n")
    assert hub.people == ("grace", "ada") and hub.port == 9000 and hub.course == tmp_path / "grader" / "course"
    secure = read(check, tmp_path, GOOD + "ip = '0.0.0.0'\nport = 443\ncertificate = 'c.pem'\nkey = 'k.pem'\n")
    assert (secure.proxy_port, secure.hub_port, secure.grading_port) == (8001, 8002, 8003)      # not root's, so not beside 443
    import hub_settings

    assert read(check, tmp_path, hub_settings.EXAMPLE).people == ()


@pytest.mark.parametrize("text, why", [
    ("students = [ada]", "is not TOML"),
    ("# für Ada", "is not TOML in UTF-8"),
    ('student = ["ada"]', "there is no setting student"),
    ('students = "ada"', "expected a list of names"),
    ('port = "8000"', "expected a whole number"),
    ('students = ["Ada Lovelace"]', "cannot be the name of an account"),
    ('students = ["ada+01"]', "cannot be the name of an account"),
    ('students = ["ada"]\ninstructors = ["ada"]', "ada stands there twice"),
    ('students = ["course-grader"]', "course-grader stands there twice"),
    ('instructors = ["root"]', "root is no member"),
    ('ip = "0.0.0.0"', "without a certificate"),
    ('certificate = "c.pem"', "go together"),
    ("port = 65536", "port must be"),
    ("inner_ports = 444", "only root may listen below 1024"),
    ("port = 8002", "port 8002 is one of the three from inner_ports = 8001"),
])
def test_settings_that_cannot_be_meant_are_refused_in_one_sentence(check, tmp_path, text, why):
    import hub_settings

    with pytest.raises(hub_settings.SettingsError, match=why):
        read(check, tmp_path, text)


# make hub, where something is missing


@as_root
def test_without_root_make_hub_says_what_to_do():
    start = "import sys; sys.path.insert(0, 'binder/hub'); sys.argv[1:] = []; import set_up; set_up.main()"
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-B", "-c", start]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "takes root on Linux: run sudo make hub" in done.stderr and len(done.stderr.strip().splitlines()) == 1


@as_root
def test_without_root_hub_check_says_what_to_do(made):
    (made.root / "hub.toml").write_text(GOOD)
    (made.root / "hub.toml").chmod(0o600)
    start = f"import sys; sys.path.insert(0, 'binder/hub'); sys.argv[1:] = ['5', '--hub', '{made.root}']; import hub_check; hub_check.main()"
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-B", "-c", start]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr == "make hub-check: only root can look into every part of a hub: run sudo make hub-check N.\n"


@as_root
def test_a_folder_that_others_cannot_enter_is_refused(tmp_path):
    tmp_path.chmod(0o700)
    done = subprocess.run(["make", "hub", f"HUB={tmp_path / 'hub'}", "HUB_ARGS=--only-set-up"], cwd=ROOT, capture_output=True, text=True,
                          env=running.environment())
    assert "is closed to other accounts" in done.stderr and not (tmp_path / "hub").exists()


@as_root
@pytest.mark.parametrize("said, why", [("v18.20.4", "this is Node.js 18"), (None, "Node.js is not there")])
def test_a_node_that_is_too_old_or_missing_is_named(tmp_path, said, why):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "useradd", "runuser", "bwrap"):
        (tools / name).symlink_to(shutil.which(name))
    for name in ("node", "npm") if said else ():
        (tools / name).write_text(f"#!/bin/sh\necho {said}\n")
        (tools / name).chmod(0o755)
    command = ["/usr/bin/python3", "-B", "binder/hub/set_up.py", "--hub", "/var/tmp/no-such-hub"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={"PATH": str(tools)})
    assert done.returncode == 1 and why in done.stderr and "needs Node.js 20" in done.stderr


@pytest.fixture
def steps(check, monkeypatch):
    """set_up, with a machine that has no Node.js and steps that are only noted."""
    import set_up

    done = []
    for name in ("account", "folders", "environment", "proxy", "programs", "course"):
        monkeypatch.setattr(set_up, name, lambda *_, name=name: done.append(name))
    monkeypatch.setattr(set_up, "node", lambda: 0)
    return set_up, done


@as_root
def test_a_guest_of_another_hub_needs_no_proxy_and_no_accounts(steps, tmp_path, capsys):
    set_up, done = steps
    (tmp_path / "hub.toml").write_text(GOOD)
    with pytest.raises(set_up.SetUpError, match="Node.js is not there"):
        set_up.set_up(tmp_path)
    assert not done
    (tmp_path / "hub.toml").write_text(GOOD + 'prefix = "jupyter-"\n')
    set_up.set_up(tmp_path)
    assert done == ["account", "folders", "environment", "programs", "course"]
    assert "cannot log in" not in capsys.readouterr().out
    assert (tmp_path / "hub.toml").stat().st_mode & 0o777 == 0o600      # whoever wrote it, the class is nobody else's to read


def test_nothing_is_touched_where_this_hub_is_running(steps, tmp_path, monkeypatch, capsys):
    set_up, done = steps
    monkeypatch.setattr(set_up, "prerequisites", lambda root: None)
    with socket.create_server(("127.0.0.1", 0)) as running_hub:
        taken = running_hub.getsockname()[1]
        (tmp_path / "hub.toml").write_text(f"{GOOD}inner_ports = {taken - 1}\n")
        monkeypatch.setattr(set_up.sys, "argv", ["set_up.py", "--hub", str(tmp_path)])
        with pytest.raises(SystemExit, match=f"port {taken} of this machine is taken, by this hub if it is running"):
            set_up.main()
    assert not done
    set_up.not_running(tmp_path)


# Ubuntu's AppArmor


@pytest.mark.parametrize("theirs", [False, True])
def test_bubblewrap_gets_its_profile_in_place_of_the_one_that_ubuntu_may_bring(tmp_path, theirs):
    profiles, tools = tmp_path / "apparmor.d", tmp_path / "bin"
    profiles.mkdir()
    tools.mkdir()
    (tools / "apparmor_parser").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path / "said"}\n[ "$1" != --remove ]\n')
    (tools / "apparmor_parser").chmod(0o755)
    if theirs:
        (profiles / "bwrap-userns-restrict").touch()
    allow = ROOT / "binder" / "hub" / "apparmor" / "allow.sh"
    for _ in range(2):      # a second time changes nothing
        subprocess.run(["sh", allow, profiles], env={"PATH": f"{tools}:/usr/bin:/bin"}, check=True)
    assert (profiles / "bwrap").read_text() == (allow.parent / "bwrap").read_text()
    said = (tmp_path / "said").read_text().splitlines()
    removed = [f"--remove {profiles / 'bwrap-userns-restrict'}"] * theirs
    assert said == [*removed, f"--replace {profiles / 'bwrap'}"] * 2
    switched_off = profiles / "disable" / "bwrap-userns-restrict"
    assert switched_off.is_symlink() == theirs and (not theirs or switched_off.readlink() == profiles / "bwrap-userns-restrict")
