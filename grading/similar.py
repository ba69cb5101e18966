"""Which submissions are very alike, and which repeat labkit's own code: a place for a person to look, never a judgement and never points.

Winnowing (Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003): a source becomes tokens in
which names, literals, comments and layout make no difference; of the hashes of every K neighbouring tokens, the least of each WINDOW
neighbours is kept. Two sources that have K + WINDOW - 1 tokens in a row in common share at least one such fingerprint.
What the lab itself contains, and what a fifth of the class wrote, says nothing about two people and is left out.
"""

import ast
import hashlib
import keyword
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import labkit

K = 8               # tokens in a fingerprint
WINDOW = 4          # of so many neighbours one is kept
COMMON = 0.2        # of the class: what so many wrote is everybody's
FEWEST = 4          # but in a small class, what fewer than these wrote is not
ALIKE = 0.7         # of an exercise's own fingerprints: from here on it counts as alike
EVIDENCE = 12       # fingerprints that two submissions share in exercises that are alike; about 30 tokens
OURS_TO_USE = {"cuda", "check"}     # labkit's names that a solution may use

TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]*|\\\n|\s+)
    |(?P<literal>[rbfuRBFU]{0,2}(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)|\.?\d[\w.]*)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>\*\*=?|//=?|->|:=|[-+*/%@&|^<>=!]=|<<|>>|.)""", re.VERBOSE)


def tokens(source):
    """[(normalised token, line)] of Python source, also of source that does not parse. Lines count from 1."""
    found, line = [], 1
    for match in TOKEN.finditer(source):
        text = match[0]
        if match.lastgroup != "skip":
            word = {"literal": "0", "operator": text}.get(match.lastgroup) or (text if keyword.iskeyword(text) else "n")
            found.append((word, line))
        line += text.count("\n")
    return found


def fingerprints(source):
    """{fingerprint: lines on which its tokens stand} of a source."""
    row = tokens(source)
    words = [word for word, _ in row]
    hashes = [digest(words[i:i + K]) for i in range(len(words) - K + 1)]
    kept = set()
    for start in range(max(1, len(hashes) - WINDOW + 1)):
        window = range(start, min(start + WINDOW, len(hashes)))
        kept.update([min(window, key=lambda i: (hashes[i], -i))] if window else [])
    found = defaultdict(set)
    for i in kept:
        found[hashes[i]].update(line for _, line in row[i:i + K])
    return dict(found)


def digest(words):
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")


@dataclass
class Alike:
    """One exercise of a pair: how much of the shorter one's own code the other has too, and the lines of each on which that stands."""

    exercise: str
    share: float
    lines: tuple


@dataclass
class Pair:
    """Two submissions and their exercises that are alike, most alike first. `share` is that of their own code as a whole."""

    one: str
    other: str
    share: float
    evidence: int
    alike: list


def pairs(submissions, known=()):
    """The Pairs that are worth a look, those that share most first.

    submissions  {name: {exercise: source}}
    known        sources that everybody has: the lab as it was handed out, the instructor's solutions
    """
    prints = {name: {ident: fingerprints(source) for ident, source in cells.items()} for name, cells in submissions.items()}
    common = everybodys(prints).union(*map(fingerprints, known))
    own = {name: {ident: {f: lines for f, lines in found.items() if f not in common} for ident, found in cells.items()}
           for name, cells in prints.items()}
    holders = defaultdict(set)
    for name, cells in own.items():
        for fingerprint in set().union(*cells.values()):
            holders[fingerprint].add(name)
    shared = Counter(pair for names in holders.values() for pair in combinations(sorted(names), 2))
    found = [compared(one, other, own[one], own[other]) for (one, other), count in shared.items() if count >= EVIDENCE]
    return sorted((pair for pair in found if pair.evidence >= EVIDENCE), key=lambda p: (-p.evidence * p.share, p.one, p.other))


def everybodys(prints):
    """The fingerprints that a fifth of the class has."""
    counts = Counter(f for cells in prints.values() for f in set().union(*cells.values()))
    return {f for f, count in counts.items() if count >= max(FEWEST, math.ceil(COMMON * len(prints)))}


def compared(one, other, mine, theirs):
    """The Pair of two submissions, from their own fingerprints, exercise by exercise."""
    alike, evidence = [], 0
    for ident in mine.keys() & theirs.keys():
        both = mine[ident].keys() & theirs[ident].keys()
        if both and (share := len(both) / min(len(mine[ident]), len(theirs[ident]))) >= ALIKE:
            evidence += len(both)
            alike.append(Alike(ident, share, tuple(sorted(set().union(*(side[ident][f] for f in both))) for side in (mine, theirs))))
    whole = [set().union(*side.values()) for side in (mine, theirs)]
    return Pair(one, other, len(whole[0] & whole[1]) / min(map(len, whole)), evidence, sorted(alike, key=lambda a: (-a.share, a.exercise)))


# labkit's own forms


def library(folder=None):
    """{fingerprint: names such as "labkit.perceptron: perceptron_epoch"} of labkit's functions and classes."""
    folder = Path(folder or Path(labkit.__file__).parent)
    found = defaultdict(set)
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        module = ".".join([folder.name, *path.relative_to(folder).with_suffix("").parts])
        for thing in ast.parse(text).body:
            if isinstance(thing, (ast.FunctionDef, ast.ClassDef)):
                for fingerprint in fingerprints(ast.get_source_segment(text, thing)):
                    found[fingerprint].add(f"{module}: {thing.name}")
    return dict(found)


def repeats(source, ours, known):
    """(name, share) of the form in `ours`, a library, that most of a solution's own code repeats, or None. `known` are fingerprints that
    count for nothing: the lab's own and those of declared solutions."""
    own = fingerprints(source).keys() - known
    names = Counter(name for fingerprint in own for name in ours.get(fingerprint, ()))
    if not names:
        return None
    name, count = max(names.items(), key=lambda item: (item[1], item[0]))
    return (name, count / len(own)) if count >= EVIDENCE and count / len(own) >= ALIKE else None


def calls(source, imported, avoid=()):
    """The names that a solution uses although it should write that part itself: labkit's, and those that the exercise asks to avoid.
    `imported` are the names that the lab's set-up cells have from labkit."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    ours = (set(imported) | labkit_names(tree)) - OURS_TO_USE
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    called = used | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return sorted(used & ours | called & set(avoid) | labkit_modules(tree))


def labkit_modules(tree):
    """labkit's modules that are imported whole, or named in a text, as `__import__`, `sys.modules` and `exec` want them; docstrings apart."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said]
    whole = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)}
    found = {match[0] for text in texts for match in re.finditer(r"(?<![\w.])labkit(\.\w+)+|^labkit$|(?<=import )labkit\b", text)}
    return found | {module for module in whole if module and module.split(".")[0] == "labkit"}


def labkit_names(tree):
    """The names that imports of labkit bind."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "labkit":
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname or "labkit" for alias in node.names if alias.name.split(".")[0] == "labkit"}
    return names
