"""What one launch did, and what was wrong with it."""

from dataclasses import dataclass, field


@dataclass
class Report:
    """The emulator's report of one launch.

    faults, warnings   lists of Fault, the first one found first
    arrays             ArrayUse by name: what was read and written, and how well
    barriers           how often a block met at a barrier
    output             what the kernel printed, line by line
    """

    kernel: str
    grid: tuple = ()
    block: tuple = ()
    faults: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    arrays: dict = field(default_factory=dict)
    barriers: int = 0
    output: list = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self):
        """No fault was found. Warnings do not count."""
        return not self.faults

    @property
    def global_reads(self):
        """Elements read from global memory, counted a thread at a time."""
        return self._total("reads", "global")

    @property
    def global_writes(self):
        return self._total("writes", "global")

    @property
    def shared_reads(self):
        return self._total("reads", "shared")

    @property
    def shared_writes(self):
        return self._total("writes", "shared")

    @property
    def atomics(self):
        return sum(use.atomics for use in self.arrays.values())

    @property
    def transactions(self):
        """Sectors of 32 bytes that warps asked global memory for."""
        return self._total("transactions", "global")

    @property
    def ideal_transactions(self):
        """Sectors that would have held the same elements, packed."""
        return self._total("ideal_transactions", "global")

    @property
    def coalescing(self):
        """Share of the ideal: 1.0 where no warp asked for more sectors than it needed. None where it asked for none."""
        return self.ideal_transactions / self.transactions if self.transactions else None

    @property
    def bank_conflicts(self):
        """Extra rounds that warps waited because several threads wanted different words of one bank of shared memory."""
        return self._total("bank_conflicts", "shared")

    def _total(self, what, space):
        return sum(getattr(use, what) for use in self.arrays.values() if use.space == space)

    def picture(self):
        """A Matplotlib figure: which thread touches which address."""
        from labkit.emulator.picture import draw

        return draw(self)

    def __str__(self):
        lines = [str(f) for f in self.faults] or [f"{self.kernel} ran without a fault."]
        lines += [f"Warning: {w}" for w in self.warnings]
        for use in self.arrays.values():
            share = f", {use.transactions} transactions ({use.coalescing:.0%} of them needed)" if use.transactions else ""
            banks = f", {use.bank_conflicts} bank conflicts" if use.space == "shared" else ""
            atomics = f", {use.atomics} atomics" if use.atomics else ""
            lines.append(f"{use.name} ({use.space}): {use.reads} reads, {use.writes} writes{atomics}{share}{banks}")
        return "\n".join([*lines, f"{self.barriers} barriers"] if self.arrays else lines)
