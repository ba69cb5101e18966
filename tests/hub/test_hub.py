"""JupyterHub on this machine: a class taught from log-in to feedback, and what its students may not do, tried by real accounts."""

import json
import pwd
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest
from nbgrader.api import Gradebook

from tests.browser.jupyter import chromium
from tests.hub import people, running
from tests.hub.conftest import COMMENT
from tests.hub.loaded import FIRST_CALLS, all_loaded
from tests.hub.running import LAB

REMOVED = Path(__file__).parent / "removed.py"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def scores(hub, student):
    with Gradebook(f"sqlite:///{hub.course / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook(LAB, LAB, student)
        return {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in notebook.grades}


def test_right_work_is_accepted_in_the_notebook_and_a_misconception_gets_its_hint(taught):
    assert [said.split(":")[0] for said in taught.checked] == ["Right", "Right"]
    assert taught.hint.startswith("Not right yet: this compares the sum without the bias.")


def test_validation_passes_for_solved_work(taught):
    assert "Success" in taught.validated, taught.validated


def test_the_trusted_path_grades_what_was_handed_in(taught, hub):
    ada, blaise = scores(hub, "hubada"), scores(hub, "hubblaise")
    automatic = {name for name in ada if name.startswith("check_")}
    assert len(automatic) >= 7
    assert all(ada[name][0] == ada[name][1] for name in automatic), ada
    assert all(blaise[name][0] == 0 for name in automatic), blaise
    notebook = (hub.course / "autograded" / "hubada" / LAB / f"{LAB}.ipynb").read_text()
    assert '"submission"' in notebook


def test_the_question_for_a_person_is_graded_in_formgrader(taught, hub):
    assert scores(hub, "hubada")["explain_novikoff"] == (3.0, 4.0, False)
    assert scores(hub, "hubblaise")["explain_novikoff"] == (0.0, 4.0, False)     # left as it was: nothing to read


def test_the_student_reads_the_feedback(taught):
    assert COMMENT in taught.read
    assert "Score: 3.0 / 4.0" in taught.read and "Score: 19.0 / 20.0" in taught.read


def test_work_in_somebody_elses_name_and_links_to_the_solutions_are_not_collected(taught, hub):
    assert "hubada, who does not own it" in taught.collected and "+linked was not collected" in taught.collected
    assert "+odd was not collected" in taught.collected
    source = (hub.course / "source" / LAB / f"{LAB}.ipynb").read_bytes()
    for student in running.STUDENTS:
        handed_in = (hub.course / "submitted" / student / LAB / f"{LAB}.ipynb").read_bytes()
        assert handed_in not in (source, b"{}\n") and b"def fires" in handed_in


def test_a_students_browser_is_refused_what_is_not_the_students(taught):
    assert set(taught.closed.values()) <= {403, 404}, taught.closed


def test_the_account_that_grades_runs_a_batch_from_its_own_terminal(taught, hub, settings):
    """Not as root: bubblewrap makes its namespaces as a plain account. Points given by hand survive."""
    import set_up

    before = {name: score for name, (score, *_) in scores(hub, "hubada").items()}
    done = set_up.as_grader(settings.Hub.at(hub.root), "grading", "autograde", LAB)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: score for name, (score, *_) in scores(hub, "hubada").items()} == before
    assert (hub.course / "grading.db").stat().st_uid == pwd.getpwnam(running.GRADER).pw_uid


@pytest.mark.skipif(chromium() is None, reason="no Chromium; on Debian: apt-get install chromium")
def test_an_instructor_has_the_courses_commands_in_the_terminal_of_the_service_that_grades(hub):
    """As its account, in the course folder; in the instructor's own terminal there is what students have."""
    with people.chrome() as browser:
        grace = people.Instructor(browser, hub, "hubgrace")
        grading = grace.typed(f"{hub.address}/services/course", "echo I am $(whoami) in $(pwd); grading --help; nbgrader --version")
        own = grace.typed(grace.server, "echo I am $(whoami); grading --help; labkit --help")
    assert f"I am {running.GRADER} in {hub.course}" in grading and "usage: grading" in grading and "not found" not in grading, grading
    assert "I am hubgrace" in own and "grading: command not found" in own and "usage: labkit" in own, own


def test_whoever_is_taken_out_of_the_class_loses_log_in_session_and_gradebook(hub, tmp_path):
    """JupyterHub begins three times on one database, for a class of accounts that every system has: news, at first an instructor, is
    removed, then comes back as a student."""
    for name in ("hub", "state"):
        (tmp_path / name).mkdir()
    for path in (running.ROOT / "binder" / "hub").glob("*.py"):
        shutil.copy(path, tmp_path / "hub")
    classes = [f"instructors = {instructors}\nstudents = {students}\naccount = 'daemon'\n" for instructors, students in
               ((["games", "news"], ["bin", "mail"]), (["games"], ["mail"]), (["games"], ["mail", "news"]))]
    done = subprocess.run([hub.root / "env" / "bin" / "python", REMOVED, tmp_path / "hub" / "jupyterhub_config.py", tmp_path / "hub.toml", *classes],
                          env={"PATH": f"{hub.root / 'env' / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    instructor, student, nobody = [True, True, True], [True, True, False], [False, False, False]
    before, removed, back = json.loads(done.stdout)
    assert before == {"games": instructor, "news": instructor, "bin": student, "mail": student}
    assert removed == {"games": instructor, "news": nobody, "bin": nobody, "mail": student}
    assert back == {"games": instructor, "news": student, "bin": nobody, "mail": student}


# The compiled kernels that every server begins with


def kernels_environment(student):
    """The environment of the kernel of a student's notebook."""
    [first, *_] = [one for one in psutil.process_iter(["username", "cmdline"])
                   if one.info["username"] == student and "ipykernel_launcher" in (one.info["cmdline"] or ())]
    return first.environ()


def test_the_first_parallel_cells_of_every_student_come_from_the_cache(taught, hub):
    """Of a notebook's own environment: every kernel is loaded from the person's copy, and nothing is added to it or written anew."""
    for student in running.STUDENTS:
        environment = kernels_environment(student)
        done = hub.as_user(student, "env", *(f"{name}={value}" for name, value in environment.items()), "python", "-c", FIRST_CALLS)
        assert done.returncode == 0, done.stderr
        all_loaded(json.loads(done.stdout), f"{hub.home(student)}/.cache/perceptron/numba-")


def test_nobody_can_write_what_another_persons_server_loads(taught, hub):
    """Neither the other's copy nor the cache from which the copies are made."""
    copy = hub.home("hubada") / ".cache" / "perceptron"
    seed = hub.root / "cache"
    assert copy.stat().st_mode & 0o777 == 0o700 and copy.stat().st_uid == pwd.getpwnam("hubada").pw_uid
    compiled = next(copy.rglob("*.nbc"))
    hub.as_user("hubada", "touch", compiled).check_returncode()
    refused(hub, compiled, ("cat", compiled), ("touch", compiled), ("cp", "/etc/hostname", compiled), ("rm", compiled))
    refused(hub, copy, ("ls", copy), ("touch", copy / "mine"), ("mv", copy, copy.parent / "gone"))
    assert not [path for path in (seed, *seed.rglob("*")) if path.stat().st_uid != 0 or path.stat().st_mode & 0o022]
    original = next(seed.rglob("*.nbc"))
    assert hub.as_user("hubblaise", "cmp", original, original).returncode == 0
    refused(hub, original, ("touch", original), ("cp", "/etc/hostname", original), ("rm", original))
    refused(hub, seed, ("touch", seed / "mine"), ("rm", seed / "state"))


def test_people_go_before_the_hub_where_memory_runs_out(taught, hub):
    def scores(*names):
        return {int((Path("/proc") / str(one.pid) / "oom_score_adj").read_text()) for one in psutil.process_iter(["username", "cmdline"])
                if one.info["username"] in names and f"{hub.root}/" in " ".join(one.info["cmdline"] or ())}

    assert min(scores(*running.STUDENTS, *running.INSTRUCTORS)) >= 500 > max(scores("root", running.GRADER))


# What a student's account may not do. Each path is there, and its owner can read it.


def refused(hub, path, *commands, student="hubblaise"):
    """Each command, `cat` and `ls` of the path where none is named, is denied to the student's account; root finds the path there."""
    assert path.exists()
    for command in commands or [("cat", path), ("ls", path)]:
        done = hub.as_user(student, *command)
        assert done.returncode != 0 and "denied" in done.stderr, (command, done.stdout[:200], done.stderr)


def test_a_student_cannot_read_another_students_home(taught, hub):
    home = hub.home("hubada")
    assert hub.as_user("hubada", "cat", home / LAB / f"{LAB}.ipynb").returncode == 0
    refused(hub, home)
    refused(hub, home / LAB / f"{LAB}.ipynb", ("cat", home / LAB / f"{LAB}.ipynb"))


def test_a_student_cannot_see_read_or_remove_what_others_submitted(taught, hub):
    """Not even one who knows the name that nbgrader keeps secret."""
    inbound = hub.exchange / "inbound"
    handed_in = next(path for path in inbound.iterdir() if path.name.startswith("hubada+") and "forged" not in path.name)
    notebook = handed_in / f"{LAB}.ipynb"
    assert hub.as_user("hubada", "cat", notebook).returncode == hub.as_user(running.GRADER, "cat", notebook).returncode == 0
    refused(hub, inbound, ("ls", inbound))
    refused(hub, notebook, ("cat", notebook), ("cp", "/etc/hostname", notebook), ("rm", notebook))
    for command in (("rm", "-r", handed_in), ("mv", handed_in, inbound / "hubblaise+gone")):
        assert hub.as_user("hubblaise", *command).returncode != 0
    assert notebook.exists()


def test_a_student_cannot_put_another_course_in_the_exchange_in_place_of_ours(taught, hub):
    assert hub.as_user("hubblaise", "mv", hub.exchange, hub.exchange.parent / "gone").returncode != 0
    assert hub.as_user("hubblaise", "touch", hub.exchange / "outbound" / LAB / "mine").returncode != 0
    assert (hub.exchange / "outbound" / LAB / f"{LAB}.ipynb").exists()


def test_a_student_cannot_list_or_guess_others_feedback(taught, hub):
    feedback = hub.exchange / "feedback"
    assert len(list(feedback.glob("*.html"))) == len(running.STUDENTS)
    refused(hub, feedback, ("ls", feedback))


def test_a_student_cannot_read_collected_work(taught, hub):
    refused(hub, hub.course / "submitted" / "hubada" / LAB / f"{LAB}.ipynb")


def test_a_student_cannot_read_the_source_or_the_instructors_programs(taught, hub):
    grader = hub.root / "grader"
    assert hub.as_user(running.GRADER, "ls", grader / "grading" / "labs").returncode == 0
    for path in (hub.course / "source" / LAB / f"{LAB}.ipynb", grader / "grading" / "labs" / f"{LAB}.py", grader / "grading" / "exercises"):
        refused(hub, path)
    done = hub.as_user("hubblaise", "python", "-c", "import grading")
    assert "No module named 'grading'" in done.stderr


def test_a_student_cannot_read_or_write_the_gradebook(taught, hub):
    gradebook = hub.course / "gradebook.db"
    refused(hub, gradebook, ("cat", gradebook), ("touch", gradebook), ("cp", "/etc/hostname", gradebook))


def test_a_student_cannot_read_the_seed_of_the_hidden_cases(taught, hub):
    refused(hub, hub.course / "secret")


def test_a_student_cannot_read_the_hubs_secrets(taught, hub):
    state = hub.root / "state"
    for name in ("jpy_cookie_secret", "configproxy_auth_token", "jupyterhub.sqlite"):
        refused(hub, state / name, ("cat", state / name))
        assert not (state / name).stat().st_mode & 0o077 or not state.stat().st_mode & 0o077
    refused(hub, state, ("ls", state))
    refused(hub, hub.root / "hub.toml", ("cat", hub.root / "hub.toml"))


def test_a_student_cannot_read_the_environment_of_others_processes(taught, hub):
    others = [p.pid for p in psutil.process_iter(["pid", "username", "cmdline"])
              if f"{hub.root}/" in " ".join(p.info["cmdline"] or ()) and p.info["username"] in ("root", "nobody", running.GRADER)]
    assert len(others) >= 4     # the hub, its proxy, the service that grades, the culler
    for pid in others:
        done = hub.as_user("hubblaise", "cat", f"/proc/{pid}/environ")
        assert done.returncode != 0, pid


def test_an_instructors_own_account_reads_no_source_either(taught, hub):
    refused(hub, hub.course / "source" / LAB / f"{LAB}.ipynb", student="hubgrace")


def test_the_culler_looks_for_idle_servers_with_its_own_rights(taught, hub):
    log = hub.log.read_text()
    assert "200 GET /hub/api/users" in log and "(culler@" in log


def test_kernels_speak_through_their_owners_home_and_not_over_the_network(taught, hub):
    """Another account of the machine could listen to a kernel's output there."""
    for student in running.STUDENTS:
        home = hub.home(student)
        files = list((home / ".local" / "share" / "jupyter" / "runtime").glob("kernel-*.json"))
        assert files and home.stat().st_mode & 0o077 == 0
        for connection in (json.loads(path.read_text()) for path in files):
            assert connection["transport"] == "ipc" and connection["ip"].startswith(f"{home}/"), connection["ip"]
