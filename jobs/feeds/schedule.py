"""Which symbol acts in which episode of the simulated day, and how often it has acted before.

Theory of operation. A table of slots is filled once: the symbol of rank r gets a share of 1/(r + 2) (Zipf's law), in
runs of one to six slots, and the runs are shuffled. Episode e belongs to the symbol in slot e modulo the table's size.
So symbol, ordinal (how many episodes of the symbol came before) and the symbol's previous episode are all known at
once for any e, without anything that came before it.

Bound: at least 16 slots a symbol, 2^21 in all.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id

SYMBOLS_MAX: Final = 100_000
SIZE_MIN: Final = 16_384
SLOTS_PER_SYMBOL: Final = 16
WEIGHT: Final = 1 << 40
RUN_BITS: Final = 3
RUN_MASK: Final = 7
RUN_MAX: Final = 6
ORDER_SALT: Final = 101
RUN_SALT: Final = 102


class Schedule:
    """The table. `slots` holds symbol numbers, `ranks` how many slots of that symbol come earlier, `previous` the
    nearest of them (-1 for none), `counts` and `last` the slots of each symbol."""

    def __init__(self, seed: i64, symbols: i64) -> None:
        size: i64 = SIZE_MIN
        while size < symbols * SLOTS_PER_SYMBOL:
            size *= 2
        self.size: i64 = size
        self.slots: list[int] = slots_of(shuffled(runs_of(slot_counts(symbols, size), seed), seed))
        self.ranks: list[int] = []
        self.previous: list[int] = []
        self.counts: list[int] = [0] * symbols
        self.last: list[int] = [-1] * symbols
        slot: i64 = 0
        while slot < size:
            symbol = self.slots[slot]
            self.ranks.append(self.counts[symbol])
            self.previous.append(self.last[symbol])
            self.counts[symbol] += 1
            self.last[symbol] = slot
            slot += 1

    def symbol(self, episode: i64) -> i64:
        return self.slots[episode % self.size]

    def ordinal(self, episode: i64) -> i64:
        """How many episodes of this one's symbol came before."""
        slot = episode % self.size
        return episode // self.size * self.counts[self.slots[slot]] + self.ranks[slot]

    def previous_episode(self, episode: i64) -> i64:
        """The symbol's episode before this one; this one itself if it is the first."""
        slot = episode % self.size
        earlier: i64 = self.previous[slot]
        if earlier >= 0:
            return episode - slot + earlier
        if episode < self.size:
            return episode
        return episode - slot - self.size + self.last[self.slots[slot]]

    def ordinals_at(self, episode: i64) -> list[int]:
        """For each symbol, how many of its episodes come before this one."""
        cycles = episode // self.size
        ordinals = [cycles * count for count in self.counts]
        slot: i64 = 0
        while slot < episode % self.size:
            ordinals[self.slots[slot]] += 1
            slot += 1
        return ordinals


def slot_counts(symbols: i64, size: i64) -> list[int]:
    """Slots of each symbol: one, and its share of the rest."""
    weights = [WEIGHT // (rank + 2) for rank in range(symbols)]
    total = sum(weights)
    counts = [1 + (size - symbols) * weight // total for weight in weights]
    counts[0] += size - sum(counts)
    return counts


def runs_of(counts: list[int], seed: i64) -> list[int]:
    """Each symbol's slots cut into runs: symbol and length in one number."""
    runs: list[int] = []
    key = derive_id(seed, RUN_SALT)
    for symbol, count in enumerate(counts):
        left: i64 = count
        while left > 0:
            draw = derive_id(key, len(runs))
            length: i64 = 1 if draw & 1 == 0 else 1 + (draw >> 1) % RUN_MAX
            length = min(length, left)
            runs.append(symbol << RUN_BITS | length)
            left -= length
    return runs


def shuffled(runs: list[int], seed: i64) -> list[int]:
    """The runs in an order drawn by Fisher and Yates' method."""
    key = derive_id(seed, ORDER_SALT)
    index: i64 = len(runs) - 1
    while index > 0:
        other = derive_id(key, index) % (index + 1)
        run = runs[index]
        runs[index] = runs[other]
        runs[other] = run
        index -= 1
    return runs


def slots_of(runs: list[int]) -> list[int]:
    slots: list[int] = []
    for run in runs:
        for _ in range(run & RUN_MASK):
            slots.append(run >> RUN_BITS)  # noqa: PERF401 - a comprehension over two loops reads worse
    return slots
