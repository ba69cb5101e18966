"""The `labkit` command: what this machine can do, and how fast the kernels are on it."""

import argparse
import importlib.util
import sys


def main(arguments=None):
    """Run one command; each loads only its own module. Returns the exit status."""
    show_every_character()
    parser = argparse.ArgumentParser(prog="labkit", description="What the course finds on this machine, and how fast it runs here.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("doctor", help="what was found, what a missing thing costs you, and the command that adds it")
    one.add_argument("--json", action="store_true", help="the same as data")
    if importlib.util.find_spec("labkit.bench"):
        commands.add_parser("bench", add_help=False, help="time each kernel and model, beside its peers")
    options, rest = parser.parse_known_args(arguments)
    if options.command == "bench":
        from labkit import bench

        return bench.main(rest)
    if rest:
        parser.error(f"doctor takes --json and nothing else, not {' '.join(rest)}")
    from labkit import doctor

    return doctor.main(as_json=options.json)


def show_every_character():
    """A letter that a file's encoding lacks, as Windows' for redirected output lacks many of a path's, is written as its number; nothing fails."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
