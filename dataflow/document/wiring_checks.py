"""Is everything wired? Streams with producer and consumer, operators in reach and in a job, cycles declared."""

from __future__ import annotations

from collections.abc import Iterator

from dataflow.document.links import LinkedOperator, Links
from dataflow.document.section import Name
from dataflow.errors import FaultList


def check_wiring(links: Links, faults: FaultList) -> None:
    checker = _Checker(links, faults)
    checker.streams()
    checker.reach()
    checker.jobs()
    checker.cycles()


class _Checker:
    def __init__(self, links: Links, faults: FaultList) -> None:
        self.links = links
        self.faults = faults
        self.readers: dict[str, list[int]] = {}
        """Stream → operators that read it, by position."""
        for position, operator in enumerate(links.operators):
            for stream in operator.inputs:
                self.readers.setdefault(stream, []).append(position)

    def add(self, name: Name, fact: str, remedy: str) -> None:
        self.faults.add(name.mark, name.place, fact, remedy)

    def streams(self) -> None:
        produced = {*self.links.source_streams.values(), *self.links.written()}
        taken = {stream for streams in self.links.sink_streams.values() for stream in streams}
        consumed = taken | self.readers.keys()
        for stream, declaration in self.links.document.streams.items():
            name = declaration.name
            if declaration.planned:
                if stream in produced or stream in consumed:
                    self.add(name, "is planned, and yet something uses it", "remove `planned`")
                continue
            if stream not in produced:
                self.add(name, "nothing writes this stream", "feed it, remove it, or mark it `planned: true`")
            if stream not in consumed:
                self.add(name, "no operator and no sink reads this stream", "read it, or remove it")

    def reach(self) -> None:
        """Every operator must be fed by a source, however indirectly."""
        reached = {position for stream in self.links.source_streams.values() for position in self.reached(stream)}
        for position, operator in enumerate(self.links.operators):
            inputs = operator.declaration.inputs
            if position not in reached and inputs and operator.inputs:
                name = operator.declaration.name
                self.faults.add(
                    inputs[0].mark, f"{name.place}.inputs", "no source feeds this operator",
                    "read a stream that a source, or an operator fed by one, writes",
                )  # fmt: skip

    def reached(self, stream: str, without: frozenset[tuple[int, str]] = frozenset()) -> set[int]:
        """Operators that get records of this stream, or records made of them; not through the edges in `without`."""
        found: set[int] = set()
        streams = [stream]
        while streams:
            current = streams.pop()
            for position in self.readers.get(current, ()):
                if position not in found and (position, current) not in without:
                    found.add(position)
                    streams.extend(self.links.operators[position].written())
        return found

    def jobs(self) -> None:
        deployed = {uid for uids in self.links.job_operators.values() for uid in uids}
        for operator in self.links.operators:
            name = operator.declaration.name
            if name.text not in deployed and not name.text.startswith("operators["):
                self.add(name, f"the operator {name.text!r} is in no job", "list it under the operators of a job")
        filled = {sink for sinks in self.links.job_sinks.values() for sink in sinks}
        for sink, declaration in self.links.document.sinks.items():
            if sink not in filled:
                self.add(declaration.name, f"the sink {sink!r} is in no job", "list it under the sinks of a job")

    def cycles(self) -> None:
        declared = frozenset(
            (position, name.text)
            for position, operator in enumerate(self.links.operators)
            for name in operator.declaration.feedback
        )
        for position, operator in enumerate(self.links.operators):
            self.needless_feedback(position, operator)
        for position, stream in self.closing_edges(declared):
            operator = self.links.operators[position]
            name = operator.inputs[stream]
            fact = f"the stream {stream!r} descends from this operator's own output: an undeclared cycle"
            self.add(name, fact, f"if it is meant, list the input under `feedback: [{stream}]`")

    def needless_feedback(self, position: int, operator: LinkedOperator) -> None:
        for name in operator.declaration.feedback:
            closed = any(position in self.reached_through(position, name.text, out) for out in operator.written())
            if name.text in operator.inputs and not closed:
                fact = f"the input {name.text!r} does not descend from this operator's output: it closes no cycle"
                self.add(name, fact, "remove it from `feedback`")

    def reached_through(self, position: int, stream: str, out: str) -> set[int]:
        """Operators reached from `out`, entering the operator at `position` by `stream` alone."""
        others = frozenset((position, other) for other in self.links.operators[position].inputs if other != stream)
        return self.reached(out, others)

    def closing_edges(self, declared: frozenset[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """One edge of each cycle that is left without the declared ones: into the operator that stands first."""
        cut = set(declared)
        for position, operator in enumerate(self.links.operators):
            for stream in operator.inputs:
                if (position, stream) in cut or not self.closes(position, stream, frozenset(cut)):
                    continue
                cut.add((position, stream))
                yield position, stream

    def closes(self, position: int, stream: str, cut: frozenset[tuple[int, str]]) -> bool:
        others = frozenset((position, other) for other in self.links.operators[position].inputs if other != stream)
        return any(position in self.reached(out, cut | others) for out in self.links.operators[position].written())
