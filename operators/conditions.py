"""What sale and quote conditions mean: which sales set last price, high and low, and count as volume.

Two vocabularies. Feeds of `HEX_FEEDS` write a bit set in hexadecimal (AlgoSeek's, as in Lean's archives); all others
write the letters of the tapes (CTA and UTP), several of them in one text, for example "@FT".

Some sales set the last price only if they are the first of the day to do so (derivatively priced, sold out of
sequence, seller …); some are no sales at all but a market centre's report of its official opening or closing price, and
add no volume.

Source: letters after the consolidated processing guidelines of the UTP plan (as published by Polygon, "Conditions &
Indicators") and Interactive Brokers' list of CTS and UTDF codes; bits after QuantConnect Lean,
Common/Data/Auxiliary/TradeConditionFlags.cs and QuoteConditionFlags.cs. Where the two tapes differ the stricter counts:
B is an average price on CTS, V a contingent trade. An unknown letter is regular.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

# Bits of PriceUpdated.flags
FLAG_LOCKED: Final[i64] = 1
FLAG_CROSSED: Final[i64] = 2
FLAG_ONE_SIDED: Final[i64] = 4
FLAG_OUTSIDE_HOURS: Final[i64] = 8
FLAG_ODD_LOT: Final[i64] = 16
FLAG_NOT_LAST: Final[i64] = 32
FLAG_NOT_HIGH_LOW: Final[i64] = 64
FLAG_OPENING: Final[i64] = 128
FLAG_CLOSING: Final[i64] = 256
FLAG_HIDDEN: Final[i64] = 512

# Inside this operator only
LAST_IF_FIRST: Final[i64] = 1 << 20
"""Sets the last price only if no sale of the day did before."""
NO_VOLUME: Final[i64] = 1 << 21
"""A report, no sale: adds no volume."""
PUBLIC_FLAGS: Final[i64] = (1 << 20) - 1

REGULAR: Final = 0
NEITHER: Final = 32 | 64
EXTENDED: Final = 8 | 32 | 64
ODD_LOT: Final = 16 | 32 | 64
OPENING: Final = 128
CLOSING: Final = 256
IF_FIRST: Final = 1 << 20
OFFICIAL: Final = 32 | 64 | 1 << 21
CORRECTED_CLOSE: Final = 1 << 21

SALE_LETTERS: Final[dict[str, int]] = {
    "B": NEITHER,  # average price (CTS)
    "C": NEITHER,  # cash
    "G": IF_FIRST,  # bunched sold
    "H": NEITHER,  # price variation
    "I": ODD_LOT,
    "L": IF_FIRST,  # sold last, reported late
    "M": OFFICIAL,  # market centre official close
    "N": NEITHER,  # next day
    "O": OPENING,
    "P": IF_FIRST,  # prior reference price
    "Q": OFFICIAL,  # market centre official open
    "R": IF_FIRST,  # seller
    "T": EXTENDED,  # form T
    "U": EXTENDED,  # extended hours, sold out of sequence
    "V": NEITHER,  # contingent
    "W": NEITHER,  # average price (UTP)
    "Z": IF_FIRST,  # sold out of sequence
    "2": IF_FIRST,  # stopped stock, sold last
    "3": IF_FIRST,  # stopped stock, sold out of sequence
    "4": IF_FIRST,  # derivatively priced
    "6": CLOSING,
    "7": NEITHER,  # qualified contingent trade
    "9": CORRECTED_CLOSE,  # corrected consolidated close
}
"""Letters not listed are regular: @ regular, A acquisition, D distribution, E automatic execution, F intermarket sweep,
K rule 127 or 155, S split, X cross, Y yellow flag, 1 stopped stock, 5 reopening, 8 reserved."""

SALE_BITS: Final[tuple[tuple[int, int], ...]] = (
    (1 << 1, NEITHER),  # cash
    (1 << 2, NEITHER),  # next day
    (1 << 3, IF_FIRST),  # seller
    (1 << 6, OPENING),
    (1 << 7, CLOSING),
    (1 << 9, IF_FIRST),  # derivatively priced
    (1 << 10, EXTENDED),  # form T
    (1 << 11, IF_FIRST),  # sold last
    (1 << 13, EXTENDED),  # extended hours
    (1 << 14, IF_FIRST),  # out of sequence
    (1 << 18, NEITHER),  # stock-option
    (1 << 20, NEITHER),  # average price
    (1 << 22, NEITHER),  # price variation
    (1 << 24, OFFICIAL),  # official close
    (1 << 25, IF_FIRST),  # prior reference price
    (1 << 26, OFFICIAL),  # official open
    (1 << 31, ODD_LOT),
)
"""Bits not listed are regular: 0 regular, 4 yellow flag, 5 intermarket sweep, 8 reopening, 12 stopped, 15 split,
16 acquisition, 17 bunched, 19 distribution, 21 cross, 23 rule 155, 27 CAP election, 28 automatic execution,
29 trade-through exempt, 30 undocumented."""

WITHDRAWN_LETTERS: Final = "CDIJKLMNPQSTVXZ"
"""Quote conditions under which a venue's quote does not count: closed, not firm, or trading delayed or halted.

Source: CTA quote conditions (CQS): C closing, D news dissemination, I order imbalance, J K P Q S V due to news or a
related security, L closed market maker, M volatility pause, N not firm, T resume, X equipment, Z no open, no resume.
Others (A B E F H O R U W Y, slow or regular) count."""

WITHDRAWN_BITS: Final[i64] = 0x3F7F0
"""The same as Lean's bits: news (10, 20), range indication (40), imbalance (80), closed market maker (100), volatility
pause (200), not firm (400), related security (1000), resume (2000), in view of common (4000), equipment (8000),
sub-penny (10000), no open, no resume (20000). Closing (8) is not among them: in a consolidated feed it marks the
closing best bid and offer, which stands."""

HEX_FEEDS: Final = ("lean",)

KNOWN_LIMIT: Final = 4_096
"""Distinct texts remembered per table; past it the table starts anew, so noise cannot fill memory."""
KNOWN_SALES: Final[dict[str, int]] = {}
KNOWN_HEX_SALES: Final[dict[str, int]] = {}
KNOWN_QUOTES: Final[dict[str, bool]] = {}
KNOWN_HEX_QUOTES: Final[dict[str, bool]] = {}


def sale_flags(conditions: str, feed: str) -> i64:
    """Flags of a sale: bits of PriceUpdated.flags, LAST_IF_FIRST and NO_VOLUME. A pure function; it only remembers."""
    in_hex = feed in HEX_FEEDS
    known = KNOWN_HEX_SALES if in_hex else KNOWN_SALES
    flags = known.get(conditions)
    if flags is None:
        flags = flags_of_bits(bits_of(conditions)) if in_hex else flags_of_letters(conditions)
        if len(known) >= KNOWN_LIMIT:
            known.clear()
        known[conditions] = flags
    return flags


def is_withdrawn(conditions: str, feed: str) -> bool:
    """True if a quote with these conditions takes its venue out of the market. A pure function; it only remembers."""
    in_hex = feed in HEX_FEEDS
    known = KNOWN_HEX_QUOTES if in_hex else KNOWN_QUOTES
    withdrawn = known.get(conditions)
    if withdrawn is None:
        withdrawn = bits_of(conditions) & WITHDRAWN_BITS != 0 if in_hex else has_any(conditions, WITHDRAWN_LETTERS)
        if len(known) >= KNOWN_LIMIT:
            known.clear()
        known[conditions] = withdrawn
    return withdrawn


def flags_of_letters(conditions: str) -> int:
    flags = 0
    for letter in conditions:
        flags |= SALE_LETTERS.get(letter, REGULAR)
    return flags


def flags_of_bits(bits: int) -> int:
    flags = 0
    for bit, effect in SALE_BITS:
        if bits & bit != 0:
            flags |= effect
    return flags


def has_any(text: str, letters: str) -> bool:
    return any(letter in letters for letter in text)


def bits_of(text: str) -> int:
    """The number a feed wrote in hexadecimal; 0 (no condition) for anything else, or for more than 64 bits."""
    if len(text) == 0 or len(text) > 16:
        return 0
    value = 0
    for digit in text:
        place = "0123456789abcdef".find(digit.lower())
        if place < 0:
            return 0
        value = value * 16 + place
    return value
