"""Elements and parts of arrays and tuples: `a[i]`, `a[i, :]`, `t[0]`."""

import ast

import numpy as np

from labkit.emulator import access, subset
from labkit.emulator.arithmetic import INT64, cast, is_number
from labkit.emulator.faults import plural
from labkit.emulator.memory import View
from labkit.emulator.mixed import Mixed, within
from labkit.emulator.source import Function
from labkit.emulator.watching import Watching


class Indexing(Watching):
    """The part of a Task that finds elements."""

    def checked_array(self, value, node, lanes):
        if not isinstance(value, View):
            self.refuse(f"{self.text(node)} is {self.describe(value)}, and only an array has elements to set", node, lanes)
        return value

    def index(self, node, lanes, view):
        """The index of view[...], one entry a dimension: integers and slices; `...` becomes the slices that it stands for."""
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        found = []
        for part in parts:
            if isinstance(part, ast.Slice):
                found.append(slice(*self._ends(part, lanes)))
                continue
            value = self.evaluate(part, lanes)
            if is_number(value):
                found.append(value)
                continue
            for one in value if isinstance(value, tuple) else (value,):
                if one is None:
                    self.refuse(f"the emulator does not run np.newaxis or None in an index, as in {self.text(node)}; use reshape", node, lanes)
                if not is_number(one) and one is not Ellipsis:
                    self.refuse(f"{self.text(part)} is {self.describe(one)}, which is no index", node, lanes)
                found.extend([slice(None)] * (len(view.shape) - len(parts) + 1) if one is Ellipsis else [one])
        return tuple(found)

    def _end(self, node, lanes):
        """An end of a slice. Numba cuts a float there."""
        end = self.number(node, lanes)
        if end.dtype.kind == "c" or not np.all(np.isfinite(end)):
            self.refuse(f"{self.text(node)} is no end of a slice, which is an integer", node, lanes)
        return end

    def _ends(self, node, lanes):
        """From where to where and by how many a slice goes; None where it does not say."""
        ends = [p and self._end(p, lanes) for p in (node.lower, node.upper, node.step)]
        if ends[2] is not None and np.any(ends[2] == 0):
            self.refuse("the step of a slice cannot be 0", node.step, lanes)
        return ends

    def subscript(self, node, lanes):
        if isinstance(node.slice, ast.Constant) and node.slice.value is Ellipsis:
            self.refuse(f"Numba does not compile {self.text(node)} where it is read; write {self.text(node.value)}", node, lanes)
        return self._part_of(self.evaluate(node.value, lanes), node, lanes)

    def _part_of(self, value, node, lanes):
        if isinstance(value, View):
            return self.item(value, self.index(node, lanes, value), lanes, node)
        if isinstance(value, tuple):
            return within(self._of_tuple(value, node, lanes), lanes)
        if isinstance(value, Mixed):
            return self.each(value, lanes, lambda part, here: self._part_of(part, node, here))
        if isinstance(value, Function):
            self.refuse(f"a kernel starts no other kernel: call {self.text(node.value)}(...) as a function, or launch both from Python", node, lanes)
        self.refuse(f"{self.text(node.value)} is {self.describe(value)}, which has no elements", node, lanes)

    def item(self, view, index, lanes, node):
        """view[index]: an element where the index is complete, else the View of a part."""
        if len(index) > len(view.shape):
            self.refuse(f"{view.name} has {plural(len(view.shape), 'dimension')} but is given {len(index)} indices", node, lanes, array=view.array)
        if len(index) == len(view.shape) and slice not in map(type, index):
            return access.load(self, view, index, lanes, node)
        shape, strides, offset = [], [], view.offset
        for d, length in enumerate(view.shape):
            entry = index[d] if d < len(index) else slice(None)
            if isinstance(entry, slice):
                start, count, step = self._slice(entry, length, node, lanes)
                offset = offset + start * view.strides[d]
                shape.append(count)
                strides.append(view.strides[d] * step)
            else:
                row = View(view.buffer, 0, (length,), (view.strides[d],), view.name)
                address, inside = access.element(self, row, (entry,), lanes, node, "takes")
                offset = offset + (address if inside is lanes else np.where(inside.bits, address, 0))
        return View(view.buffer, offset, tuple(shape), tuple(strides), view.array + "[...]", view.whole or view)

    def _slice(self, entry, length, node, lanes):
        """(start, number of elements, step). start : int, or (threads,) where every thread takes a part of its own, such as a[2*i:2*i+2]."""
        if not any(isinstance(p, np.ndarray) for p in (entry.start, entry.stop, entry.step)):
            start, stop, step = slice(*(None if p is None else int(p) for p in (entry.start, entry.stop, entry.step))).indices(length)
            return start, len(range(start, stop, step)), step
        start, stop = (cast(np.int64(otherwise) if p is None else p, INT64) for p, otherwise in ((entry.start, 0), (entry.stop, length)))
        start, stop = (np.clip(np.where(p < 0, p + length, p), 0, length) for p in (start, stop))
        counts = np.maximum(stop - start, 0)[lanes.index]
        if entry.step is not None or (counts != counts[0]).any():
            self.refuse("the emulator runs a slice only where it has as many elements in every thread, and no step of its own; "
                        "index the elements", node, lanes)
        return start, int(counts[0]), 1

    def _of_tuple(self, value, node, lanes):
        if isinstance(node.slice, ast.Slice):
            ends = self._ends(node.slice, lanes)
            if not all(end is None or end.dtype.kind in "iu" and subset.constant_shape(p, self.frame.function)
                       for p, end in zip((node.slice.lower, node.slice.upper, node.slice.step), ends, strict=True)):
                self.refuse(f"Numba takes a part of a tuple between constant integers only, not {self.text(node)}", node, lanes)
            return value[slice(*(None if end is None else int(end) for end in ends))]
        index = self.number(node.slice, lanes)
        if index.dtype.kind not in "iu":
            self.refuse(f"the index of {self.text(node.value)} is {self.describe(index)}, but an index has to be an integer", node, lanes)
        if not subset.constant_shape(node.slice, self.frame.function):
            self.of_one_type(value, node.value, lanes)
        used = index[lanes.index] if np.ndim(index) else index
        if np.any((used < -len(value)) | (used >= len(value))):
            self.stop("out-of-bounds", f"{self.text(node)} goes outside a tuple of {len(value)} values", node, lanes)
        if not np.ndim(index):
            return value[int(index)]
        result = value[0]
        for k in range(1, len(value)):
            here = lanes.where(index % len(value) == k)
            result = self.merged(here, value[k], result)
        return result
