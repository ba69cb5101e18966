"""The `grading` command: what an instructor does, one verb each."""

import argparse
import json
import re
import sys
import warnings
from pathlib import Path

from grading.errors import printable, sentence
from labkit.cli import show_every_character


def main(arguments=None):
    show_every_character()
    parser = argparse.ArgumentParser(prog="grading", description="Build, verify and grade the course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, said):
        one = commands.add_parser(name, help=said, description=said)
        one.set_defaults(run=run)
        return one

    one = command("build", build, "labs -> nbgrader source -> student edition and data/checks/")
    one.add_argument("labs", nargs="*", metavar="LAB", help="all labs where none is named")
    one.add_argument("--check", action="store_true", help="write nothing; fail when what is committed differs")
    one.add_argument("--force", action="store_true", help="overwrite notebooks that were changed by hand")
    one.add_argument("--course", type=Path, help="where nbgrader's folders live (default: course/)")

    one = command("verify", verify, "prove each exercise's grader; prints counts, fails on any escape or false rejection")
    one.add_argument("labs", nargs="*", metavar="LAB")
    one.add_argument("--json", action="store_true")
    one.add_argument("--verbose", action="store_true", help="also name the mutants that turned out to be the same function")
    one.add_argument("--through", action="store_true", help="then hand all of them in, and compare the verdicts of the whole path")

    one = command("autograde", autograde, "grade what was submitted to a lab")
    one.add_argument("lab")
    one.add_argument("--student", help="only this student")
    one.add_argument("--course", type=Path)
    one.add_argument("--workers", type=at_least(1), help="how many submissions at a time (default: as many as cores and memory allow)")
    one.add_argument("--scheduler", metavar="ADDRESS",
                     help="grade on the Dask cluster of this scheduler (tls://..., or one on this machine), or of this Dask Gateway (https://...)")
    one.add_argument("--resume", action="store_true", help="go on with a batch that was stopped")
    one.add_argument("--unprotected", action="store_true", help="run students' code without the sandbox")

    one = command("report", report, "write the class report on a lab that was graded: one page, for the instructor")
    one.add_argument("lab")
    one.add_argument("--course", type=Path)
    one.add_argument("--out", type=Path, help="a file (default: LAB-report.html here)")
    one.add_argument("--anonymous", action="store_true", help="numbers in the place of names, sources without comments")

    one = command("enrol", enrol, "enter a class list (CSV: nbgrader's columns, Canvas' or Moodle's) in the gradebook")
    one.add_argument("file", type=Path)
    one.add_argument("--course", type=Path)

    one = command("collect", collect, "put the notebooks of an LMS's download into submitted/, matched by id")
    one.add_argument("lab")
    one.add_argument("files", type=Path, nargs="+", metavar="FILE", help="zip files as Canvas or Moodle wrote them, folders or notebooks")
    one.add_argument("--course", type=Path)
    one.add_argument("--worksheet", type=Path, help="Moodle's grading worksheet: whose each participant number is")
    one.add_argument("--force", action="store_true", help="replace what was handed in before")

    one = command("export", export, "write the grades; what is not graded stays empty")
    one.add_argument("labs", nargs="*", metavar="LAB", help="these labs (default: all in which anything is graded)")
    one.add_argument("--format", choices=("csv", "canvas", "moodle"), default="csv")
    one.add_argument("--course", type=Path)
    one.add_argument("--to", type=Path, help="a file (default: standard output)")

    one = command("publish", publish, "write the public repository for students, proven free of solutions and hidden cases")
    one.add_argument("folder", type=Path, metavar="DIR", help="a new folder, or one that was published before")
    one.add_argument("--with-answers", action="store_true", help="add answers/, the labs solved, for people who learn alone")

    one = command("bench", bench, "measure grading on a made class, beside plain nbgrader")
    one.add_argument("lab")
    one.add_argument("--students", type=at_least(1), default=20, help="how many submissions to make (default: 20)")
    one.add_argument("--workers", type=at_least(1), help="how many at a time (default: as many as cores and memory allow)")
    one.add_argument("--stock", type=at_least(0), default=3, metavar="K", help="how many also go through plain nbgrader (default: 3; 0 for none)")
    one.add_argument("--whole", action="store_true", help="plain nbgrader runs the whole notebook too, pictures and long runs included")
    one.add_argument("--json", type=Path, metavar="FILE", help="also write the measurements here")

    one = command("measure", measure, "run each lab solved and record its time and memory in measured.json")
    one.add_argument("labs", nargs="*", metavar="LAB")
    one.add_argument("--binder", action="store_true", help="with the memory and the processor that Binder gives, by control groups; as root")

    one = command("demo", demo, "the instructor's whole cycle on a bundled class of 12")
    one.add_argument("--course", type=Path, help="a folder to keep (default: a temporary one)")

    options = parser.parse_args(arguments)
    # SQLAlchemy's remark on nbgrader's own session handling; it says nothing to an instructor.
    warnings.filterwarnings("ignore", message="Object of type .* not in session")
    warnings.simplefilter("ignore", SyntaxWarning)      # of a student's cell that is looked at: it has no name there
    try:
        return options.run(options) or 0
    except KeyboardInterrupt:
        print(f"grading {options.command}: stopped" + ("; go on with --resume" if options.command == "autograde" else ""), file=sys.stderr)
        return 130
    except Exception as error:
        if (said := sentence(error)) is None:
            raise
        print(f"grading {options.command}: {said}", file=sys.stderr)
        return 1


def at_least(least):
    """A type of argument: a whole number that is not less."""
    def number(text):
        if not re.fullmatch(r"\d{1,9}", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no number of them; a whole number from {least} up is expected")
        return int(text)
    return number


def build(options):
    from grading import build as builder

    if options.check:
        stale = builder.check(options.labs or None)
        for path in stale:
            print(f"differs from its source: {path}")
        print(f"{len(stale)} files differ; run: grading build" if stale else "what is committed is what the labs build")
        return bool(stale)
    changed = builder.build(options.labs or None, options.course, force=options.force)
    print("\n".join(f"wrote {path}" for path in changed) or "nothing to do: everything is as the labs build it")


def verify(options):
    from grading import build as builder
    from grading import verify as proof

    rows = [row for lab in options.labs or builder.labs() for row in proof.verify(lab)]
    failed = sum(r.escapes + r.false_rejections for r in rows)
    if options.json:
        print(json.dumps({"exercises": [row.data() for row in rows]}, indent=1))
    else:
        print(proof.table(rows))
        for row in rows:
            for note in row.notes:
                if options.verbose or not note.startswith("the same function"):
                    print(f"{row.id}: {note}")
        print(f"{len(rows)} exercises, {sum(r.right for r in rows)} right forms, {sum(r.misconceptions for r in rows)} misconceptions, "
              f"{sum(r.mutants for r in rows)} mutants, {failed} escapes and false rejections")
    if options.through:
        from grading import through

        for lab in options.labs or builder.labs():
            proof = through.prove(lab)
            failed += len(proof.wrong)
            print(proof.text(), file=sys.stderr if options.json else sys.stdout, flush=True)
    return bool(failed)


def course_of(options):
    from grading.build import ROOT

    return options.course or ROOT / "course"


def autograde(options):
    from grading import runner

    return runner.autograde(options.lab, course_of(options), student=options.student, workers=options.workers, resume=options.resume,
                            unprotected=options.unprotected, scheduler=options.scheduler, say=print)


def report(options):
    from grading import report as facts
    from grading import report_page

    out = options.out or Path(f"{options.lab}-report.html")
    report_page.write(out, report_page.page(facts.read(course_of(options), options.lab), options.anonymous))
    print(f"wrote {out}" + ("" if options.anonymous else "; it holds the students' names and their code: keep it to yourself"))


def enrol(options):
    from grading import roster

    left_out = []
    print(f"{roster.enrol(options.file, course_of(options), left_out)} students are in the gradebook as {options.file} has them")
    for line in left_out:
        print(f"not a student, for want of an id: {line}")


def collect(options):
    from grading import lms

    done = lms.collect(options.lab, options.files, course_of(options), options.worksheet, options.force)
    for student, name in done.kept:
        print(f"{student} handed in something else before, which is kept; --force takes {printable(name)}")
    for student, name in done.passed:
        print(f"passed over: {printable(name)}; of {student} there is {printable(done.taken.get(student, 'another'))}")
    for name, why in done.refused:
        print(f"not taken: {printable(name)}: {why}")
    if done.strange:
        print(f"no cell of {options.lab} is in what came from {', '.join(done.strange)}"
              + ("; is this the download of another lab?" if len(done.strange) == len(done.taken) else ""))
    if done.late:
        print(f"late, says the download, which the gradebook does not know: {', '.join(done.late)}")
    print(f"{len(done.taken)} submissions collected for {options.lab}")
    return bool(done.kept or done.refused)


def export(options):
    from grading.export import export as write

    unread = []
    text = write(options.format, course_of(options), options.labs, unread)
    for lab in sorted({lab for _, lab in unread}):
        count = sum(lab == one for _, one in unread)
        print(f"{lab}: answers of {count} student{'s' * (count > 1)} still wait for a person", file=sys.stderr)
    if options.to:      # a spreadsheet takes a table for UTF-8 by its first bytes
        written(options.to, text.encode("utf-8-sig" if options.format == "csv" else "utf-8"))
    else:
        sys.stdout.write(in_full(text))


def written(path, content):
    """Writes a table whole, for its owner alone, or leaves the one that is there; what is no file, such as /dev/stdout, is written to."""
    from grading.put import put

    path.write_bytes(content) if path.exists() and not path.is_file() else put(path.resolve(), content, 0o600)


def in_full(text):
    """This text, where standard output has every letter of it: a name that is changed would be nobody's."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise ValueError(f"standard output is in {sys.stdout.encoding} here, which has no {letter}; write to a file with --to") from None
    return text


def publish(options):
    from grading.publish import MANIFEST, publish

    changed = publish(options.folder, options.with_answers)
    print(f"{options.folder}: {len(changed)} files changed and committed; {MANIFEST} lists them all.\n"
          "Nothing of the instructor's is in it, nor in its history.")
    if options.with_answers:
        print("It holds the answers: do not give it to a class whose labs are graded.")
    print(f"To publish: git -C {options.folder} push")


def bench(options):
    from grading import bench as measuring

    found = measuring.bench(options.lab, options.students, options.workers, options.stock, options.whole)
    print(measuring.text(found), flush=True)
    if options.json:
        measuring.write(options.json, found)


def measure(options):
    from grading import measure as measuring

    measuring.measure(options.labs or None, options.binder)


def demo(options):
    from grading import demo as showing

    return showing.demo(options.course)


if __name__ == "__main__":
    sys.exit(main())
