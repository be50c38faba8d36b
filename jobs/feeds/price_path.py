"""The price of each simulated symbol as a function of how often it has acted: no state, any point at once.

Theory of operation. The path is value noise: for each octave a random value at every 2^j-th point, straight lines
between them, amplitudes falling with the square root of the period; the sum moves as a random walk does over all
periods from one episode to the whole day. Counted in episodes rather than seconds the price moves most when there is
most activity (P. Clark, "A subordinated stochastic process model", 1973), so volatility has the day's U and its
bursts. On top, volatility regimes scale the random values, and part of the path is the whole market's.

All arithmetic is on integers that stay below 2^62, so every machine and both modes agree on every cent.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from dataflow.model import derive_id

ROOT_HALF: Final = 46_341
"""The square root of 1/2, in 1/65536."""
HALF: Final = 32_768
REGIMES: Final[tuple[int, ...]] = (96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 384, 480, 640)
"""Factors of volatility in 1/256: calm mostly, wild at times."""
REGIMES_PER_DAY_BITS: Final = 4
REGIME_SALT: Final = 301
NONE: Final = -(1 << 60)


def octaves_of(episodes: i64) -> i64:
    """The octave whose period is about so many episodes."""
    octave: i64 = 0
    while (episodes >> (octave + 1)) > 0:
        octave += 1
    return octave


class Noise:
    """One path: its key, its octaves from `top` down to `bottom`, and the amplitude of the top one."""

    def __init__(self, key: i64, top: i64, bottom: i64, amplitude: i64) -> None:
        self.key: i64 = key
        self.regime_key: i64 = derive_id(key, REGIME_SALT)
        self.top: i64 = top
        self.bottom: i64 = bottom
        self.amplitude: i64 = amplitude
        self.regime_octave: i64 = max(top - REGIMES_PER_DAY_BITS, 0)
        self.known_regime: i64 = NONE
        self.known_factor: i64 = 0

    def at(self, point: i64) -> i64:
        """Deviation from the mean at a point, in the unit of the amplitude."""
        deviation: i64 = 0
        amplitude = self.amplitude
        octave = self.top
        while octave >= self.bottom:
            cell = point >> octave
            left = (derive_id(self.key, cell << 6 | octave) & 0xFFFF) - HALF
            right = (derive_id(self.key, (cell + 1) << 6 | octave) & 0xFFFF) - HALF
            if octave <= self.regime_octave:
                left = left * self.factor((cell << octave) >> self.regime_octave) >> 8
                right = right * self.factor(((cell + 1) << octave) >> self.regime_octave) >> 8
            height = left + (((right - left) * (point - (cell << octave))) >> octave)
            deviation += (amplitude * height) >> 15
            amplitude = (amplitude * ROOT_HALF) >> 16
            octave -= 1
        return deviation

    def factor(self, regime: i64) -> i64:
        """The volatility of a regime, in 1/256. Remembers the last one, which most points share."""
        if regime != self.known_regime:
            self.known_regime = regime
            self.known_factor = REGIMES[derive_id(self.regime_key, regime) & 15]
        return self.known_factor
