"""Fees by law on the sale of a security, by the day of the sale: Section 31 and the trading activity fee.

Each rate holds from midnight in New York of its first day until the next row. Both fees are rounded up to the cent, per
execution. Stocks and funds pay both; options pay Section 31 on the premium and the option's own activity fee; futures
pay neither.

Source: Section 31: fee rate advisories and orders of the SEC (2012-11-15, 2014-03-18: FINRA notice 3/3/14, 2021-02-25,
90 FR 15492 for 2025-05-14 and the rate before it, FR 2026-04233 for 2026-04-04); rows marked K are general knowledge.
TAF: FINRA By-Laws, Schedule A, section 1; notices 11-27 (2011-07-01), 12-06 (2012-03-01); 2026 to 2028 as filed; rows
marked K are general knowledge. A TAF holiday proposed for October to December 2026 (SR-FINRA-2026-021) is not assumed.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from operators.exact_amounts import portion
from operators.trading_hours import SECOND_NS, day_number, midnight_s
from schemas.generated.states import INSTRUMENT_TYPE_FUTURE, INSTRUMENT_TYPE_OPTION

CENT_E8: Final = 1_000_000
CENTS_PER_MILLION: Final = 1_000_000 * 100_000_000
"""Divisor that turns proceeds in 1e-8 times a rate in cents per million dollars into cents."""

SECTION_31_ROWS: Final[tuple[tuple[int, int], ...]] = (
    # first day, cents per million dollars
    (2012_04_01, 2240),
    (2013_05_25, 1740),  # K: first day
    (2014_03_18, 2210),
    (2015_02_14, 1840),  # K
    (2016_02_16, 2180),  # K: first day
    (2017_07_04, 2310),
    (2018_05_22, 1300),  # K: first day
    (2019_04_16, 2070),  # K
    (2020_02_18, 2210),  # K: first day
    (2021_02_25, 510),
    (2022_05_14, 2290),  # K
    (2023_02_27, 800),  # K
    (2024_05_22, 2780),  # K: first day
    (2025_05_14, 0),
    (2026_04_04, 2060),
)

TAF_ROWS: Final[tuple[tuple[int, int, int, int], ...]] = (
    # first day, per share in 1e-8, most per sale in 1e-8, per option contract in 1e-8
    (2011_07_01, 9_000, 4_5000_0000, 20_0000),
    (2012_03_01, 9_500, 4_7500_0000, 20_0000),
    (2012_07_01, 11_900, 5_9500_0000, 20_0000),  # K: first day, option
    (2022_01_01, 13_000, 6_4900_0000, 21_8000),  # K
    (2023_01_01, 14_500, 7_2700_0000, 24_4000),  # K: first day, cap
    (2024_01_01, 16_600, 8_3000_0000, 27_9000),
    (2026_01_01, 19_500, 9_7900_0000, 32_9000),  # K: option
    (2027_01_01, 23_200, 11_6100_0000, 39_1000),  # K: option
    (2028_01_01, 24_000, 12_0500_0000, 40_5000),  # K: option
)


def starts_of(dates: list[int]) -> list[int]:
    """Midnight in New York of dates YYYYMMDD: nanoseconds since the epoch, UTC."""
    return [midnight_s(day_number(date // 10_000, date // 100 % 100, date % 100)) * SECOND_NS for date in dates]


SECTION_31_STARTS: Final[list[int]] = starts_of([row[0] for row in SECTION_31_ROWS])
TAF_STARTS: Final[list[int]] = starts_of([row[0] for row in TAF_ROWS])


def row_at(starts_ns: list[int], time_ns: i64) -> i64:
    """Index of the row in force at a time; -1 before the first. Looks from the newest on, where most trades are."""
    index: i64 = len(starts_ns) - 1
    while index >= 0:
        start_ns: i64 = starts_ns[index]
        if start_ns <= time_ns:
            break
        index -= 1
    return index


def section_31_fee_e8(time_ns: i64, instrument_type: i64, proceeds_e8: int) -> int:
    """Fee on a sale, rounded up to the cent; 0 for dates before the table."""
    row = row_at(SECTION_31_STARTS, time_ns)
    if row < 0 or instrument_type == INSTRUMENT_TYPE_FUTURE:
        return 0
    return portion(proceeds_e8, SECTION_31_ROWS[row][1], CENTS_PER_MILLION) * CENT_E8


def taf_fee_e8(time_ns: i64, instrument_type: i64, quantity: int) -> int:
    """Trading activity fee on a sale of so many shares or contracts, rounded up to the cent; 0 before the table."""
    row = row_at(TAF_STARTS, time_ns)
    if row < 0 or instrument_type == INSTRUMENT_TYPE_FUTURE:
        return 0
    rates = TAF_ROWS[row]
    if instrument_type == INSTRUMENT_TYPE_OPTION:
        return -(-quantity * rates[3] // CENT_E8) * CENT_E8
    return -(-min(quantity * rates[1], rates[2]) // CENT_E8) * CENT_E8
