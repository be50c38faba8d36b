"""When the episodes of a simulated session happen: busy at both ends of the day, and in bursts on every scale.

Theory of operation. A session of so many episodes is cut into bins with weights (a U over regular hours), each bin's
share is shaken by a random factor, and within a bin the episodes are dealt out by a multiplicative cascade: half the
time gets a random share between 27 % and 73 % of them, again and again down to single ones. This gives the clusters
within clusters of real order flow (B. Mandelbrot, A. Fisher, L. Calvet, "A multifractal model of asset returns",
1997), and the time of any episode is found by itself, in about log2(episodes) steps.

Invariant: times never decrease from one episode to the next.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id

REGULAR: Final[tuple[int, ...]] = (
    300, 190, 155, 135, 124, 114, 106, 99, 93, 87, 82, 78, 75,
    73, 72, 72, 74, 77, 81, 87, 94, 103, 116, 136, 180, 320,
)  # fmt: skip
"""Weights of 26 bins: quarters of an hour on a full day."""
BEFORE: Final[tuple[int, ...]] = (1, 1, 2, 3, 5, 8)
"""Of the time before the opening."""
AFTER: Final[tuple[int, ...]] = (8, 4, 2, 1)
"""Of the time after the close."""
CALM: Final = 1024
"""Nanoseconds below which a cascade ends and spreads the rest evenly."""
HALF: Final = 32_768
BIN_SALT: Final = 201


class Activity:
    """The times of episodes 0 … count - 1 between two points in time."""

    def __init__(self, key: i64, weights: tuple[int, ...], count: i64, start_ns: i64, end_ns: i64) -> None:
        self.key: i64 = key
        self.count: i64 = count
        self.start_ns: i64 = start_ns
        self.end_ns: i64 = end_ns
        self.bins: i64 = len(weights)
        self.firsts: list[int] = first_of_bins(key, weights, count)
        """Number of the first episode of each bin, and the count."""

    def time_ns(self, episode: i64) -> i64:
        """When the episode begins; the end of the session for one past the last."""
        if episode >= self.count:
            return self.end_ns
        index = self.bin_of(episode)
        width = (self.end_ns - self.start_ns) // self.bins
        first: i64 = self.firsts[index]
        count: i64 = self.firsts[index + 1] - first
        return cascade(derive_id(self.key, index), episode - first, count, self.start_ns + index * width, width)

    def bin_of(self, episode: i64) -> i64:
        low: i64 = 0
        high: i64 = self.bins
        while high - low > 1:
            middle = (low + high) >> 1
            if self.firsts[middle] <= episode:
                low = middle
            else:
                high = middle
        return low


def first_of_bins(key: i64, weights: tuple[int, ...], count: i64) -> list[int]:
    """Shake the weights by -30 % to +30 %, and cut the episodes up by them."""
    shaken: list[int] = []
    for index, weight in enumerate(weights):
        draw = derive_id(derive_id(key, BIN_SALT), index) % 601
        shaken.append(weight * (700 + draw))
    total = sum(shaken)
    firsts = [0]
    passed = 0
    for weight in shaken:
        passed += weight
        firsts.append(count * passed // total)
    return firsts


def cascade(node: i64, rank: i64, count: i64, start_ns: i64, width_ns: i64) -> i64:
    """Time of the episode of this rank among `count` in the interval."""
    while count > 1 and width_ns > CALM:
        share = HALF + ((((node & 0xFFFF) - HALF) * 29) >> 6)
        left = (count * share + ((node >> 16) & 0xFFFF)) >> 16
        half = width_ns >> 1
        if rank < left:
            count = left
            width_ns = half
            node = derive_id(node, 1)
        else:
            rank -= left
            count -= left
            start_ns += half
            width_ns -= half
            node = derive_id(node, 2)
    if count > 1:
        return start_ns + width_ns * rank // count
    return start_ns + ((width_ns * (node & 0xFFFF)) >> 16)
