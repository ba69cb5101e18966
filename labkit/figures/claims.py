"""The paper said / we got / why: a table for readers, screen readers and plain text."""

from __future__ import annotations

import html
import re
import textwrap
from dataclasses import dataclass

from labkit.figures.style import CARD, EDGE, INK, MUTED

KINDS = ("theorem", "figure", "number")
COLUMNS = (("claim", "Claim"), ("kind", "Kind"), ("paper", "The paper said"), ("ours", "We got"), ("setting", "Setting"), ("why", "Why"))


@dataclass(frozen=True)
class PaperTable:
    """Rows of claims. Shows itself as HTML in Jupyter; `str(table)` is the same in plain text."""

    rows: tuple
    caption: str

    def _repr_html_(self):
        cell = (f"background:{CARD};color:{INK};padding:6px clamp(3px,1vw,10px);border-bottom:1px solid {EDGE};"
                "text-align:left;vertical-align:top;white-space:normal")
        heads = "".join(f'<th scope="col" style="{cell};color:{MUTED};font-weight:600">{words}</th>'
                        for words in ("Verdict", "Claim", "The paper said", "We got, in what setting", "Why"))
        body = "".join(html_row(row, cell) for row in self.rows)
        return (f'<table style="background:{CARD};color:{INK};border-collapse:collapse;border-radius:8px;font-size:14px;max-width:100%;margin:0">'
                f'<caption style="{cell};border:0;font-weight:600;caption-side:top">{html.escape(self.caption)}</caption>'
                f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")

    def __str__(self):
        blocks = [self.caption]
        for row in self.rows:
            lines = [f"{verdict(row)}: {row['claim']} ({row['kind']})"]
            lines += [textwrap.fill(f"{words}: {row[key]}", 96, initial_indent="    ", subsequent_indent="        ")
                      for key, words in COLUMNS[2:] if row[key]]
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    __repr__ = __str__


def paper_table(rows, caption="The paper said, we got, why"):
    """A table of claims and what came of them.

    rows : dictionaries with claim, kind (theorem, figure or number), paper, ours, setting, why, ok (True or False)
    `ok` is computed by the lab; the table only says it. Raises ValueError for a row without one of these.
    """
    return PaperTable(tuple(tidy(i, row) for i, row in enumerate(rows)), caption)


def tidy(i, row):
    missing = [key for key in (*(key for key, _ in COLUMNS), "ok") if key not in row]
    if missing:
        raise ValueError(f"row {i} ({row.get('claim', 'without a claim')}) lacks {', '.join(missing)}")
    if row["kind"] not in KINDS:
        raise ValueError(f"row {i} is of kind {row['kind']!r}; expected one of {', '.join(KINDS)}")
    return {key: shown(row[key]) for key, _ in COLUMNS} | {"ok": bool(row["ok"])}


def shown(value):
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def verdict(row):
    return "holds" if row["ok"] else "differs"


def unbroken(words):
    """Keeps 4e-16 or a date on one line, which a narrow column would break at the hyphen."""
    return re.sub(r"\d[\d.]*e-\d+|\d{4}-\d\d-\d\d", r'<span style="white-space:nowrap">\g<0></span>', words)


def html_row(row, cell):
    mark = "✓" if row["ok"] else "✗"
    first = f'<td style="{cell};white-space:nowrap"><span aria-hidden="true">{mark}</span> {verdict(row)}</td>'
    claim = f'<th scope="row" style="{cell};font-weight:600">{words(row, "claim")}{below(words(row, "kind"))}</th>'
    ours = f'<td style="{cell}">{words(row, "ours")}{below(words(row, "setting"))}</td>'
    paper, why = (f'<td style="{cell}">{words(row, key)}</td>' for key in ("paper", "why"))
    return f"<tr>{first}{claim}{paper}{ours}{why}</tr>"


def words(row, key):
    return unbroken(html.escape(row[key]))


def below(said):
    """Under a cell's words, not in a column of its own: so the table fits on paper and in a small window."""
    return f'<div style="color:{MUTED};font-weight:400">{said}</div>' if said else ""
