"""What is shown and written: a Markdown table, JSON, a picture."""

import json
import os

from labkit.figures.picture import drawn, picture, say
from labkit.figures.style import COLORS, EDGE, INK, MUTED

HEADER = "| work | seconds | of limit | peer | its seconds | ratio | aim |\n|---|---:|---:|---|---:|---:|---:|"


def line(row):
    """A row of the Markdown table; a problem follows it."""
    ratio, target = row["ratio"], row.get("target")
    limit = "" if row["limit_share"] is None else f"{row['limit_share']:.0%}"
    aim = "" if target is None else f"{target:g}" if ratio >= target else f"{target:g} missed"
    cells = name(row), number(row["seconds"]), limit, row["peer"] or "", number(row["peer_seconds"]), "" if ratio is None else f"{ratio:.2f}", aim
    return f"| {' | '.join(cells)} |{' ' + row['problem'] if row.get('problem') else ''}"


def name(row):
    """A kernel's name with its size, a single number; a model's size takes a sentence, which `notes` gives."""
    return f"{row['name']}, {row['size']}" if row.get("size", "").replace(",", "").isdigit() else row["name"]


def number(seconds):
    return "" if seconds is None else f"{seconds:.3g}" if seconds < 10 else f"{seconds:.1f}"


def notes(rows):
    """The sizes and the ways outputs were compared, a sentence for each model."""
    found = {row["name"]: f"{row['name']}: {row['size']}. Compared: {row['compared']}." for row in rows if row.get("compared")}
    return ["", *found.values()] if found else []


def write(path, found):
    """Write the file whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(found, indent=1) + "\n")
    os.replace(part, path)


@drawn
def draw(found):
    """The ratios as marks on a logarithmic scale, a line for each row; what is aimed at is a stroke. Returns a Picture."""
    rows = [row for row in found["rows"] if row["ratio"]][::-1]
    ahead = sum(row["ratio"] >= 1 for row in rows)
    figure, axes = picture(7.2, 1.4 + 0.23 * max(4, len(rows)))
    for k, row in enumerate(rows):
        won = row["ratio"] >= 1
        axes.plot([1, row["ratio"]], [k, k], color=EDGE, linewidth=3)
        axes.plot(row["ratio"], k, "o" if won else "s", color=COLORS["positive" if won else "negative"], markersize=6)
        axes.text(1.01, k, f"{row['ratio']:.3g}", transform=axes.get_yaxis_transform(), va="center", fontsize=8)
        if row.get("target"):
            axes.plot([row["target"]] * 2, [k - 0.35, k + 0.35], color=INK, linewidth=1.5)
    axes.axvline(1, color=MUTED, linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.05)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.set_yticks(range(len(rows)), [f"{name(row)} / {row['peer']}" for row in rows], fontsize=8)
    axes.grid(False, axis="y")
    machine = found["machine"]
    axes.set_xlabel(f"times as fast as the peer ({machine['gpu'] or machine['processor']}, {machine['cores']} cores, {machine['date']})")
    title = f"labkit is as fast as the peer or faster in {ahead} of {len(rows)} comparisons (stroke: aimed at)"
    return say(figure, title, f"{title}. " + "; ".join(f"{row['name']} {row['ratio']:.2g} times {row['peer']}" for row in rows[::-1]) + ".")
