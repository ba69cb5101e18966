"""Whether a later cell takes a name from the functions above it: in a notebook all cells share one space of names.

A helper `sigmoid` of one exercise and another `sigmoid` two exercises later are both right where they stand, and the second is what the
first exercise's function calls once all cells have run.
"""

from grading.kernel_part import without_magics
from labkit.cells import defines, table_of


def rebound(earlier, later):
    """Whether one of the sources `later` gives a name at its top level that occurs in one of the sources `earlier`."""
    if any("import *" in source for source in later):
        return True
    return bool(set().union(*map(bound, later)) & set().union(*map(used, earlier)))


def bound(source):
    return defines(without_magics(source))


def used(source):
    names, waiting = set(), [table_of(without_magics(source))]
    while waiting:      # functions within functions may stand deeper than Python calls
        if (table := waiting.pop()) is not None:
            names.update(table.get_identifiers())
            waiting += table.get_children()
    return names
