"""The text of an order's key is one object while a request is carried, and never that of another order."""

from __future__ import annotations

from operators.order_keys import order_key


def test_the_same_names_give_the_same_object() -> None:
    account, order_id = "A1", "order-1"
    assert order_key(account, order_id) is order_key(account, order_id)


def test_keys_that_share_a_slot_or_an_order_id_are_told_apart() -> None:
    pairs = [(account, order_id) for order_id in [f"order-{n}" for n in range(500)] for account in ("A1", "A2")]
    assert [order_key(*pair) for pair in [*pairs, *pairs]] == [f"{a}\x1f{o}" for a, o in [*pairs, *pairs]]
