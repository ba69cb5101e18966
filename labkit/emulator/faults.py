"""What the emulator finds: faults, which make a kernel wrong, and warnings, which make it slow or fragile."""

from dataclasses import dataclass

KINDS = {
    "out-of-bounds": "an index outside the array, or a negative one",
    "race": "two threads, one address, one of them writes, and nothing orders them",
    "divergent-barrier": "a barrier that some threads of the block wait at and others pass by",
    "unreached-barrier": "a barrier that some threads never reach because they returned",
    "unwritten-read": "a read of memory that nothing has written yet",
    "unset-variable": "a variable that has no value in some threads",
    "two-allocations": "two shared arrays made on one line",
    "divergent-warp": "a warp function that threads of the warp named in its mask do not reach",
    "read-only": "a write to memory that a kernel may only read",
    "unsupported": "Python that Numba does not compile for a GPU, or that the emulator does not run",
    "return-value": "a kernel that returns a value",
    "assertion": "an assert or raise of the kernel's own",
    "endless": "a loop that does not come to an end",
    "arguments": "arguments that do not fit the kernel",
    "launch": "a grid or block that no GPU accepts",
    "shared-memory": "more shared memory than a block has",
    "syntax": "text that is not Python",
    "float64": "warning: float32 data computed in float64",
    "same-value-write": "warning: several threads write one value to one address",
    "unused": "warning: a function that is named but not called",
    "constant": "warning: an array that cuda.const.array_like does not put into constant memory",
}


@dataclass(frozen=True)
class Fault:
    """One finding. `str(fault)` is the sentence that a student reads.

    kind          one of KINDS
    message       what happened and what to do, without the place
    kernel        name of the kernel
    line          line number in its file, cell or source; 0 where there is none
    code          the text of that line
    block, thread (x, y, z) of the first thread concerned, or None
    array, index  the array's name and the index (a tuple), or None
    other_line, other_block, other_thread   a race's second access, or None
    function      name of the device function that the line is in, "" where it is the kernel's own
    """

    kind: str
    message: str
    kernel: str = ""
    line: int = 0
    code: str = ""
    block: tuple | None = None
    thread: tuple | None = None
    array: str | None = None
    index: tuple | None = None
    other_line: int | None = None
    other_block: tuple | None = None
    other_thread: tuple | None = None
    function: str = ""

    def __str__(self):
        where = f"{self.kernel}, in {self.function}" if self.function else self.kernel
        return f"{where}, line {self.line} `{self.code}`: {self.message}" if self.line else f"{where}: {self.message}"


class KernelFault(RuntimeError):
    """A launch that found faults. The message is the first fault's sentence; `report` has everything."""

    def __init__(self, report):
        more = len(report.faults) - 1
        super().__init__(f"{report.faults[0]}" + (f" (and {more} more: see .report)" if more else ""))
        self.report = report
        self.faults = report.faults


class Stop(Exception):
    """Ends a launch that cannot go on. Whoever raises it has reported the fault."""


def plural(number, noun):
    """`2 threads`, `1 thread`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def threads_as_text(xyz, dims):
    """A thread's or block's place, without the dimensions that its launch does not use: `5`, `(5, 3)`."""
    used = 3 if dims[2] > 1 else 2 if dims[1] > 1 else 1
    return str(xyz[0]) if used == 1 else "(" + ", ".join(str(v) for v in xyz[:used]) + ")"


def index_as_text(name, index):
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"
