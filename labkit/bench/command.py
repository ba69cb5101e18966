"""The command: which works, against whom, and where the rows go."""

import argparse
import tempfile
from pathlib import Path

from labkit.bench import kernels, machine, race, table, works
from labkit.bench.peers import PEERS, missing
from labkit.kernels import limits, registry

ROUNDS = 7


def main(arguments=None):
    """Run the command; prints a table, and with --json also writes {"machine", "rows"}. Returns the exit status:
    1 where outputs differ or a contestant failed, 0 where all that could be compared agreed."""
    options, asked, chosen, oracles = parsed(arguments)
    absent = {peer: sentence for peer in asked if (sentence := missing(peer))}
    for sentence in absent.values():
        print(sentence, flush=True)
    peers = [peer for peer in asked if peer not in absent]
    measured = limits.measure()
    found = {"machine": machine.describe(measured), "rows": []}
    print(f"{machine.sentence(found['machine'])}\n\n{table.HEADER}", flush=True)
    try:
        for row in every_row(chosen.values(), oracles.values(), measured, peers, options.rounds):
            found["rows"].append(row)
            print(table.line(row), flush=True)
    finally:                                    # what was measured is kept, also where somebody ends it or a kernel fails
        found["machine"]["load_after"] = machine.load()
        if options.json:
            table.write(Path(options.json), found)
    for note in table.notes(found["rows"]):
        print(note)
    if options.picture:
        table.draw(found).savefig(options.picture, dpi=144)
    return 1 if any(row.get("problem") for row in found["rows"]) else 0


def parsed(arguments):
    """The options, the peers that are asked for, and by name the works that are raced and the kernels that plain NumPy is timed beside."""
    parser = argparse.ArgumentParser(prog="labkit bench", description="Time each kernel and model, beside its peers.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="only kernels and models whose name contains one of these")
    parser.add_argument("--only", choices=("models", "kernels"), help="only these: the other half in a run of its own")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to this file")
    parser.add_argument("--picture", metavar="FILE", help="also draw the ratios: .png or .svg")
    parser.add_argument("--against", metavar="PEERS", help=f"peers, separated by commas, or an empty word for none; known: {', '.join(PEERS)}")
    parser.add_argument("--rounds", metavar="N", type=int, default=ROUNDS, help="how often each one runs a model (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}, but has to be 1 or more")
    for file in filter(None, (options.json, options.picture)):
        if not (folder := Path(file).absolute().parent).is_dir():
            parser.error(f"{file} could not be written: there is no folder {folder}")
        if Path(file).is_dir():
            parser.error(f"{file} could not be written: it is a folder; name a file in it")
    if options.picture and Path(options.picture).suffix.lower() not in (".png", ".svg"):
        parser.error(f"--picture is {options.picture}, but its name has to end in .png or .svg")
    asked = list(PEERS) if options.against is None else [peer.strip() for peer in options.against.split(",") if peer.strip()]
    if unknown := sorted(set(asked) - set(PEERS)):
        parser.error(f"no way to compare with {', '.join(unknown)} is known; known are {', '.join(PEERS)}")
    chosen = choose(({} if options.only == "kernels" else works.models()) | ({} if options.only == "models" else works.kernels()), options.names)
    oracles = choose({} if options.only == "models" else registry.kernels(), options.names)
    if not chosen and not oracles:
        names = ", ".join(dict.fromkeys([*works.models(), *registry.kernels()]))
        parser.error(f"no kernel's or model's name contains {' or '.join(options.names)}; there are {names}")
    return options, asked, chosen, oracles


def every_row(chosen, oracles, measured, peers, rounds):
    """The rows of the models and kernels that are raced, then those of the kernels beside their plain NumPy form."""
    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as folder:
        for work in chosen:
            if work.is_model or set(peers) & {peer for peer, *_ in work.against.values()}:
                yield from race.rows(work, measured, peers, rounds, Path(folder))
    for kernel in oracles:
        yield from kernels.rows(kernel, measured, "numpy" in peers)


def choose(named, words):
    """Those whose name contains one of the words; all where there are no words."""
    return {name: one for name, one in named.items() if not words or any(word in name for word in words)}
