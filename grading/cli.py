"""The `grading` command: what an instructor does, one verb each."""

import argparse
import json
import sys
import warnings
from pathlib import Path


def main(arguments=None):
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

    one = command("autograde", autograde, "grade what was submitted to a lab")
    one.add_argument("lab")
    one.add_argument("--student", help="only this student")
    one.add_argument("--course", type=Path)
    one.add_argument("--workers", type=int, help="how many submissions at a time (default: the cores)")
    one.add_argument("--resume", action="store_true", help="go on with a batch that was stopped")
    one.add_argument("--unprotected", action="store_true", help="run students' code without the sandbox")

    one = command("export", export, "write the grades")
    one.add_argument("--format", choices=("csv", "canvas", "moodle"), default="csv")
    one.add_argument("--course", type=Path)
    one.add_argument("--to", type=Path, help="a file (default: standard output)")

    one = command("measure", measure, "run each lab solved and record its time and memory in measured.json")
    one.add_argument("labs", nargs="*", metavar="LAB")

    one = command("demo", demo, "the instructor's whole cycle on a bundled class of 12")
    one.add_argument("--course", type=Path, help="a folder to keep (default: a temporary one)")

    options = parser.parse_args(arguments)
    # SQLAlchemy's remark on nbgrader's own session handling; it says nothing to an instructor.
    warnings.filterwarnings("ignore", message="Object of type .* not in session")
    try:
        return options.run(options) or 0
    except (OSError, ValueError, RuntimeError) as error:
        print(f"grading {options.command}: {error}", file=sys.stderr)
        return 1


def build(options):
    from grading import build as builder

    try:
        if options.check:
            stale = builder.check(options.labs or None)
            for path in stale:
                print(f"differs from its source: {path}")
            print(f"{len(stale)} files differ; run: grading build" if stale else "what is committed is what the labs build")
            return bool(stale)
        changed = builder.build(options.labs or None, options.course, force=options.force)
    except builder.BuildError as error:
        print(f"grading build: {error}", file=sys.stderr)
        return 1
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
    return bool(failed)


def course_of(options):
    from grading.build import ROOT

    return options.course or ROOT / "course"


def autograde(options):
    from grading import runner

    return runner.autograde(options.lab, course_of(options), student=options.student, workers=options.workers, resume=options.resume,
                            unprotected=options.unprotected)


def export(options):
    from grading.export import export as write

    text = write(options.format, course_of(options))
    if options.to:
        options.to.write_text(text, encoding="utf-8", newline="")
    else:
        sys.stdout.write(text)


def measure(options):
    from grading import measure as measuring

    measuring.measure(options.labs or None)


def demo(options):
    from grading import demo as showing

    return showing.demo(options.course)


if __name__ == "__main__":
    sys.exit(main())
