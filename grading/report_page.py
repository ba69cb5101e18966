"""A Report as one page: opens from a file, in a browser, on paper. It runs no script, and loads nothing.

The page is built as a tree of elements, so that whatever a student wrote is text in it and nothing else.
"""

import base64
import hashlib
import unicodedata
from collections import Counter
from datetime import date
from math import ceil
from pathlib import Path
from statistics import median, quantiles
from xml.etree import ElementTree

from grading.put import put
from grading.report import ORDER

CSS = Path(__file__).with_name("report.css")
MOST_PAIRS = 40
MOST_LINES = 60
LONGEST_NAME = 80
JOINERS = "\u200c\u200d"    # names in Persian and Hindi need them
GROUPS = {"right": "right", "misconception": "a known misconception", "wrong": "wrong in another way", "ended": "an error, or no answer",
          "untouched": "not attempted"}
STATES = {
    "wrong": "wrong in another way", "raised": "raised an error", "fault": "stopped by the emulator", "malformed": "returned something else",
    "timed_out": "did not finish in time", "out_of_memory": "ran out of memory", "killed": "its process ended early",
    "no_answer": "gave no readable answer", "missing": "its name was not defined", "not_attempted": "not attempted",
    "tampered": "broke the grader's protocol", "not_judged": "could not be judged",
}
TO_LOOK_AT = ("tampered", "not_judged")


def page(report, anonymous=False, today=None):
    """The whole page as text. With `anonymous`, students are numbers, and their sources are shown without comments."""
    who = Who(report.submissions, anonymous)
    style = CSS.read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'; " \
             "base-uri 'none'; form-action 'none'"
    title = f"Class report: {report.lab.title}"
    body = [el("header", el("h1", title), summary(report, today or date.today())), points(report), exercises(report),
            *(one_exercise(report, ident, who) for ident in report.lab.exercises), waiting(report, who), alike(report, who),
            labkits(report, who), odd(report, who), roster(report, anonymous)]
    tree = el("html", el("head", el("meta", charset="utf-8"), el("meta", http_equiv="Content-Security-Policy", content=policy),
                         el("meta", name="viewport", content="width=device-width, initial-scale=1"),
                         el("meta", name="referrer", content="no-referrer"),
                         el("title", title), el("style", style)),
              el("body", el("main", *filter(lambda part: part is not None, body))), lang="en")
    return "<!DOCTYPE html>\n" + ElementTree.tostring(tree, encoding="unicode", method="html") + "\n"


def write(path, text):
    """Writes a page, for its owner alone to read."""
    put(path, text.encode(), 0o600)


def el(tag, *children, **attributes):
    """An element. Text among the children stays text; underscores in names of attributes are hyphens, class_ is class."""
    made = ElementTree.Element(tag, {name.rstrip("_").replace("_", "-") if name != "viewBox" else name: readable(str(value))
                                     for name, value in attributes.items()})
    for child in children:
        if ElementTree.iselement(child):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + readable(str(child))
        else:
            made.text = (made.text or "") + (str(child) if tag == "style" else readable(str(child)))
    return made


def readable(text):
    """Text in which every invisible character is seen, so that none reorders or hides what stands beside it."""
    return "".join(c if c.isprintable() or c in "\n" + JOINERS else "    " if c == "\t" else f"\\u{{{ord(c):x}}}" for c in text)


class Who:
    """What a student is called on the page."""

    def __init__(self, submissions, anonymous):
        self.anonymous = anonymous
        numbered = sorted(submissions, key=lambda one: (one.digest, one.student))       # no order that a roster has
        self.names = {one.student: f"submission {n}" if anonymous else short(one.student) if one.name == one.student
                      else f"{short(one.name)} ({short(one.student)})" for n, one in enumerate(numbered, 1)}

    def name(self, student):
        return el("bdi", self.names[student])

    def list(self, submissions, said=None):
        """Who they are, folded; `said(submission)` adds something."""
        ordered = sorted(submissions, key=lambda one: natural(self.names[one.student]))
        items = [el("li", self.name(one.student), *([": ", said(one)] if said else [])) for one in ordered]
        return el("details", el("summary", "who"), el("ul", *items, class_="names"))


def short(name):
    text = readable(unicodedata.normalize("NFC", name))
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}\u2026"


def natural(name):
    """submission 9 before submission 10."""
    words = name.rsplit(" ", 1)
    return (words[0], int(words[1])) if len(words) == 2 and words[1].isdecimal() else (name.casefold(), 0)


def count(number, one, many=None):
    return f"{number} {one if number == 1 else many or one + 's'}"


def worth(value):
    return f"{round(value, 2):g}"


def table(head, rows, class_=""):
    """A table; the first cell of each row names it."""
    lines = [el("tr", *(el("th" if i == 0 else "td", *(cell if isinstance(cell, (list, tuple)) else [cell]), **({"scope": "row"} if i == 0 else {}))
                        for i, cell in enumerate(row))) for row in rows]
    return el("div", el("table", el("thead", el("tr", *(el("th", words, scope="col") for words in head))), el("tbody", *lines), class_=class_),
              class_="wide")


# The class


def summary(report, today):
    lab, waits = report.lab, sum(bool(one.waits) for one in report.submissions)
    totals = sorted(report.totals())
    quarter = quantiles(totals, n=4, method="inclusive") if len(totals) > 1 else totals * 3
    facts = [("submissions graded", len(totals)), (f"median, of {worth(sum(lab.most.values()))} points", worth(median(totals))),
             ("middle half of the class", f"{worth(quarter[0])} to {worth(quarter[2])}"), ("still to be read by a person", waits)]
    missing = [f"{count(len(names), 'submission')} {words}" for names, words in (
        (report.ungraded, "not graded yet"), (report.elsewhere, "graded without grading autograde and left out here"),
        (report.gone, "no longer in the gradebook and left out here")) if names]
    return el("div", el("p", f"{lab.name}, {today.isoformat()}", *(f"; {words}" for words in missing), class_="quiet"),
              el("dl", *(el("div", el("dt", words), el("dd", str(value))) for words, value in facts), class_="facts"))


def points(report):
    totals, most = report.totals(), sum(report.lab.most.values())
    edges = bins(most, max(totals, default=0))
    counts = [sum(low <= total < high or (high == edges[-1] and total == high) for total in totals)
              for low, high in zip(edges, edges[1:], strict=False)]
    waits = sum(bool(one.waits) for one in report.submissions)
    names = [f"{worth(low)}" if high - low == 1 else f"{worth(low)} to {worth(high)}"
             for low, high in zip(edges, edges[1:], strict=False)]
    half = median(totals)
    return el("section", el("h2", f"Half of the class has {worth(half)} points or more, of {worth(most)}"),
              histogram(edges, counts, half),
              el("p", f"{count(waits, 'submission holds an answer', 'submissions hold answers')} that wait for a person; until then they count "
                      "what a person gave for them before, or nothing.", class_="quiet") if waits else "",
              el("details", el("summary", "the same as a table"),
                 table(["points", "submissions"], [row for row in zip(names, counts, strict=True) if row[1]])))


def bins(most, highest):
    """Edges of the histogram's bars: whole points wide, at most 24 bars; the last bar holds those who have everything."""
    width = max(1, ceil((max(most, highest) + 1) / 24))
    return [width * i for i in range(ceil((max(most, highest) + 1) / width) + 1)]


def histogram(edges, counts, half):
    width, height, left, bottom, top = 760, 320, 46, 52, 54
    step, tall = (width - left - 12) / len(counts), height - bottom - top
    ceiling = max(*counts, 1)
    rule = max(1, ceil(ceiling / 5))
    def x(points):
        return left + (points - edges[0]) / (edges[1] - edges[0]) * step
    def y(number):
        return top + tall * (1 - number / ceiling)
    parts = []
    for level in range(0, ceiling + 1, rule):
        parts += [el("line", x1=left, x2=width - 12, y1=f"{y(level):.1f}", y2=f"{y(level):.1f}", class_="grid"),
                  el("text", str(level), x=left - 8, y=f"{y(level) + 4:.1f}", class_="end")]
    every = ceil(len(counts) / 20)
    for i, (low, number) in enumerate(zip(edges, counts, strict=False)):
        words = f"{worth(low)}" if edges[1] == 1 else f"{worth(low)}\u2013{worth(low + edges[1] - 1)}"
        if number:
            parts += [el("rect", el("title", f"{words} points: {count(number, 'submission')}"), x=f"{x(low) + 1.5:.1f}", y=f"{y(number):.1f}",
                         width=f"{step - 3:.1f}", height=f"{y(0) - y(number):.1f}", class_="bar"),
                      el("text", str(number), x=f"{x(low) + step / 2:.1f}", y=f"{y(number) - 5:.1f}", class_="middle")]
        if i % every == 0:
            parts.append(el("text", words, x=f"{x(low) + step / 2:.1f}", y=height - bottom + 18, class_="middle quiet"))
    at = x(half) + (step / 2 if edges[1] == 1 else 0)
    under = counts[min(int((half - edges[0]) // edges[1]), len(counts) - 1)]
    parts += [el("line", x1=f"{at:.1f}", x2=f"{at:.1f}", y1=20, y2=f"{y(under) - 20:.1f}", class_="median"),     # ends above the bar's number
              el("text", f"median {worth(half)}", x=f"{at:.1f}", y=14, class_="middle"),
              el("text", "points", x=f"{(left + width - 12) / 2:.1f}", y=height - 10, class_="middle quiet"),
              el("text", "submissions", x=14, y=f"{top + tall / 2:.1f}", transform=f"rotate(-90 14 {top + tall / 2:.1f})", class_="middle quiet")]
    said = f"Histogram of points. Median {worth(half)}; the fullest bar holds {count(max(counts), 'submission')}. The table below has every bar."
    return el("svg", *parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=said, class_="chart")


# Exercise by exercise


def exercises(report):
    rows = []
    for ident, one in report.lab.exercises.items():
        groups = report.groups(ident)
        total = sum(groups.values())
        first = held(report, ident)[:1]
        rows.append([el("a", ident, href=f"#exercise-{ident}"), f"{groups['right']} of {total}", bar(ident, groups),
                     f"{words_of(first[0][0])} ({len(first[0][1])})" if first else "", f"{worth(report.median(ident))} of {worth(one.points)}"])
    legend = el("p", *(el("span", el("span", class_=f"key {group}"), GROUPS[group]) for group in ORDER), class_="legend")
    return el("section", el("h2", "Exercise by exercise"), legend,
              table(["exercise", "right", "the whole class", "most frequent misconception", "median points"], rows, "overview"))


def bar(ident, groups):
    """How one exercise went, as a bar of shares with the counts in it."""
    width, height, total, at, parts = 300, 22, max(1, sum(groups.values())), 0.0, []
    for group, number in groups.items():
        share = width * number / total
        if number:
            parts.append(el("rect", el("title", f"{GROUPS[group]}: {number}"), x=f"{at:.1f}", y=0, width=f"{max(share - 1, 1):.1f}", height=height,
                            class_=group))
            if share > 9 * len(str(number)):
                parts.append(el("text", str(number), x=f"{at + share / 2:.1f}", y=15.5, class_=f"middle on-{group}"))
        at += share
    said = f"{ident}: " + ", ".join(f"{number} {GROUPS[group]}" for group, number in groups.items() if number)
    return el("svg", *parts, viewBox=f"0 0 {width} {height}", role="img", aria_label=said, class_="bar-row")


def held(report, ident):
    """[(misconception's name, submissions)] of an exercise, the most frequent first."""
    found = {}
    for one, mark in report.states(ident):
        if mark["state"] == "misconception":
            found.setdefault(mark["misconception"] or "", []).append(one)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def words_of(name):
    return (name or "unnamed").replace("_", " ")


def one_exercise(report, ident, who):
    states, declared = report.states(ident), {idea.name: idea for idea in report.lab.exercises[ident].misconceptions}
    parts = [el("h3", ident, id=f"exercise-{ident}"),
             el("p", f"{report.groups(ident)['right']} of {len(states)} right; median points {worth(report.median(ident))} of "
                     f"{worth(report.lab.exercises[ident].points)}.")]
    if ideas := held(report, ident):
        rows = [[[el("b", str(len(those))), " ", words_of(name)], declared[name].why if name in declared else "", declared[name].hint
                 if name in declared else "(no longer declared)", who.list(those)] for name, those in ideas]
        parts.append(table(["misconception", "why people think so", "the hint they saw", ""], rows, "ideas"))
    others = {}
    for one, mark in states:
        if mark["state"] not in ("right", "misconception"):
            others.setdefault(mark["state"], []).append((one, mark))
    if others:
        rows = []
        for state, those in sorted(others.items(), key=lambda item: -len(item[1])):
            said = Counter(mark["sentence"] for _, mark in those).most_common()
            more = [el("li", f"and {count(len(said) - 3, 'other sentence')}", class_="quiet")] if len(said) > 3 else []
            sentences = el("ul", *(el("li", text, f" ({number})" if number > 1 else "") for text, number in said[:3]), *more)
            rows.append([[el("b", str(len(those))), " ", STATES.get(state, state)], sentences, who.list([one for one, _ in those])])
        parts.append(table(["otherwise", "what they were told", ""], rows, "others"))
    return el("section", *parts, class_="exercise")


# For a person


def waiting(report, who):
    rows = []
    for cell in report.lab.questions:
        those = [one for one in report.submissions if cell in one.waits]
        if those:
            rows.append([cell, f"{count(len(those), 'answer')} to read, {worth(report.lab.most[cell])} points each, on nbgrader's Manual Grading "
                               "page", who.list(those)])
    for ident in report.lab.exercises:
        those = [one for one in report.submissions if f"check_{ident}" in one.waits]
        if those:
            rows.append([ident, f"{count(len(those), 'score')} that a person gave, of an answer or verdict that has changed since", who.list(those)])
        for state in TO_LOOK_AT:
            those = [one for one, mark in report.states(ident) if mark["state"] == state]
            if those:
                rows.append([ident, f"{count(len(those), 'submission')} {STATES[state]}", who.list(those)])
    found = table(["where", "what", ""], rows, "others") if rows else el("p", "Nothing: every answer is graded.")
    return el("section", el("h2", "What waits for a person"), found)


def alike(report, who):
    intro = ("These pairs share code that is not in the lab, not in a declared solution or misconception, and not in a fifth of the class; names, "
             "numbers, comments and layout make no difference to the comparison. That can have good reasons: work done together where that was "
             "allowed, a common source, an exercise with few ways to write it. It is a place to look, not a finding, and changed no points. The "
             "share is that of the shorter one's own code; the lines in which it stands are marked.")
    if not report.pairs:
        return el("section", el("h2", "Solutions that are very alike"), el("p", "None."))
    sources = {one.student: one.sources for one in report.submissions}
    parts = [compared(pair, sources, who) for pair in report.pairs[:MOST_PAIRS]]
    if len(report.pairs) > MOST_PAIRS:
        parts.append(el("p", f"{len(report.pairs) - MOST_PAIRS} further pairs share less and are not shown.", class_="quiet"))
    return el("section", el("h2", f"{count(len(report.pairs), 'pair')} of solutions that are very alike"), el("p", intro), *parts)


def compared(pair, sources, who):
    names = [one.exercise for one in pair.alike]
    head = el("summary", who.name(pair.one), " and ", who.name(pair.other), el("span", f"{pair.share:.0%} alike; {', '.join(names)}", class_="quiet"))
    sides = []
    for one in pair.alike:
        both = [el("div", el("p", who.name(student)), listing(sources[student][one.exercise], lines, who.anonymous))
                for student, lines in zip((pair.one, pair.other), one.lines, strict=True)]
        sides += [el("h4", f"{one.exercise}: {one.share:.0%} alike"), el("div", *both, class_="sides")]
    return el("details", head, *sides, class_="pair")


def listing(source, marked, anonymous):
    """A source with the shared lines marked."""
    lines = (without_comments(source) if anonymous else source).splitlines()
    rows = [el("mark" if number in marked else "span", (line or " ") + "\n") for number, line in enumerate(lines[:MOST_LINES], 1)]
    return el("pre", *rows, *([f"and {len(lines) - MOST_LINES} more lines\n"] if len(lines) > MOST_LINES else []))


def without_comments(source):
    """A source whose comments are gone and whose texts are dots, every line in its place: people sign their work there."""
    from grading.similar import TOKEN

    def blank(match):
        if match[0].startswith("#"):
            return ""
        if match.lastgroup == "literal" and not match[0][-1].isalnum():
            return "".join(c if c in "\n\"'" else "\u00b7" for c in match[0])
        return match[0]
    return TOKEN.sub(blank, source)


def labkits(report, who):
    if not report.advice:
        return None
    rows = [[who.name(one.student), ident, sentence] for one, ident, sentence in report.advice]
    return el("section", el("h2", "Solutions that use labkit's own form"),
              el("p", "A student's own check says so too, once the answer is right. It costs no points; whether it matters is for you to say."),
              table(["who", "exercise", "what"], rows))


def odd(report, who):
    rows = [[who.name(one.student), el("ul", *(el("li", note) for note in one.notes))] for one in report.submissions if one.notes]
    if not rows:
        return None
    return el("section", el("h2", "What was odd about submissions"),
              el("p", "None of it stopped the grading, and the students read the same sentences."), table(["who", "what they were told"], rows))


def roster(report, anonymous):
    groups = [("handed in and not graded yet", report.ungraded), ("graded without grading autograde, and left out above", report.elsewhere),
              ("no longer in the gradebook, and left out above", report.gone), ("in the gradebook's roster, and handed in nothing", report.absent)]
    rows = [[words, str(len(names)), "" if anonymous else el("ul", *(el("li", el("bdi", short(name))) for name in names), class_="names")]
            for words, names in groups if names]
    return el("section", el("h2", "Not in this report"), table(["", "how many", ""], rows)) if rows else None
