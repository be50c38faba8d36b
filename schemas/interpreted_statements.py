"""The code of the interpreted mode's codecs: for each record an expression that writes it, statements that read it.

Neighbours of fixed size are one run, packed at once. See `interpreted_wire` for what the code stands on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from schemas.definition import Field, RecordDefinition, Type
from schemas.statements import FIXED, Names, annotation, indent, inner, writing

FORMAT = {"id": "qq", "price": "q", "boolean": "?", "small enum": "c", "double": "d"}
"""How a struct packs each kind of fixed size. Doubles are little endian, prices and ids big; a small enum is one byte,
and packed as such."""
WRITTEN = {
    "long": "LONG[{0}]",
    "enum": "LONG[{0}]",
    "small enum": "SMALL[{0}]",
    "price": "{1}({0})",
    "double": "{1}({0})",
    "money": "MONEY[{0}]",
    "boolean": '(b"\\x01" if {0} else b"\\x00")',
    "string": "TEXT[{0}]",
    "word": "WORD[{0}]",
    "bytes": "BYTES[{0}]",
    "growing": "growing_bytes({0})",
}
FEW = 3
"""So many single bytes are sooner done one by one than by a struct."""
LARGE = {"id", "price", "double"}
ALIKE = {"id": ">", "price": ">", "double": "<", "boolean": "byte", "small enum": "byte"}
"""Neighbours that are read at once: large ones by the order of their bytes, and single bytes."""
LETTER = {">": "q", "<": "d"}


@dataclass(frozen=True)
class Run:
    """Fields that one struct holds, or a single one of any kind."""

    fields: tuple[Field, ...]
    layout: str
    """Of the struct; empty where the field stands alone and needs none."""

    def names(self) -> Iterator[tuple[Field, str]]:
        """Each value's field and attribute; an id has two."""
        for item in self.fields:
            if item.type.kind == "id":
                yield item, f"{item.name}_hi"
                yield item, f"{item.name}_lo"
            else:
                yield item, item.attribute


def alike(item: Field) -> str:
    """As what it is read together with its neighbours; empty where it is read alone."""
    return ALIKE.get(writing(item.type, item.interned), "")


def packer(layout: str, does: str = "PACK") -> str:
    return f"{does}_" + layout.replace(">", "BIG_").replace("<", "LITTLE_").replace("?", "t")


class InterpretedCodec:
    """Writes the functions of one record."""

    def __init__(self, record: RecordDefinition, base: str) -> None:
        self.record = record
        self.base = base
        """Class of a record at the top; empty of one inside others."""
        self.names = Names()

    def runs(self) -> Iterator[Run]:
        for _, group in groupby(self.placed(), key=lambda placed: placed[0]):
            fields = tuple(item for _, item in group)
            kinds = [writing(item.type, item.interned) for item in fields]
            if len(fields) > FEW or not LARGE.isdisjoint(kinds):
                order = "<" if "double" in kinds else ">"
                yield Run(fields, order + squeezed("".join(FORMAT[kind] for kind in kinds)))
            else:
                yield from (Run((item,), "") for item in fields)

    def placed(self) -> Iterator[tuple[int, Field]]:
        """Each field with the number of its run."""
        number, endings = 0, ""
        for item in self.record.fields:
            kind = writing(item.type, item.interned)
            ending = {"id": ">", "price": ">", "double": "<", "boolean": "=", "small enum": "="}.get(kind, "")
            if not ending or not endings or {"<", ">"} <= {ending, *endings}:
                number, endings = number + 1, ""
            endings = endings + ending if ending else ""
            yield number, item

    # Writing

    def writer(self) -> Iterator[str]:
        name = self.record.name
        yield ""
        yield ""
        if self.base:
            yield f"def write_{name}(self: {name}, writer: BytesWriter) -> None:"
            yield "    try:"
            yield "        writer.write(join(("
            yield from (f"            {line}," for line in self.parts("self"))
            yield "        )))"
            yield "    except NOT_USUAL:"
            yield f"        WRITE_{name}(self, writer)"
        else:
            yield f"def bytes_{name}(item: {name}) -> bytes:"
            yield "    return join(("
            yield from (f"        {line}," for line in self.parts("item"))
            yield "    ))"

    def parts(self, owner: str) -> Iterator[str]:
        for run in self.runs():
            if run.layout:
                values = (
                    f"SMALL[{owner}.{name}]" if item.type.kind == "enum" else f"{owner}.{name}"
                    for item, name in run.names()
                )
                yield f"{packer(run.layout)}({', '.join(values)})"
            else:
                item = run.fields[0]
                yield self.written(item.type, f"{owner}.{item.attribute}", item.interned)

    def written(self, kind: Type, value: str, is_word: bool) -> str:
        name = writing(kind, is_word)
        if name in WRITTEN:
            return WRITTEN[name].format(value, packer("<d" if name == "double" else ">q"))
        if name == "record":
            return f"bytes_{kind.name}({value})"
        local = self.names.fresh("item")
        if name == "optional":
            some = self.written(inner(kind), local, is_word)
            return f'(b"\\x00" if ({local} := {value}) is None else b"\\x02" + {some})'
        one = self.written(inner(kind), local, is_word)
        if name == "array":
            items = f"{one} for {local} in {value}"
        else:
            key = self.names.fresh("key")
            items = f"TEXT[{key}] + {one} for {key}, {local} in {value}.items()"
        return f'(LONG[len({value})] + join([{items}]) + b"\\x00" if {value} else b"\\x00")'

    # Reading

    def reader(self) -> Iterator[str]:
        name = self.record.name
        yield ""
        yield ""
        if self.base:
            typed = f"self: {self.base}Type, data: bytes, position: int"
            yield f"def decode_{name}({typed}) -> tuple[{self.base}, int]:"
            yield "    start = position"
            yield "    try:"
            yield from indent(indent(self.body()))
            yield "        if position <= len(data):"
            yield "            return record, position"
            yield "    except NOT_USUAL:"
            yield "        pass"
            yield f"    return DECODE_{name}(self, data, start)"
        else:
            yield f"def take_{name}(data: bytes, position: int) -> tuple[{name}, int]:"
            yield from indent(self.body())
            yield "    return record, position"

    def body(self) -> Iterator[str]:
        yield f"record = new({self.record.name})"
        for kind, group in groupby(self.record.fields, alike):
            fields = tuple(group)
            if kind:
                yield from self.read_fixed(Run(fields, ""), kind)
            else:
                for item in fields:
                    yield from self.read_field(item)

    def read_fixed(self, run: Run, kind: str) -> Iterator[str]:
        """Neighbours of one size: large ones by one struct, bytes one by one."""
        targets = [f"record.{name}" for _, name in run.names()]
        if kind != "byte" and len(targets) > 1:
            yield f"{', '.join(targets)} = {packer(f'{kind}{len(targets)}' + LETTER[kind], 'UNPACK')}(data, position)"
        else:
            for place, (item, name) in enumerate(run.names()):
                at = f"position + {place}" if place else "position"
                if item.type.kind == "enum":
                    yield f"record.{name} = INDEX_{item.type.symbols}[data[{at}]]"
                else:
                    yield f"record.{name} = {FIXED[item.type.kind][0].format(at)}"
        yield f"position += {len(targets) * (1 if kind == 'byte' else 8)}"

    def read_field(self, item: Field) -> Iterator[str]:
        if item.type.kind == "long" and item.name.endswith("_ns"):
            yield from self.read_long(f"record.{item.name}", is_time=True)
        else:
            yield from self.read(item.type, f"record.{item.attribute}", item.interned)

    def read(self, kind: Type, target: str, is_word: bool) -> Iterator[str]:
        """Statements that read one value into `target` and move `position` on."""
        name = writing(kind, is_word)
        if name in ("long", "enum"):
            yield from self.read_long(target)
            if name == "enum":
                yield f"{target} = index_of({target}, {kind.symbols})"
        elif name in FIXED:
            expression, size = FIXED[name]
            yield f"{target} = {expression.format('position')}"
            yield f"position += {size}"
        elif name == "small enum":
            yield f"{target} = INDEX_{kind.symbols}[data[position]]"
            yield "position += 1"
        elif name in ("string", "word", "bytes"):
            yield from self.read_span(name, target)
        elif name in ("growing", "money", "record"):
            reader = {"growing": "read_growing", "money": "money_at"}.get(name, f"take_{kind.name}")
            yield f"{target}, position = {reader}(data, position)"
        elif name == "optional":
            yield f"{target} = None"
            yield "branch = INDEX_2[data[position]]"
            yield "position += 1"
            yield "if branch == 1:"
            yield from indent(self.read(inner(kind), target, is_word))
        else:
            yield from self.read_items(kind, target, is_word)

    @staticmethod
    def read_long(target: str, is_time: bool = False) -> Iterator[str]:
        """A time has nine bytes where it has more than one."""
        yield "byte = data[position]"
        yield "if byte < 128:"
        yield f"    {target} = ONE_BYTE[byte]"
        yield "    position += 1"
        if not is_time:
            yield "elif (more := data[position + 1]) < 128:"
            yield f"    {target} = TWO_BYTES[more << 7 | byte & 127]"
            yield "    position += 2"
        yield "else:"
        yield f"    {target}, position = {'time_at' if is_time else 'long_at'}(data, position)"

    @staticmethod
    def read_span(name: str, target: str) -> Iterator[str]:
        yield "end = position + SPAN[data[position]]"
        yield {
            "word": f"{target} = WORD_OF[data[position:end]]",
            "string": f"{target} = data[position + 1 : end].decode()",
            "bytes": f"{target} = data[position + 1 : end]",
        }[name]
        yield "position = end"

    def read_items(self, kind: Type, target: str, is_word: bool) -> Iterator[str]:
        is_map = kind.kind == "map"
        item, count, items = self.names.fresh("item"), self.names.fresh("count"), self.names.fresh("items")
        yield f"{items}: {annotation(kind)} = {'{}' if is_map else '[]'}"
        yield "while data[position] != 0:"
        yield f"    {count}, position = block_at(data, position)"
        yield f"    for _ in range({count}):"
        if is_map:
            key = self.names.fresh("key")
            yield from indent(indent(self.read_span("word", key)))
        yield from indent(indent(self.read(inner(kind), item, is_word)))
        yield f"        {items}[{key}] = {item}" if is_map else f"        {items}.append({item})"
        yield "position += 1"
        yield f"{target} = {items}"


def squeezed(layout: str) -> str:
    """qqqqB as 4qB."""
    counted = ((kind, len(list(group))) for kind, group in groupby(layout))
    return "".join(f"{count}{kind}" if count > 1 else kind for kind, count in counted)
