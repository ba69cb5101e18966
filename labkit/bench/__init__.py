"""`labkit bench`: how fast each kernel and model runs here, as a share of what this machine can do at most, and beside its peers.

Outputs are compared first, in a way that is said; what differs is not timed. Times are medians, and a ratio is the peer's time
over ours. The limit of a piece of work is the longer of two times: its bytes at the measured speed of a copy, its operations at
the measured speed of a loop that does nothing but multiply and add (`labkit.kernels.limits`).

    works.py     the models: their inputs, who runs them, how their outputs are compared
    race.py      who takes turns, each in a process of its own
    kernels.py   each kernel beside its plain NumPy form
    table.py     Markdown, JSON and picture
    contestants/ what each process runs: ours, and the same work written for each peer as its users would write it
"""

from labkit.bench.command import main

__all__ = ["main"]
