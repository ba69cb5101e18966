"""A race: contestants do the same work in processes of their own, with thread pools of their own, and take turns."""

import json
import os
import statistics
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np

from labkit import devices
from labkit.bench.peers import interpreter

SERVE = Path(__file__).parent / "contestants" / "serve.py"
PATIENCE = 600                      # seconds for one answer


class Failed(Exception):
    """A contestant could not do the work; the message is one sentence."""


class Contestant:
    """A process that has done the work once (`first` seconds, `outputs`) and does it again whenever it is asked to.

    python : the interpreter; task : (module of contestants, function, settings); folder : where inputs.npz lies
    """

    def __init__(self, label, python, task, folder):
        self.label, self.python = label, python
        module, function, settings = task
        self._answers = folder / f"{label.replace(' ', '-')}.npz"
        command = [python, str(SERVE), module, function, json.dumps(settings), str(folder / "inputs.npz"), str(self._answers)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(python))
        except OSError as error:
            raise Failed(f"{label} could not be started: {error}") from None
        try:
            self.first = self._answer()
        except BaseException:
            self.stop()
            raise

    @property
    def outputs(self):
        with np.load(self._answers) as found:
            return dict(found)

    def seconds(self):
        """Do the work once more; how long it took. Raises Failed where the process has ended or fails."""
        with suppress(OSError):                             # nobody listens: the answer, which is none, says so
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        return self._answer()

    def stop(self):
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _answer(self):
        late = threading.Timer(PATIENCE, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:                        # also where the bench is ended by hand: Python waits for a timer that is left
            late.cancel()
        if not line:
            raise Failed(f"{self.label} ended with status {self._process.wait()} and no answer; what it printed stands above.")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.label} failed: {answer['error']}")
        return answer["seconds"]


def environment(python):
    """This process's, with labkit to be found where the interpreter is ours, and none of our packages where it is not. LABKIT_DEVICE
    says to all of them where labkit computes. JAX by itself takes three quarters of a GPU at once, and two of its forms race."""
    own = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} | {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    own["LABKIT_DEVICE"] = devices.current().name
    if python == sys.executable:
        own["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
    return own


NO_PEER = {"peer": None, "peer_seconds": None, "ratio": None}


def rows(work, measured, peers, rounds, folder):
    """The rows of one work: one for each contestant among `peers`, or one alone."""
    inputs = work.inputs()
    np.savez(folder / "inputs.npz", **inputs)
    row = {"name": work.name, "size": work.size(inputs), "seconds": None, "limit_share": None, "compared": work.compared}
    against = {label: task for label, (peer, task) in work.against.items() if peer in peers}
    try:
        ours = Contestant("ours", sys.executable, work.ours, folder)
    except Failed as error:
        return [row | NO_PEER | {"problem": str(error)}]
    running, problems = {"ours": ours}, []
    try:
        mine = ours.outputs
        for label, task in against.items():
            try:
                running[label] = Contestant(label, interpreter(work.against[label][0]), task, folder)
                work.compare(mine, running[label].outputs, inputs)
            except (Failed, AssertionError) as error:
                said = str(error) if isinstance(error, Failed) else f"not timed, outputs differ: {short(error)}"
                problems.append(NO_PEER | {"peer": label, "problem": said})
                if label in running:
                    running.pop(label).stop()
        found, failed = take_turns(running, rounds)
        problems += [NO_PEER | {"peer": label, "problem": said} for label, said in failed.items()]
        times = {label: [t / work.repeats for t in each] for label, each in found.items()}
    finally:
        for contestant in running.values():
            contestant.stop()
    if "ours" in failed:
        return [row | NO_PEER | {"problem": failed["ours"]}]
    seconds = statistics.median(times["ours"])
    row |= {"seconds": seconds, "first_seconds": ours.first, "limit_share": share(work, inputs, measured, seconds)}
    compared = [row | against_us(label, times[label], seconds, running[label].first) | {"target": work.target.get(label)}
                for label in running if label != "ours"]
    return [*compared, *(row | problem for problem in problems)] or [row | NO_PEER]


def against_us(label, times, ours, first):
    seconds = statistics.median(times)
    return {"peer": label, "peer_seconds": seconds, "ratio": seconds / ours, "peer_first_seconds": first}


def take_turns(running, rounds):
    """The times of each, every second round in reverse order, so that nobody always follows the same one; and what those said who
    failed on the way, and are stopped and taken out of `running`."""
    times, failed = {label: [] for label in running}, {}
    for turn in range(rounds):
        for label in list(running)[:: 1 if turn % 2 == 0 else -1]:
            try:
                times[label].append(running[label].seconds())
            except Failed as error:
                failed[label] = str(error)
                running.pop(label).stop()
    return times, failed


def share(work, inputs, measured, seconds):
    """The least time that this machine could take, over the time taken; None where the work has no such limit."""
    if work.least is None:
        return None
    moved, operations = work.least(inputs)
    return max(moved / measured["bytes_per_second"], operations / measured["operations_per_second"]) / seconds


def short(error):
    """An assertion's message in one line."""
    return " ".join(line.strip() for line in str(error).splitlines() if line.strip())[:300]
