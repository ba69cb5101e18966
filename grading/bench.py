"""How fast this machine grades: our path and plain nbgrader's, on the same submissions, in the same run, points compared.

The class is made from the exercises' declarations: right solutions, misconceptions, exercises left as they were. Ours is the command that an
instructor gives, start-up included; of plain nbgrader only the seconds that each submission takes are counted.
"""

import importlib.metadata
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from statistics import median

import psutil

from grading import journal, made_class, measure, sandbox, stock
from grading import workers as processes

ROOT = Path(__file__).parent.parent
EVERY = 0.25        # seconds between two looks at the memory
WATCHED = ("writer", "workers", "everything")
CELLS = {False: "the cells that grading needs", True: "the whole notebook"}


def bench(lab, students=20, workers=None, stocks=3, whole=False, say=print):
    """All that was measured, as plain data. `stocks` submissions also go through plain nbgrader; with `whole` once more with every cell."""
    workers, stocks = workers or processes.fitting(), min(stocks, students)
    unprotected = sandbox.problem() is not None
    found = {"lab": lab, "students": students, "workers": workers, "sandbox": not unprotected, "machine": measure.machine(),
             "date": date.today().isoformat(), "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        say(f"making a class of {students} for {lab}")
        course = made_class.prepare(Path(scratch) / "ours", lab)
        names = made_class.fill(course, lab, students)
        say(f"grading {students} submissions")
        found["ours"], samples = ours(course, lab, workers, unprotected)
        found["memory_mb"] = memory(samples, students)
        points, found["stock"] = stock.scores(course.root, lab), []
        for full in [False, *([True] if whole else [])] if stocks else []:
            say(f"grading {stocks} of them with plain nbgrader, {CELLS[full]}")
            found["stock"].append(plain_nbgrader(course, lab, names[:stocks], Path(scratch) / f"stock-{full}", full, points))
    for row in found["stock"]:
        row["ratio"] = row["seconds_each"] / found["ours"]["seconds_each"]
    return found


# Ours


def ours(course, lab, workers, unprotected):
    """({seconds}, samples) of one `grading autograde` over the class, watched from outside."""
    command = [sys.executable, "-m", "grading.cli", "autograde", lab, "--course", str(course.root), "--workers", str(workers)]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command + ["--unprotected"] * unprotected, stdout=said, stderr=said, env=where)
        watch = Watch(process.pid, course.root)
        code = process.wait()
        seconds = time.perf_counter() - start
        watch.stop()
        said.seek(0)
        if code:
            raise RuntimeError(f"grading autograde {lab} failed:\n{said.read().decode('utf-8', 'replace')[-2000:]}")
    times = written(course.root)
    after = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None
    return {"seconds": seconds, "seconds_each": seconds / len(times), "seconds_each_once_warm": after}, watch.samples


def written(root):
    """When each submission was in the gradebook, in order."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{root / journal.NAME}?mode=ro", uri=True)) as database:
        return sorted(when for when, in database.execute("select written from results where written is not null"))
    return []


class Watch:
    """Looks at a grading process from outside: `samples` are (submissions written, MB of the writer, of its workers, of everything)."""

    def __init__(self, pid, root):
        self.process, self.root, self.samples, self.done = psutil.Process(pid), root, [], threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.done.wait(EVERY):
            with suppress(psutil.Error):
                everything = self.process.children(recursive=True)
                workers = [one for one in everything if one.ppid() == self.process.pid]
                self.samples.append((len(written(self.root)), *(sum(map(megabytes, those)) for those in ([self.process], workers)),
                                     sum(map(megabytes, [self.process, *everything]))))

    def stop(self):
        self.done.set()
        self.thread.join()


def megabytes(process):
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


def memory(samples, students):
    """{who: [MB at the first quarter, MB near the end]} and the greatest sum; medians over a tenth of the class."""
    def near(share, column):
        some = [row[column] for row in samples if row[2] and abs(row[0] / students - share) <= 0.06]
        return round(median(some), 1) if some else None
    amounts = {who: [near(0.25, column), near(0.92, column)] for column, who in enumerate(WATCHED, 1)}
    return amounts | {"peak": round(max((row[3] for row in samples), default=0.0), 1)}


# Plain nbgrader


def plain_nbgrader(course, lab, students, root, whole, points):
    """{cells, seconds, how many points agree} of some of the same submissions, graded by plain nbgrader."""
    stock.prepare(root, lab, course.secret(), whole)
    for student in students:
        stock.hand_in(root, lab, student, (course.root / "submitted" / student / lab / f"{lab}.ipynb").read_bytes())
    seconds = stock.grade(root, lab, students)
    theirs = stock.scores(root, lab)
    pairs = [(student, cell, points[student][cell], theirs[student][cell])
             for student in students for cell in points[student] if cell.startswith("check_")]
    other = [{"student": student, "cell": cell, "ours": mine, "stock": score} for student, cell, mine, score in pairs
             if abs((mine or 0.0) - (score or 0.0)) > 1e-9]
    return {"cells": CELLS[whole], "seconds": seconds, "seconds_each": median(seconds), "compared": len(pairs), "different": other}


# What is said


def text(found):
    """The measurements in a few lines."""
    load = "" if found["load_before"] is None else f", load {found['load_before']:g} before"
    lines = [f"{found['lab']}, a made class of {found['students']}; {found['machine']}, {found['date']}{load}", our_line(found)]
    for row in found["stock"]:
        same = row["compared"] - len(row["different"])
        lines.append(f"nbgrader {importlib.metadata.version('nbgrader')}: {row['seconds_each']:.2f} s a submission (median of "
                     f"{len(row['seconds'])}), {row['cells']} with hidden tests, in the student's own kernel: {row['ratio']:.1f} times ours; "
                     f"the same points in {same} of {row['compared']} checks")
        lines += [f"  {one['student']}, {one['cell']}: ours {one['ours']:g}, nbgrader {one['stock']:g}" for one in row["different"]]
    return "\n".join([*lines, memory_line(found["memory_mb"])])


def our_line(found):
    mine = found["ours"]
    warm = f"; once warm {mine['seconds_each_once_warm']:.2f} s" if mine["seconds_each_once_warm"] else ""
    place = "in the sandbox" if found["sandbox"] else "UNPROTECTED: there is no sandbox here"
    return (f"ours: {mine['seconds_each']:.2f} s a submission ({mine['seconds']:.1f} s in all, start-up included{warm}); "
            f"{found['workers']} workers, {place}")


def memory_line(amounts):
    grown = [f"{who} {first:.0f} to {last:.0f}" for who, (first, last) in ((who, amounts[who]) for who in WATCHED) if first and last]
    return ("memory in MB (resident; pages that processes share are counted in each)"
            + (f", first quarter to the end: {', '.join(grown)}" if grown else "") + f"; most {amounts['peak']:.0f}")


def write(path, found):
    Path(path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
