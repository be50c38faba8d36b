"""The forms that functions have in the interpreted mode give what these functions give."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from operator import mul
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import operators
from operators import interpreted_forms
from schemas.generated.states import OrderQueue

FOLDER = Path(operators.__file__).parent
FIGURES = st.integers(-(1 << 70), 1 << 70)
AMOUNTS = st.integers(0, 1 << 70)
RATES = st.integers(0, 1 << 20)


def as_written(module: str, name: str) -> Callable[..., Any]:
    """The function of the source, whatever has taken its place."""
    spec = importlib.util.spec_from_file_location(f"{module}_as_written", FOLDER / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    found: Callable[..., Any] = getattr(fresh, name)
    return found


AMOUNT_E8 = as_written("exact_amounts", "amount_e8")
PART = as_written("exact_amounts", "part")
PART_DOWN = as_written("exact_amounts", "part_down")
ROW_AT = as_written("fee_schedule", "row_at")
IS_PLAIN = as_written("printable_text", "is_plain")
SEARCH = as_written("order_book", "search")


@given(FIGURES, FIGURES)
def test_an_amount_is_the_product(price_e8: int, units: int) -> None:
    assert mul(price_e8, units) == AMOUNT_E8(price_e8, units)


@given(AMOUNTS, RATES)
def test_parts_of_an_amount_are_rounded_alike(amount_e8: int, bps: int) -> None:
    assert interpreted_forms.part(amount_e8, bps) == PART(amount_e8, bps)
    assert interpreted_forms.part_down(amount_e8, bps) == PART_DOWN(amount_e8, bps)


@given(st.lists(st.integers(-20, 20)).map(sorted), st.integers(-25, 25))
def test_the_row_in_force_is_the_same(starts_ns: list[int], time_ns: int) -> None:
    assert interpreted_forms.row_at(starts_ns, time_ns) == ROW_AT(starts_ns, time_ns)


@given(st.text() | st.text(st.characters(max_codepoint=0x80)))
def test_the_same_texts_are_plain(text: str) -> None:
    assert interpreted_forms.is_plain(text) == IS_PLAIN(text)


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.sampled_from((1, -1)))
def test_a_price_is_found_at_the_same_place_of_a_ladder(prices: set[int], price_e8: int, sign: int) -> None:
    ladder = [OrderQueue(price) for price in sorted(prices, reverse=sign < 0)]
    assert interpreted_forms.search(ladder, price_e8, sign) == SEARCH(ladder, price_e8, sign)
