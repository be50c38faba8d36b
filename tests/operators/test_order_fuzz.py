"""Any byte string on the order stream: a reject or a dead letter with its reason, never a crash or a lost neighbour.

Inputs are drawn by seed: random bytes, frames cut, flipped and spliced, requests at the edge of what can be written.
Among them stand good orders, whose answers must be those of a run without the noise. The suite takes some thousand;

    TAPELINE_FUZZ_INPUTS=1000000 TAPELINE_FUZZ_SEED=1 pytest -s tests/operators/test_order_fuzz.py

takes as many as one wants (a million in some minutes, compiled) and prints what became of them. A failure names seed
and batch.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from dataflow.blocks import encoded
from dataflow.model import Record
from schemas.generated.events import (
    ACCOUNT_KIND_MARGIN,
    ORDER_REJECT_REASON_SYMBOLS,
    AccountChanged,
    DeadLetter,
    OrderValidated,
    RiskChecked,
)
from tests.operators.order_chain import OrderChain
from tests.operators.order_noise import (
    GOOD_ACCOUNTS,
    GOOD_SYMBOLS,
    NOISE_ACCOUNTS,
    NOISE_SYMBOLS,
    SCHEMAS,
    STEP_NS,
    GoodOrders,
    Noise,
)
from tests.operators.order_requests import DAY, DOLLAR, TEN, market, stock

INPUTS = int(os.environ.get("TAPELINE_FUZZ_INPUTS", "6000"))
SEED = int(os.environ.get("TAPELINE_FUZZ_SEED", "1"))
BATCH_NOISE = 900
BATCH_GOOD = 100
GOOD_ID = 1 << 50
NOISE_ID = 2 << 50
Answers = dict[str, list[bytes]]


def chain() -> OrderChain:
    """Accounts and instruments of both kinds told, and a market that does not end."""
    made = OrderChain(SCHEMAS)
    symbols = (*GOOD_SYMBOLS, *NOISE_SYMBOLS[:2])
    made.tell("reference-data", *[stock(symbol=symbol) for symbol in symbols])
    for account in (*GOOD_ACCOUNTS, *NOISE_ACCOUNTS[:2]):
        terms = AccountChanged(TEN - DAY, account, account_kind=ACCOUNT_KIND_MARGIN)
        terms.cash_e8, terms.short_permitted = 1_000_000_000 * DOLLAR, True
        made.tell("accounts", terms)
    made.end("reference-data", "accounts")
    made.tell("quotes", *[market(symbol=symbol) for symbol in symbols])
    made.take()
    return made


class Run:
    """Good orders, with noise between them or without, carried batch by batch; what came of them is counted."""

    def __init__(self, noisy: bool) -> None:
        self.chain = chain()
        self.good = GoodOrders(SEED)
        self.noise = Noise(SEED)
        self.noisy = noisy
        self.sent = self.dead = self.answered = 0
        self.reasons: Counter[str] = Counter()

    def carry(self) -> Answers:
        """Send a batch; what came of the good orders, by stream, encoded."""
        frames = self.frames()
        self.sent += len(frames)
        self.chain.send(frames)
        self.chain.tell("quotes", market(symbol=GOOD_SYMBOLS[0], event_time_ns=TEN + self.good.count * STEP_NS))
        taken = self.chain.take()
        requests = dict(frames)
        self.bury(taken.pop("dead-letters", []), requests)
        assert [record.event_id_hi for record in taken.pop("order-requests", [])] == list(requests)
        self.count([record for records in taken.values() for record in records], requests)
        return answers_to_good(taken)

    def end(self) -> Answers:
        """Let all time pass, so that what is open ends."""
        self.chain.end("orders", "quotes")
        return answers_to_good(self.chain.take())

    def frames(self) -> list[tuple[int, bytes]]:
        made: list[tuple[int, bytes]] = []
        for _ in range(BATCH_GOOD):
            made.append((GOOD_ID + self.good.count, self.good.next()))
            between = BATCH_NOISE // BATCH_GOOD if self.noisy else 0
            made += [(NOISE_ID + self.noise.count, self.noise.next()) for _ in range(between)]
        return made

    def bury(self, letters: list[Any], requests: dict[int, bytes]) -> None:
        """A dead letter holds its frame, byte for byte, and says why."""
        for letter in letters:
            assert isinstance(letter, DeadLetter)
            assert letter.raw == requests.pop(letter.event_id_hi)
            assert letter.message
        self.dead += len(letters)

    def count(self, found: list[Any], requests: dict[int, bytes]) -> None:
        """Validate answers each request once, risk all that validate passes, and the book all that risk passes."""
        causes = Counter((record.cause_id_hi, record.cause_id_lo) for record in found)
        assert {number: causes[number, 0] for number in requests} == dict.fromkeys(requests, 1)
        for record in found:
            identity = (record.event_id_hi, record.event_id_lo)
            assert causes[identity] == 1 or not isinstance(record, OrderValidated)
            assert causes[identity] >= 1 or not isinstance(record, RiskChecked)
            reason = getattr(record, "reason", None) if hasattr(record, "step") else None
            self.reasons[type(record).__name__ if reason is None else ORDER_REJECT_REASON_SYMBOLS[reason]] += 1
        self.answered += len(requests)


def answers_to_good(taken: dict[str, list[Record]]) -> Answers:
    """What belongs to accounts or symbols of good orders."""
    return {
        stream: [
            encoded(record)
            for record in records
            if getattr(record, "account", "") in GOOD_ACCOUNTS or getattr(record, "symbol", "") in GOOD_SYMBOLS
        ]
        for stream, records in sorted(taken.items())
    }


def test_noise_is_rejected_or_buried_with_its_reason_and_good_orders_beside_it_fare_as_without_it() -> None:
    noisy, quiet = Run(True), Run(False)
    for batch in range(INPUTS // (BATCH_NOISE + BATCH_GOOD)):
        assert without_empty(noisy.carry()) == without_empty(quiet.carry()), f"seed {SEED}, batch {batch}"
    assert without_empty(noisy.end()) == without_empty(quiet.end())
    print(f"{noisy.sent:,} in, {noisy.answered:,} answered, {noisy.dead:,} dead letters: {noisy.reasons.most_common()}")
    assert noisy.sent == noisy.answered + noisy.dead
    assert quiet.dead == 0
    assert min(noisy.dead, noisy.answered) > noisy.sent // 4
    assert len(noisy.reasons) > 30


def without_empty(answers: Answers) -> Answers:
    return {stream: records for stream, records in answers.items() if records}
