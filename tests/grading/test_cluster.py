"""Grading on a Dask cluster: a real scheduler, real workers, one of which is killed; the grades are those of this machine alone."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grading import cluster, runner, sandbox
from grading.course import Course
from tests.grading.fake_lab import LAB
from tests.grading.test_runner import CLASS, EXPECTED, totals

ROOT = Path(__file__).parents[2]
UNPROTECTED = {"unprotected": sandbox.problem() is not None}


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, folder, exercises, **environment):
        self.folder, self.processes, self.workers = folder, [], []
        text = f"import pathlib\n\nimport grading.exercise\n\ngrading.exercise.FOLDER = pathlib.Path({str(exercises)!r})\n"
        (folder / "preload.py").write_text(text)
        paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.environment = {**os.environ, "PYTHONPATH": paths, "DASK_DISTRIBUTED__WORKER__DAEMON": "False", **environment}

    def start(self, program, *arguments):
        log = open(self.folder / f"{program}-{len(self.processes)}.log", "wb")      # noqa: SIM115 (the process's own)
        process = subprocess.Popen([sys.executable, "-m", f"distributed.cli.dask_{program}", *arguments], cwd=self.folder, env=self.environment,
                                   stdout=log, stderr=log)
        log.close()
        self.processes.append(process)
        return process

    def scheduler(self, protocol, *more):
        process = self.start("scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *more)
        log, deadline = self.folder / "scheduler-0.log", time.monotonic() + 90
        while f"{protocol}://127.0.0.1:" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        return f"{protocol}://127.0.0.1:" + log.read_text().split(f"{protocol}://127.0.0.1:")[1].split()[0]

    def worker(self, address, *more):
        self.workers.append(self.start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
                                       "--preload", str(self.folder / "preload.py"), *more))

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


@pytest.fixture
def course(fake_course):
    for student, answers in CLASS.items():
        fake_course.submit(student, answers)
    return fake_course


@pytest.fixture
def dask(course, tmp_path):
    made = Cluster(tmp_path, course.exercises)
    yield made
    made.close()


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_grades_are_those_of_this_machine_though_a_worker_is_killed(course, dask, monkeypatch):
    assert runner.autograde(LAB, course.root, workers=1, **UNPROTECTED) == 0
    alone = course.scores()
    for number in range(14):        # enough that both workers are busy when one of them dies
        course.submit(f"more{number:02d}", {**CLASS["bob"], "why": f"I am {number}."})
    address = dask.scheduler("tcp")
    dask.worker(address)
    dask.worker(address)
    seen, real = [], runner.Class.finish

    def finish(self, *rest):
        seen.append(rest)
        if len(seen) == 2:
            dask.workers[0].kill()
        real(self, *rest)

    monkeypatch.setattr(runner.Class, "finish", finish)
    assert runner.autograde(LAB, course.root, scheduler=address, **UNPROTECTED) == 0
    assert dask.workers[0].wait(10) == -9 and dask.workers[1].poll() is None
    there = course.scores()
    assert {student: there[student] for student in alone} == alone
    assert {sum(score or 0 for score in there[f"more{number:02d}"].values()) for number in range(14)} == {EXPECTED["bob"]}


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_over_tls(course, dask, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=grading", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    files = ("--tls-ca-file", str(certificate), "--tls-cert", str(certificate), "--tls-key", str(key))
    address = dask.scheduler("tls", *files)
    dask.worker(address, *files)
    from dask import config

    with pytest.raises(RuntimeError, match=f"the scheduler at {address} cannot be reached"):
        runner.autograde(LAB, course.root, scheduler=address, **UNPROTECTED)
    assert course.scores() == {}
    tls = "distributed.comm.tls"
    with config.set({f"{tls}.ca-file": str(certificate), f"{tls}.client.cert": str(certificate), f"{tls}.client.key": str(key)}):
        assert runner.autograde(LAB, course.root, scheduler=address, **UNPROTECTED) == 0
    assert totals(course) == EXPECTED


@pytest.mark.cluster
def test_workers_with_another_version_are_refused(course, dask):
    address = dask.scheduler("tcp")
    dask.worker(address)
    source = course.exercises / f"{LAB}.py"
    other = dask.folder / "other"
    other.mkdir()
    (other / source.name).write_text(source.read_text() + "\n# another version\n")
    (dask.folder / "preload.py").write_text((dask.folder / "preload.py").read_text().replace(str(course.exercises), str(other)))
    dask.workers[0].terminate()
    dask.worker(address)
    with pytest.raises(RuntimeError, match="has another version of this course, of NumPy or of Numba: install the same ones"):
        runner.autograde(LAB, course.root, scheduler=address, **UNPROTECTED)
    assert course.scores() == {}


@pytest.mark.cluster
def test_a_scheduler_that_is_not_there_is_said(course):
    with pytest.raises(RuntimeError, match="the scheduler at tcp://127.0.0.1:1 cannot be reached"):
        with contextlib.closing(cluster.client("tcp://127.0.0.1:1")):
            pass


@pytest.mark.cluster
def test_tls_without_certificates_is_said_at_once(tmp_path):
    from dask import config

    with pytest.raises(RuntimeError, match="cannot be reached without certificates: ca-file, client.cert and client.key"):
        cluster.client("tls://127.0.0.1:1")
    names = ("ca-file", "client.cert", "client.key")
    with config.set({f"distributed.comm.tls.{name}": str(tmp_path / "no.pem") for name in names}):
        with pytest.raises(RuntimeError, match="a certificate cannot be read"):
            cluster.client("tls://127.0.0.1:1")


@pytest.mark.parametrize("address", ["tls://10.0.0.5:8786", "tls://scheduler:8786", "tcp://127.0.0.1:8786", "127.0.0.1:8786", "localhost:8786",
                                     "tcp://[::1]:8786"])
def test_tls_or_loopback_is_taken(address):
    cluster.refuse_open(address)


@pytest.mark.parametrize("address", ["tcp://10.0.0.5:8786", "10.0.0.5:8786", "tcp://scheduler:8786", "ws://127.0.0.1:8786", "inproc://127.0.0.1/1",
                                     "tcp://127.0.0.1.example.org:8786", "tcp://0.0.0.0:8786", "tcp://localhost@10.0.0.5:8786", ""])
def test_anything_else_is_refused_before_anything_is_sent(address, course):
    with pytest.raises(ValueError, match="has to use TLS"):
        cluster.refuse_open(address)
    if address:
        with pytest.raises(ValueError, match="has to use TLS"):
            runner.autograde(LAB, course.root, scheduler=address)


class Future:
    """An answer of the cluster."""

    def __init__(self, status, result=None, error=None):
        self.status, self.found, self.error = status, result, error

    def result(self):
        return self.found

    def exception(self):
        return self.error


@pytest.mark.cluster
def test_answers_are_bytes_or_nothing():
    from distributed import KilledWorker

    assert cluster.answer(Future("finished", b"=x"), "a") == b"x"
    assert cluster.answer(Future("error", error=KilledWorker("task", None, 3)), "a") is None
    for odd in (Future("finished", "=x"), Future("finished", {"=": 1}), Future("finished", b"x"), Future("finished", b""), Future("cancelled"),
                Future("error", error=ValueError("x"))):
        with pytest.raises(RuntimeError, match="gave no answer that could be read"):
            cluster.answer(odd, "a")
    with pytest.raises(RuntimeError, match="no sandbox"):
        cluster.answer(Future("finished", b"!no sandbox"), "a")


def test_an_order_is_its_own_grader_and_leaves_no_file(course, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.tempfile, "tempdir", str(tmp_path))
    here = Course(course.root)
    order = cluster.order(LAB, here.source(LAB), here.secret(), True)
    raw = (course.root / "submitted" / "ada" / LAB / f"{LAB}.ipynb").read_bytes()
    assert cluster.work(order, raw)[:1] == b"=" and cluster.grader_of(order) is cluster.grader_of(order)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("grading-")]
    other = cluster.Order(LAB, order.source, order.secret, True, "another")
    assert b"another version" in cluster.work(other, raw)
    cluster.HERE.order = None
