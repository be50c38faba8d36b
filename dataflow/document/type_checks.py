"""Do the types fit? What a stream holds against what its producers write and its consumers take, and by which key."""

from __future__ import annotations

from dataflow.document.declarations import OperatorDeclaration
from dataflow.document.links import LinkedOperator, Links
from dataflow.document.section import Name
from dataflow.errors import FaultList, suggestion
from dataflow.model import OperatorType, RecordType


def check_types(links: Links, faults: FaultList) -> None:
    _Checker(links, faults).check()


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) if names else "nothing"


class _Checker:
    def __init__(self, links: Links, faults: FaultList) -> None:
        self.links = links
        self.faults = faults

    def add(self, name: Name, fact: str, remedy: str) -> None:
        self.faults.add(name.mark, name.place, fact, remedy)

    def holds(self, stream: str) -> tuple[str, ...]:
        return tuple(record.name for record in self.links.schemas[stream])

    def check(self) -> None:
        for stream in self.links.schemas:
            self.stream_key(stream)
        for operator in self.links.operators:
            if operator.type is not None:
                self.inputs(operator, operator.type)
                self.outputs(operator, operator.type)
                self.key(operator.declaration, operator.type)
                self.input_keys(operator, operator.type)
            self.rekey(operator)
            self.late(operator)
        self.sources()
        self.dead_letters()

    def stream_key(self, stream: str) -> None:
        key = self.links.document.streams[stream].key
        if key is None:
            return
        for record in self.links.schemas[stream]:
            if key.text not in record.key_fields:
                fact = f"{key.text!r} is no key field of {record.name}"
                self.add(key, fact, suggestion(key.text, record.key_fields))

    def inputs(self, operator: LinkedOperator, kind: OperatorType) -> None:
        """A reader may leave out some of a stream's types (the engine brings it the others), but not all."""
        for stream, name in operator.inputs.items():
            held = self.holds(stream)
            if held and not any(record in kind.inputs for record in held):
                fact = f"the stream {stream!r} holds {listed(held)}, which {kind.name} does not take"
                self.add(name, fact, f"it takes {listed(kind.inputs)}")

    def outputs(self, operator: LinkedOperator, kind: OperatorType) -> None:
        first: dict[str, str] = {}
        for stream, name in operator.outputs.items():
            emitted = [record for record in self.holds(stream) if record in kind.outputs]
            if not emitted and self.holds(stream):
                fact = f"{kind.name} emits nothing that the stream {stream!r} holds ({listed(self.holds(stream))})"
                self.add(name, fact, f"it emits {listed(kind.outputs)}")
            for record in emitted:
                if record in first:
                    fact = f"both {first[record]!r} and {stream!r} hold {record}: where does it go?"
                    self.add(name, fact, "let one output stream hold each record type")
                first.setdefault(record, stream)
        if len(operator.outputs) == len(operator.declaration.outputs):
            self.homeless(operator.declaration, kind, first)

    def homeless(self, declaration: OperatorDeclaration, kind: OperatorType, homes: dict[str, str]) -> None:
        """What the operator emits and no output stream holds."""
        place = declaration.outputs[0] if declaration.outputs else declaration.name
        inside = f"{declaration.name.place}.outputs"
        for record in kind.outputs:
            if record not in homes and not self.half_known(declaration):
                fact = f"{kind.name} emits {record}, and no output stream holds it"
                fitting = tuple(stream for stream in self.links.schemas if record in self.holds(stream))
                remedy = f"add {' or '.join(fitting)}" if fitting else f"declare a stream with schema {record}"
                self.faults.add(place.mark, inside, fact, remedy)

    def half_known(self, declaration: OperatorDeclaration) -> bool:
        """Whether an output stream names a schema that is not known: it may be the one that is missed."""
        streams = self.links.document.streams
        return any(
            len(streams[name.text].schemas) != len(self.links.schemas[name.text])
            for name in declaration.outputs
            if name.text in streams
        )

    def key(self, declaration: OperatorDeclaration, kind: OperatorType) -> None:
        key = tuple(name.text for name in declaration.key)
        if key and key != kind.key:
            self.add(declaration.key[0], f"the key is [{listed(key)}]", f"{kind.name} is keyed by [{listed(kind.key)}]")

    def input_keys(self, operator: LinkedOperator, kind: OperatorType) -> None:
        for stream, name in operator.inputs.items():
            for record in self.links.schemas[stream]:
                missing = [field for field in kind.key if field not in record.key_fields]
                if record.name in kind.inputs and missing:
                    fact = f"{kind.name} is keyed by {missing[0]!r}, which is no key field of {record.name}"
                    remedy = f'mark the field with "key": true in {record.name}.avsc, or read another stream'
                    self.add(name, fact, remedy)

    def rekey(self, operator: LinkedOperator) -> None:
        """Records of an input keyed otherwise move between key groups: that costs, so it is said."""
        declaration = operator.declaration
        if not declaration.key:
            return
        first = declaration.key[0].text
        others = {stream: self.keyed_by(stream) for stream in operator.inputs}
        moved = {stream: key for stream, key in others.items() if key is not None and key != first}
        if declaration.rekey is not None:
            if not moved and len(operator.inputs) == len(declaration.inputs):
                self.add(declaration.rekey, f"every input is keyed by {first!r} already", "remove `rekey`")
            return
        for stream, key in moved.items():
            fact = f"the stream {stream!r} is keyed by {key!r}, the operator by {first!r}"
            self.add(operator.inputs[stream], fact, "say `rekey: true` if that is meant")

    def keyed_by(self, stream: str) -> str | None:
        """The stream's key; None if it has none that its records know, which is a fault already."""
        key = self.links.document.streams[stream].key
        known = [key is not None and key.text in record.key_fields for record in self.links.schemas[stream]]
        return key.text if key is not None and all(known) else None

    def late(self, operator: LinkedOperator) -> None:
        for stream, name in operator.late.items():
            self.letters(name, stream, self.links.catalog.late_record, "late records")
            if stream in operator.outputs:
                self.add(name, f"{stream!r} is also one of its outputs", "list it under `late` alone")

    def dead_letters(self) -> None:
        name, stream = self.links.document.dead_letters, self.links.dead_letters
        if name is not None and stream is not None:
            self.letters(name, stream, self.links.catalog.dead_letter_record, "dead letters")

    def letters(self, name: Name, stream: str, record: str, what: str) -> None:
        if record not in self.holds(stream) and self.links.schemas[stream]:
            fact = f"the stream {stream!r} holds {listed(self.holds(stream))}, and {what} are {record}"
            self.add(name, fact, f"name a stream with schema {record}")

    def sources(self) -> None:
        for source, stream in self.links.source_streams.items():
            connector = self.links.source_types.get(source)
            name = self.links.document.sources[source].stream
            if connector is None or name is None or not connector.records:
                continue
            held: tuple[RecordType, ...] = self.links.schemas[stream]
            if held and not any(record.name in connector.records for record in held):
                fact = f"the stream {stream!r} holds {listed(self.holds(stream))}"
                self.add(name, fact, f"{connector.name} reads {listed(connector.records)}")
