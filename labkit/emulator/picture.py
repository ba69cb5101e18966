"""Which thread touches what: a map with a row for each thread and a column for each address, one for each array."""

import numpy as np

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import ACCENT, INK, MUTED

_MOST_ARRAYS = 6
_LOOKS = {
    "reads": ("reads", {"marker": "o", "facecolors": "none", "edgecolors": MUTED}, 1.0),
    "writes": ("writes", {"marker": "s", "color": ACCENT, "linewidths": 0}, 0.7),
    "atomics": ("atomic", {"marker": "x", "color": INK}, 0.7),
}


@drawn
def draw(report):
    """A Picture of the memory that a launch touched. Reads are circles, writes filled squares, atomics crosses.

    Raises ValueError where nothing was recorded: the launch ran without tracing, or touched no memory.
    """
    uses = [use for use in report.arrays.values() if use.touched][:_MOST_ARRAYS]
    if not uses:
        raise ValueError(f"the report of {report.kernel} has no accesses to draw; run the kernel with trace=True, on arrays "
                         "that it touches.")
    columns = min(3, len(uses))
    rows = -(-len(uses) // columns)
    figure, axes = picture(max(4.6, 3.3 * columns), 3.6 * rows + 0.8, rows, columns, squeeze=False)
    for ax, use in zip(axes.flat, uses, strict=False):
        _draw_array(ax, use)
    for ax in axes.flat[len(uses):]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("thread")
    kinds = [kind for kind in _LOOKS if any(t[0] == kind for use in uses for t in use.touched)]
    handles = [axes[0, 0].scatter([], [], s=36, label=_LOOKS[kind][0], **_LOOKS[kind][1]) for kind in kinds]
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    return say(figure, finding(report), alt(report, uses))


def _draw_array(ax, use):
    threads = max(int(t.max()) for _, t, _ in use.touched) + 1
    places = max(threads, use.size)
    for kind, (_, look, size) in _LOOKS.items():
        touched = [(t, a) for k, t, a in use.touched if k == kind]
        if touched:
            points = np.unique(np.stack([np.concatenate(part) for part in zip(*touched, strict=True)]), axis=1)
            ax.scatter(points[1], points[0], s=size * np.clip(150 / places, 1.2, 9) ** 2, rasterized=points.shape[1] > 2000, **look)
    margin = 0.5 + 0.01 * use.size
    ax.set_xlim(-margin, use.size - 1 + margin)
    ax.set_ylim(threads - 0.5 + 0.01 * threads, -0.5 - 0.01 * threads)
    ax.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    ax.yaxis.get_major_locator().set_params(integer=True, nbins=6)
    shape = " x ".join(map(str, use.shape))
    ax.set_title(f"{use.name} ({use.space}, {shape})", fontsize=11)
    note = "" if use.touched_all else " (first part of the run)"
    ax.set_xlabel(f"address{note}\n{_cost(use)}")


def _cost(use):
    if use.transactions:
        return f"{use.coalescing:.0%} of {use.transactions:,} sectors needed"
    return f"{use.bank_conflicts:,} bank conflicts"


def finding(report):
    """The picture's title: the first fault, else what costs most."""
    if report.faults:
        return f"{report.kernel}: {report.faults[0].kind} in line {report.faults[0].line}"
    worst = min((use for use in report.arrays.values() if use.transactions), key=lambda use: use.coalescing, default=None)
    if report.bank_conflicts and (worst is None or worst.coalescing > 0.9):
        return f"{report.kernel}: no fault, but {report.bank_conflicts:,} bank conflicts in shared memory"
    if worst is not None and worst.coalescing < 0.9:
        return f"{report.kernel}: no fault, but only {worst.coalescing:.0%} of what is fetched for {worst.name} is needed"
    return f"{report.kernel}: no fault, and neighbouring threads touch neighbouring memory"


def alt(report, uses):
    parts = [f"{use.name} in {use.space} memory: {use.reads} reads, {use.writes} writes, {use.atomics} atomics" for use in uses]
    return f"Maps of which thread touches which address. {'; '.join(parts)}."
