"""Random commands to the naive and the real book: what they say and hold must be equal after each.

    python -m tests.reference.compare_books --commands 1000000 [--seed 1]

A run is many short days, each by its own seed, options and mix of order kinds; a difference prints seed and command.
"""

from __future__ import annotations

import argparse
import hashlib
import random

from tests.reference.commands import START_NS, BookOptions, Command
from tests.reference.naive_book import NaiveBook
from tests.reference.real_book import RealBook

DAY_COMMANDS = 500
STATUSES = ("TRADING", "TRADING", "TRADING", "HALTED", "PAUSED", "PRE_OPEN", "CLOSED", "AUCTION", "QUOTING")
PREVENTIONS = ("NONE", "NONE", "CANCEL_NEWEST", "CANCEL_OLDEST", "CANCEL_BOTH", "DECREMENT")
TIMES = ("DAY", "GOOD_TILL_CANCELLED", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL", "AT_THE_OPEN", "AT_THE_CLOSE")


class Difference(AssertionError):
    """The books differ. The text holds seed, command and both sides."""


class Day:
    """Random commands of one day, all from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        r = self.random
        self.options = BookOptions(
            liquidity=r.choice(("BOOK", "BOOK", "QUOTES", "BOOK_AND_QUOTES")),
            protect_quotes=r.random() < 0.7,
            stop_trigger=r.choice(("LAST", "QUOTE")),
            open_orders_max=r.choice((20, 100_000)),
        )
        self.width = r.choice((3, 10, 40))
        self.plain = r.choice((0.3, 0.8))
        self.now = START_NS
        self.count = 0
        self.names: list[tuple[str, str, str]] = []

    def command(self) -> Command:
        r = self.random
        self.now += r.choice((0, 1, 1000))
        draw = r.random()
        if draw < 0.08:
            command = self.market()
        elif draw < 0.095:
            command = Command("STATUS", status=r.choice(STATUSES))
        elif draw < 0.60 or not self.names:
            command = self.new()
        else:
            command = self.change()
        command.time_ns = self.now
        return command

    def market(self) -> Command:
        r = self.random
        bid = 1000 + r.randint(-self.width, self.width)
        ask = bid + r.choice((1, 1, 2, 5, 0, -1))
        sizes = r.choice((0, 100, 300, 1000)), r.choice((0, 100, 300, 1000))
        last = r.choice((0, 1000 + r.randint(-self.width, self.width)))
        kind = r.choice(("QUOTE", "QUOTE", "SALE"))
        return Command(kind, bid=bid, bid_size=sizes[0], ask=ask, ask_size=sizes[1], last=last)

    def new(self) -> Command:
        r = self.random
        self.count += 1
        account = f"acc{r.randint(1, 4)}"
        order_id = str(self.count) if r.random() < 0.98 else "1"
        side = r.choice(("BUY", "SELL"))
        self.names = [*self.names[-60:], (account, order_id, side)]
        command = Command("NEW", account, order_id, side, r.choice((1, 50, 100, 100, 200, 700)))
        command.limit = 1000 + r.randint(-self.width, self.width)
        if r.random() < self.plain:
            return command
        self.vary(command)
        return command

    def vary(self, command: Command) -> None:
        r = self.random
        command.order_type = r.choice(("LIMIT", "LIMIT", "MARKET", "STOP", "STOP_LIMIT"))
        command.time_in_force = r.choice(TIMES)
        if command.order_type in ("MARKET", "STOP"):
            command.limit = 0
        if command.order_type in ("STOP", "STOP_LIMIT"):
            command.stop = 1000 + r.randint(-self.width, self.width)
        if r.random() < 0.2:
            command.display = r.choice((1, 10, 50, 100, 300))
        if r.random() < 0.15:
            command.expire_ns = self.now + r.choice((0, 1, 500, 20_000))
        command.post_only = r.random() < 0.1
        command.all_or_none = r.random() < 0.15
        command.self_trade = r.choice(PREVENTIONS)

    def change(self) -> Command:
        r = self.random
        account, order_id, side = r.choice(self.names)
        if r.random() < 0.4:
            return Command("CANCEL", account, order_id, side)
        command = Command("REPLACE", account, order_id, side, r.choice((0, 1, 40, 100, 200, 700)))
        command.limit = r.choice(
            (0, 1000 + r.randint(-self.width, self.width), 1000 + r.randint(-self.width, self.width))
        )
        command.stop = r.choice((0, 0, 1000 + r.randint(-self.width, self.width)))
        command.display = r.choice((0, 0, 10, 100))
        command.expire_ns = r.choice((0, 0, 0, self.now + 3000))
        if r.random() < 0.02:
            command.side = "BUY"
        return command


def compare_day(seed: int, commands: int = DAY_COMMANDS, restore_every: int = 0) -> str:
    """Run one day on both books; gives the hash of what was said and is held. Raises Difference."""
    day = Day(seed)
    naive, real = NaiveBook(day.options), RealBook(day.options)
    for number in range(1, commands + 1):
        command = day.command()
        said = len(naive.lines)
        naive.send(command)
        real.send(command)
        if restore_every and number % restore_every == 0:
            real.restore()
        if naive.lines[said:] != real.lines[said:] or naive.holdings() != real.holdings():
            raise Difference(f"seed {seed}, command {number}: {command}\n" + explain(naive, real, said))
    return hashlib.sha256("\n".join([*real.lines, *real.holdings()]).encode()).hexdigest()


def explain(naive: NaiveBook, real: RealBook, said: int) -> str:
    parts = [f"options {naive.options}"]
    for name, book in (("naive", naive), ("real", real)):
        parts += [f"-- {name} says", *book.lines[said:], f"-- {name} holds", *book.holdings()]
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000, help="commands in all")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first day")
    arguments = parser.parse_args()
    days = -(-arguments.commands // DAY_COMMANDS)
    digest = hashlib.sha256()
    for seed in range(arguments.seed, arguments.seed + days):
        digest.update(compare_day(seed).encode())
    print(f"{days * DAY_COMMANDS:,} commands in {days} days: equal; digest {digest.hexdigest()[:16]}")


if __name__ == "__main__":
    main()
