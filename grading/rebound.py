"""Whether a later cell takes a name from the functions above it: in a notebook all cells share one space of names.

A helper `sigmoid` of one exercise and another `sigmoid` two exercises later are both right where they stand, and the second is what the
first exercise's function calls once all cells have run.
"""

import symtable

from grading.kernel_part import without_magics


def rebound(earlier, later):
    """Whether one of the sources `later` gives a name at its top level that occurs in one of the sources `earlier`."""
    if any("import *" in source for source in later):
        return True
    return bool(set().union(*map(bound, later)) & set().union(*map(used, earlier)))


def bound(source):
    table = table_of(source)
    return set() if table is None else {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def used(source):
    table = table_of(source)
    return set() if table is None else names(table)


def names(table):
    return set(table.get_identifiers()).union(*map(names, table.get_children()))


def table_of(source):
    """None for what is no Python."""
    try:
        return symtable.symtable(without_magics(source), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
