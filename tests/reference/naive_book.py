"""The book as one would write it to be obviously right: one plain list of orders, sorted anew for each question.

Written from the rules, not from operators/: whether an order can be filled whole, for example, is found out by letting
it trade in a copy of the book. Trading hours are by status. What it says and what it holds are lines of text, which
must equal those of the real book, line by line.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

from tests.reference.commands import BookOptions, Command

TOP_PRICE = 10**12


@dataclass
class NaiveOrder:
    command: Command
    number: int
    left: int
    quantity: int
    limit: int
    stop: int
    display: int
    expire_ns: int
    order_type: str
    where: str = ""
    turn: int = 0
    shown: int = 0
    state: str = ""
    expiry_turn: int = 0

    @property
    def name(self) -> str:
        return f"{self.command.account}/{self.command.order_id}"

    @property
    def sign(self) -> int:
        return 1 if self.command.side == "BUY" else -1

    @property
    def worst(self) -> int:
        if self.order_type == "MARKET":
            return TOP_PRICE if self.sign > 0 else 0
        return self.limit

    @property
    def offered(self) -> int:
        return self.shown if self.display else self.left


class NaiveBook:
    """Takes commands; `lines` says what happened."""

    def __init__(self, options: BookOptions) -> None:
        self.options = options
        self.lines: list[str] = []
        self.orders: list[NaiveOrder] = []
        self.ended: dict[str, str] = {}
        self.numbers = self.turns = self.expiry_turns = self.trades = self.now = 0
        self.bid = self.bid_size = self.bid_left = self.ask = self.ask_size = self.ask_left = 0
        self.last = self.market_last = 0
        self.status = "TRADING"
        self.opened = False

    @property
    def trading(self) -> bool:
        return self.status == "TRADING"

    @property
    def crosses(self) -> bool:
        return self.options.liquidity != "QUOTES"

    @property
    def routes(self) -> bool:
        return self.options.liquidity != "BOOK"

    def say(self, line: str) -> None:
        self.lines.append(line)

    def send(self, command: Command) -> None:
        self.pass_time(command.time_ns)
        {"NEW": self.new, "REPLACE": self.replace, "CANCEL": self.cancel}.get(command.kind, self.market)(command)

    def pass_time(self, now: int) -> None:
        if not self.now:
            self.opened = True
        self.now = max(self.now, now)
        due = [o for o in self.orders if 0 < o.expire_ns <= self.now]
        for order in sorted(due, key=lambda o: (o.expire_ns, o.expiry_turn)):
            self.expire(order, "DATE_REACHED")

    def market(self, command: Command) -> None:
        if command.kind == "STATUS":
            self.change_status(command.status)
            return
        fresh = command.kind == "QUOTE"
        if fresh or (command.bid, command.bid_size) != (self.bid, self.bid_size):
            self.bid, self.bid_size, self.bid_left = command.bid, command.bid_size, command.bid_size
        if fresh or (command.ask, command.ask_size) != (self.ask, self.ask_size):
            self.ask, self.ask_size, self.ask_left = command.ask, command.ask_size, command.ask_size
        if command.last and (command.kind == "SALE" or command.last != self.market_last):
            self.last = self.market_last = command.last
        if self.trading:
            self.meet_quotes()
            self.settle()

    # ---- questions

    def find(self, name: str) -> NaiveOrder | None:
        return next((o for o in self.orders if o.name == name), None)

    def standing(self, side: int, where: str) -> list[NaiveOrder]:
        """Best price first, then time."""
        found = [o for o in self.orders if o.sign == side and o.where == where]
        return sorted(found, key=lambda o: (-side * o.limit, o.turn))

    def quote_for(self, order: NaiveOrder) -> tuple[int, int]:
        """Price and size outside that the order could take."""
        price, size = (self.ask, self.ask_left) if order.sign > 0 else (self.bid, self.bid_left)
        within = price > 0 and size > 0 and (order.worst - price) * order.sign >= 0
        return (price, size) if self.routes and within else (0, 0)

    def next_source(self, order: NaiveOrder) -> tuple[int, int, NaiveOrder | None] | None:
        """(price, rank, resting order): at one price the book first, then the quote, then all-or-none orders."""
        found: list[tuple[int, int, NaiveOrder | None]] = []
        if self.crosses:
            found += [(o.limit, 0, o) for o in self.standing(-order.sign, "BOOK")[:1]]
            found += [(o.limit, 2, o) for o in self.standing(-order.sign, "ALL_OR_NONE") if o.left <= order.left]
        price, _ = self.quote_for(order)
        if price:
            found.append((price, 1, None))
        found = [item for item in found if (order.worst - item[0]) * order.sign >= 0]
        return min(found, key=lambda item: (item[0] * order.sign, item[1])) if found else None

    def through(self, price: int) -> bool:
        if not self.options.protect_quotes or (self.bid > self.ask > 0):
            return False
        return (0 < self.ask < price and self.ask_left > 0) or (0 < price < self.bid and self.bid_left > 0)

    def fills_whole(self, order: NaiveOrder) -> bool:
        if self.next_source(order) is None:
            return False
        trial = copy.copy(self)
        trial.lines = []
        trial.ended = {}
        trial.orders = [replace(o) for o in self.orders]
        tried = replace(order)
        trial.orders.append(tried)
        trial.match(tried)
        return tried.left == 0 and tried.quantity == order.quantity and trial.ended.get(order.name) != "CANCELLED"

    # ---- life of an order

    def new(self, command: Command) -> None:
        name = f"{command.account}/{command.order_id}"
        known = self.find(name)
        if known or name in self.ended:
            self.say(f"refused {name} {known.state if known else self.ended[name]}")
            return
        reason = self.reason_against(command)
        c = command
        order = NaiveOrder(c, self.numbers + 1, c.quantity, c.quantity, c.limit, c.stop, c.display, 0, c.order_type)
        plain = c.order_type in ("LIMIT", "MARKET") and c.time_in_force not in ("AT_THE_OPEN", "AT_THE_CLOSE")
        if not reason and c.post_only and self.trading and plain and self.next_source(order):
            reason = "POST_ONLY_WOULD_TRADE"
        if reason:
            self.say(f"rejected {name} {reason}")
            self.ended[name] = "REJECTED"
            return
        self.numbers += 1
        order.state = "WORKING"
        self.set_expiry(order, c.expire_ns)
        self.orders.append(order)
        self.say(f"accepted {name} #{order.number}")
        self.place(order)

    def reason_against(self, c: Command) -> str:
        if len(self.orders) >= self.options.open_orders_max:
            return "BOOK_FULL"
        if reason := self.reason_against_figures(c, c.order_type, c.all_or_none):
            return reason
        if 0 < c.expire_ns <= self.now:
            return "EXPIRY_IN_THE_PAST"
        if c.time_in_force in ("AT_THE_OPEN", "AT_THE_CLOSE"):
            if c.order_type not in ("LIMIT", "MARKET"):
                return "TIME_IN_FORCE_NOT_ALLOWED_FOR_TYPE"
            if c.all_or_none:
                return "ALL_OR_NONE_NOT_ALLOWED"
            return "TOO_LATE_FOR_OPENING_AUCTION" if c.time_in_force == "AT_THE_OPEN" and self.opened else ""
        if c.time_in_force in ("IMMEDIATE_OR_CANCEL", "FILL_OR_KILL") and not self.trading:
            return {"HALTED": "SYMBOL_HALTED", "PAUSED": "SYMBOL_PAUSED"}.get(self.status, "SESSION_CLOSED")
        return ""

    @staticmethod
    def reason_against_figures(c: Command, order_type: str, all_or_none: bool) -> str:
        rules = [
            (c.quantity <= 0, "QUANTITY_NOT_POSITIVE"),
            (order_type in ("LIMIT", "STOP_LIMIT") and c.limit <= 0, "LIMIT_PRICE_NOT_POSITIVE"),
            (order_type in ("STOP", "STOP_LIMIT") and c.stop <= 0, "STOP_PRICE_NOT_POSITIVE"),
            (c.display < 0, "DISPLAY_QUANTITY_NEGATIVE"),
            (c.display > c.quantity, "DISPLAY_QUANTITY_ABOVE_QUANTITY"),
            (c.display > 0 and all_or_none, "DISPLAY_QUANTITY_NOT_ALLOWED"),
        ]
        return next((reason for broken, reason in rules if broken), "")

    def set_expiry(self, order: NaiveOrder, expire_ns: int) -> None:
        order.expire_ns = expire_ns
        self.expiry_turns += 1
        order.expiry_turn = self.expiry_turns

    def place(self, order: NaiveOrder) -> None:
        tif = order.command.time_in_force
        if tif in ("AT_THE_OPEN", "AT_THE_CLOSE"):
            self.suspend(order, "OPENING" if tif == "AT_THE_OPEN" else "CLOSING", "AUCTION_NOT_YET")
        elif order.order_type in ("STOP", "STOP_LIMIT"):
            self.suspend(order, "STOP", "STOP_NOT_REACHED")
        elif self.trading:
            self.work(order)
        elif order.order_type == "MARKET":
            self.suspend(order, "WAITING", "SYMBOL_HALTED")
        else:
            self.stand(order, "ALL_OR_NONE" if order.command.all_or_none else "BOOK")
        if self.trading:
            self.settle()

    def suspend(self, order: NaiveOrder, where: str, reason: str) -> None:
        self.say(f"suspended {order.name} {reason}")
        order.state = "SUSPENDED"
        self.stand(order, where)

    def stand(self, order: NaiveOrder, where: str) -> None:
        self.turns += 1
        order.where, order.turn = where, self.turns
        order.shown = min(order.display, order.left) if where == "BOOK" else order.shown

    def end(self, order: NaiveOrder, state: str) -> None:
        self.orders = [o for o in self.orders if o is not order]
        self.ended[order.name] = state

    def drop(self, order: NaiveOrder, reason: str) -> None:
        self.say(f"cancelled {order.name} {order.left} {reason}")
        self.end(order, "CANCELLED")

    def expire(self, order: NaiveOrder, reason: str) -> None:
        self.say(f"expired {order.name} {order.left} {reason}")
        self.end(order, "EXPIRED")

    def gone(self, command: Command, word: str) -> None:
        name = f"{command.account}/{command.order_id}"
        ended = self.ended.get(name)
        self.say(f"{word} rejected {name} {f'ORDER_ALREADY_{ended}' if ended else 'ORDER_UNKNOWN'}")

    def cancel(self, command: Command) -> None:
        order = self.find(f"{command.account}/{command.order_id}")
        if order is None:
            self.gone(command, "cancel")
        else:
            self.drop(order, "BY_CLIENT")

    def replace(self, command: Command) -> None:
        order = self.find(f"{command.account}/{command.order_id}")
        if order is None:
            self.gone(command, "replace")
            return
        filled = order.quantity - order.left
        if reason := self.reason_against_replace(order, command, filled):
            self.say(f"replace rejected {order.name} {reason}")
            return
        same = (command.limit, command.stop, command.display) == (order.limit, order.stop, order.display)
        kept = same and command.quantity <= order.quantity
        if command.expire_ns != order.expire_ns:
            self.set_expiry(order, command.expire_ns)
        order.limit, order.stop, order.display = command.limit, command.stop, command.display
        order.quantity, order.left = command.quantity, command.quantity - filled
        order.shown = min(order.shown, order.left) if kept else 0
        if order.state == "WORKING":
            order.state = "REPLACED"
        self.say_replaced(order, kept)
        if kept:
            pass
        elif order.where in ("BOOK", "ALL_OR_NONE"):
            order.where = ""
            self.place(order)
            return
        else:
            self.stand(order, order.where)
        if self.trading and order.where in ("ALL_OR_NONE", "STOP"):
            self.settle()

    def say_replaced(self, order: NaiveOrder, kept: bool) -> None:
        self.say(f"replaced {order.name} {order.quantity}@{order.limit} left {order.left} {'kept' if kept else 'lost'}")

    def reason_against_replace(self, order: NaiveOrder, c: Command, filled: int) -> str:
        if c.side != order.command.side:
            return "REPLACE_CHANGES_SIDE"
        if bool(c.limit) != bool(order.limit):
            return "REPLACE_CHANGES_TYPE"
        if reason := self.reason_against_figures(c, order.order_type, order.command.all_or_none):
            return reason
        if c.quantity <= filled:
            return "REPLACE_QUANTITY_BELOW_FILLED"
        if 0 < c.expire_ns <= self.now:
            return "EXPIRY_IN_THE_PAST"
        now = (order.quantity, order.limit, order.stop, order.display, order.expire_ns)
        if (c.quantity, c.limit, c.stop, c.display, c.expire_ns) == now:
            return "REPLACE_CHANGES_NOTHING"
        changed = replace(order, limit=c.limit, left=c.quantity - filled)
        if order.command.post_only and order.where == "BOOK" and self.trading and self.next_source(changed):
            return "POST_ONLY_WOULD_TRADE"
        return ""

    # ---- trading

    def work(self, order: NaiveOrder) -> None:
        tif = order.command.time_in_force
        if order.command.post_only and self.next_source(order):
            self.drop(order, "POST_ONLY_WOULD_TRADE")
            return
        if (tif == "FILL_OR_KILL" or order.command.all_or_none) and not self.fills_whole(order):
            if tif in ("FILL_OR_KILL", "IMMEDIATE_OR_CANCEL"):
                self.drop(order, "FILL_OR_KILL_UNFILLABLE")
            elif order.order_type == "MARKET":
                self.drop(order, "MARKET_ORDER_UNFILLABLE")
            else:
                self.stand(order, "ALL_OR_NONE")
            return
        blocked = self.match(order)
        if order.left == 0 or order not in self.orders:
            return
        if blocked:
            self.drop(order, "TRADE_THROUGH_PREVENTED")
        elif tif == "IMMEDIATE_OR_CANCEL":
            self.drop(order, "IMMEDIATE_REMAINDER")
        elif order.order_type == "MARKET":
            self.drop(order, "MARKET_ORDER_UNFILLABLE")
        else:
            self.stand(order, "BOOK")

    def match(self, order: NaiveOrder) -> bool:
        """Trade as far as it goes; True if the next trade would go through a better quote."""
        while order.left and any(o is order for o in self.orders):
            source = self.next_source(order)
            if source is None:
                return False
            price, _, resting = source
            if resting is None:
                self.trade_outside(order, order.left, "ROUTED_AWAY")
            elif self.through(price):
                return True
            elif order.command.self_trade != "NONE" and resting.command.account == order.command.account:
                self.prevent_self_trade(order, resting)
            else:
                quantity = min(order.left, resting.offered)
                self.say_trade(order, resting, quantity, price, "NONE")
                self.fill(resting, quantity, price, "ADDED")
                self.fill(order, quantity, price, "REMOVED")
        return False

    def prevent_self_trade(self, order: NaiveOrder, resting: NaiveOrder) -> None:
        way = order.command.self_trade
        if way in ("CANCEL_OLDEST", "CANCEL_BOTH"):
            self.drop(resting, "SELF_TRADE_PREVENTED")
        if way in ("CANCEL_NEWEST", "CANCEL_BOTH"):
            self.drop(order, "SELF_TRADE_PREVENTED")
        if way == "DECREMENT":
            common = min(order.left, resting.left)
            for one in (resting, order):
                if one.left == common:
                    self.drop(one, "SELF_TRADE_PREVENTED")
                else:
                    one.quantity -= common
                    one.left -= common
                    one.shown = min(one.shown, one.left)
                    if one.state == "WORKING":
                        one.state = "REPLACED"
                    self.say_replaced(one, True)

    def trade_outside(self, order: NaiveOrder, most: int, liquidity: str) -> None:
        price, size = (self.ask, self.ask_left) if order.sign > 0 else (self.bid, self.bid_left)
        quantity = min(most, size)
        if order.sign > 0:
            self.ask_left -= quantity
        else:
            self.bid_left -= quantity
        self.say_trade(order, None, quantity, price, "NONE")
        self.fill(order, quantity, price, liquidity)

    def say_trade(self, order: NaiveOrder, other: NaiveOrder | None, quantity: int, price: int, auction: str) -> None:
        self.trades += 1
        self.last = price
        buyer, seller = (order, other) if order.sign > 0 else (other, order)
        names = f"{buyer.name if buyer else 'market'} buys from {seller.name if seller else 'market'}"
        self.say(f"trade {self.trades} {names} {quantity}@{price} {auction}")

    def fill(self, order: NaiveOrder, quantity: int, price: int, liquidity: str) -> None:
        order.left -= quantity
        order.shown = max(order.shown - quantity, 0)
        order.state = "PARTIALLY_FILLED"
        self.say(f"filled {order.name} {quantity}@{price} left {order.left} {liquidity}")
        if order.left == 0:
            self.end(order, "FILLED")
        elif order.where == "BOOK" and order.display and order.shown == 0:
            self.stand(order, "BOOK")

    def meet_quotes(self) -> None:
        """Resting orders that the market outside has reached are filled there."""
        while self.routes and (ready := [o for o in self.standing(1, "BOOK") if self.quote_for(o)[0]]):
            self.trade_outside(ready[0], ready[0].offered, "ROUTED_AWAY")
        while self.routes and (ready := [o for o in self.standing(-1, "BOOK") if self.quote_for(o)[0]]):
            self.trade_outside(ready[0], ready[0].offered, "ROUTED_AWAY")

    def settle(self) -> None:
        while True:
            whole = [*self.standing(1, "ALL_OR_NONE"), *self.standing(-1, "ALL_OR_NONE")]
            ready = next((o for o in whole if not o.command.post_only and self.fills_whole(o)), None)
            if ready:
                ready.where = ""
                self.work(ready)
                continue
            stop = self.next_stop()
            if stop is None:
                return
            self.set_off(stop)

    def next_stop(self) -> NaiveOrder | None:
        quotes = self.options.stop_trigger == "QUOTE"
        above, below = (self.ask, self.bid) if quotes else (self.last, self.last)
        stops = [o for o in self.orders if o.where == "STOP"]
        buys = sorted((o for o in stops if o.sign > 0 and above >= o.stop), key=lambda o: (o.stop, o.turn))
        sells = sorted((o for o in stops if o.sign < 0 < below <= o.stop), key=lambda o: (-o.stop, o.turn))
        return next(iter([*buys, *sells]), None)

    def set_off(self, order: NaiveOrder) -> None:
        order.order_type = "MARKET" if order.order_type == "STOP" else "LIMIT"
        order.where = ""
        order.state = "WORKING"
        price = self.last
        if self.options.stop_trigger == "QUOTE":
            price = self.ask if order.sign > 0 else self.bid
        self.say(f"triggered {order.name} at {price} {order.order_type}")
        self.work(order)

    # ---- auctions and status

    def change_status(self, status: str) -> None:
        before, self.status = self.status, status
        if before == status:
            return
        if status in ("CLOSED", "PRE_OPEN"):
            self.opened = False
        if status == "TRADING":
            self.resume()
        elif status == "CLOSED":
            if before == "TRADING":
                self.auction("CLOSING")
            for order in sorted(self.orders, key=lambda o: o.number):
                if order.where in ("OPENING", "CLOSING"):
                    self.expire(order, "AUCTION_UNMATCHED")
                elif order.command.time_in_force == "DAY":
                    self.expire(order, "DAY_ENDED")

    def resume(self) -> None:
        self.auction("REOPENING" if self.opened else "OPENING")
        if not self.opened:
            self.opened = True
            for order in self.in_turn("OPENING"):
                self.expire(order, "AUCTION_UNMATCHED")
        for order in self.in_turn("WAITING"):
            if order.state == "SUSPENDED":
                self.say(f"accepted {order.name} #{order.number}")
                order.state = "WORKING"
            order.where = ""
            self.work(order)
        self.meet_quotes()
        self.settle()

    def in_turn(self, where: str) -> list[NaiveOrder]:
        return sorted((o for o in self.orders if o.where == where), key=lambda o: o.turn)

    def auction(self, kind: str) -> None:
        if not self.orders or not self.crosses:
            return
        places = {"BOOK", "WAITING", kind}
        takers = [o for o in self.orders if o.where in places and not o.command.all_or_none]
        buyers = sorted((o for o in takers if o.sign > 0), key=lambda o: (-o.worst, o.turn))
        sellers = sorted((o for o in takers if o.sign < 0), key=lambda o: (o.worst, o.turn))
        reference = self.last or ((self.bid + self.ask) // 2 if self.bid and self.ask else 0)
        prices = {o.limit for o in takers if o.order_type != "MARKET"} | {reference}
        best = (0, 0, 0, 0, 0)
        for price in sorted(p for p in prices if p > 0):
            demand = sum(o.left for o in buyers if o.worst >= price)
            supply = sum(o.left for o in sellers if o.worst <= price)
            distance = abs(price - reference) if reference else 0
            best = max(best, (min(demand, supply), -abs(demand - supply), -distance, -price, demand - supply))
        volume, _, _, price, tilt = best
        price = -price
        if volume == 0:
            price = tilt = 0
        side = "NONE" if tilt == 0 else "BUY" if tilt > 0 else "SELL"
        self.say(f"auction {kind} {volume}@{price} imbalance {side} {abs(tilt)}")
        while volume:
            quantity = min(volume, buyers[0].left, sellers[0].left)
            volume -= quantity
            self.say_trade(buyers[0], sellers[0], quantity, price, kind)
            for one in (buyers[0], sellers[0]):
                self.fill(one, quantity, price, "AUCTION")
            buyers = [o for o in buyers if o.left]
            sellers = [o for o in sellers if o.left]

    def holdings(self) -> list[str]:
        """All that is open, in the order in which it would trade."""
        words = []
        for where in ("BOOK", "ALL_OR_NONE"):
            for side in (1, -1):
                words += [f"{where} {describe(o)}" for o in self.standing(side, where)]
        stops = sorted((o for o in self.orders if o.where == "STOP"), key=lambda o: (-o.sign, o.sign * o.stop, o.turn))
        words += [f"STOP {describe(o)}" for o in stops]
        for where in ("WAITING", "OPENING", "CLOSING"):
            words += [f"{where} {describe(o)}" for o in self.in_turn(where)]
        return words


def describe(o: NaiveOrder) -> str:
    return (
        f"{o.name} #{o.number} {o.command.side} {o.left}/{o.quantity}@{o.limit} stop {o.stop} shows {o.shown} {o.state}"
    )
