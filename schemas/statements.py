"""The statements of generated code that write and read one value of each Avro type."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.definition import Type

NATIVE = {
    "long": ("i64", "0"),
    "enum": ("i64", "0"),
    "price": ("i64", "0"),
    "money": ("int", "0"),
    "double": ("float", "0.0"),
    "boolean": ("bool", "False"),
    "string": ("str", '""'),
    "bytes": ("bytes", 'b""'),
}
WRITER = {
    "long": "write_long(writer, {0})",
    "enum": "write_long(writer, {0})",
    "small enum": "writer.append(u8({0} << 1))",
    "price": "write_i64_be(writer, {0})",
    "money": "write_money(writer, {0})",
    "double": "write_f64_le(writer, {0})",
    "boolean": "writer.append(1 if {0} else 0)",
    "string": "write_string(writer, {0})",
    "word": "write_word(writer, {0})",
    "bytes": "write_bytes(writer, {0})",
    "growing": "write_growing(writer, {0})",
}
"""Statements that write a value of each kind; a word is a string of a small vocabulary, a small enum one whose indices
take a byte each."""
NAMES_WRITER = "write_names(writer, {0}, {1}, {2})"
RECENT_WRITER = "write_recent(writer, {0})"
"""The same for two words and a string that follow each other, and for a string that other events repeat."""
BYTE_VALUE = {"small enum": "{0} << 1", "boolean": "i64({0})"}
"""Kinds that take one byte, below 128: that byte."""
BYTES_WRITER = {
    8: "write_i64_le(writer, {0})",
    4: "write_i32_le(writer, i32({0}))",
    2: "write_i16_le(writer, i16({0}))",
}
"""Statements that write so many such bytes at once."""
ONE_BYTE_SYMBOLS = 64
FIXED = {
    "price": ("read_i64_be(data, {0})", 8),
    "double": ("read_f64_le(data, {0})", 8),
    "boolean": ("data[{0}] != 0", 1),
}
"""Kinds of fixed size: how to read one at a place, and its bytes."""
READER = {
    "long": "read_long",
    "money": "read_money",
    "string": "read_string",
    "word": "read_word",
    "bytes": "read_bytes",
    "growing": "read_growing",
}


def annotation(kind: Type, boxed: bool = False) -> str:
    """The Python type of an attribute; inside containers integers are boxed."""
    if kind.kind in NATIVE:
        name = NATIVE[kind.kind][0]
        return "int" if boxed and name == "i64" else name
    if kind.kind in ("record", "growing"):
        return kind.name
    assert kind.item is not None
    inner = annotation(kind.item, boxed=True)
    return {"array": f"list[{inner}]", "map": f"dict[str, {inner}]", "optional": f"{inner} | None"}[kind.kind]


def constant(name: str) -> str:
    """CamelCase as UPPER_CASE."""
    return "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


class Names:
    """Fresh local variables for one generated function."""

    def __init__(self) -> None:
        self.count = 0

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"


def writing(kind: Type, is_word: bool) -> str:
    """By which of the kinds in `WRITER` a value is written, in both modes."""
    if kind.kind == "enum" and kind.symbols <= ONE_BYTE_SYMBOLS:
        return "small enum"
    return "word" if is_word and kind.kind == "string" else kind.kind


def write_fields(fields: list[tuple[Type, str, bool]], names: Names, is_event: bool) -> Iterator[str]:
    """Statements that write the values of consecutive fields: (type, value, whether it is a word). Neighbours that can
    be are written at once; strings of events are those of other events of the same chain."""
    kinds = [writing(kind, is_word) for kind, _, is_word in fields]
    place = 0
    while place < len(fields):
        kind, value, is_word = fields[place]
        size = bytes_together(kinds[place:])
        if is_event and kinds[place : place + 3] == ["word", "word", "string"]:
            yield NAMES_WRITER.format(*(field[1] for field in fields[place : place + 3]))
            place += 3
        elif size > 1:
            shifted = enumerate(zip(kinds[place : place + size], fields[place : place + size], strict=True))
            parts = [f"({BYTE_VALUE[name].format(field[1])}) << {8 * index}" for index, (name, field) in shifted]
            yield BYTES_WRITER[size].format(" | ".join(parts).replace(" << 0", ""))
            place += size
        elif is_event and kinds[place] == "string":
            yield RECENT_WRITER.format(value)
            place += 1
        else:
            yield from write_lines(kind, value, names, is_word)
            place += 1


def bytes_together(kinds: list[str]) -> int:
    """How many of the kinds that come next are one byte each, and written at once."""
    count = next((place for place, kind in enumerate(kinds) if kind not in BYTE_VALUE), len(kinds))
    return next((size for size in BYTES_WRITER if size <= count), 1)


def write_lines(kind: Type, value: str, names: Names, is_word: bool) -> Iterator[str]:
    if kind.kind in WRITER:
        yield WRITER[writing(kind, is_word)].format(value)
    elif kind.kind == "record":
        yield f"{value}.encode_into(writer)"
    elif kind.kind == "optional":
        local = names.fresh("item")
        yield f"{local} = {value}"
        yield f"if {local} is None:"
        yield "    writer.append(0)"
        yield "else:"
        yield "    writer.append(2)"
        yield from indent(write_lines(inner(kind), local, names, is_word))
    else:
        yield from write_block(kind, value, names, is_word)


def write_block(kind: Type, value: str, names: Names, is_word: bool) -> Iterator[str]:
    item = names.fresh("item")
    yield f"if len({value}) > 0:"
    yield f"    write_long(writer, len({value}))"
    if kind.kind == "array":
        yield f"    for {item} in {value}:"
    else:
        key = names.fresh("key")
        yield f"    for {key}, {item} in {value}.items():"
        yield f"        write_string(writer, {key})"
    yield from indent(indent(write_lines(inner(kind), item, names, is_word)))
    yield "writer.append(0)"


def inner(kind: Type) -> Type:
    assert kind.item is not None
    return kind.item


def indent(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def read_lines(kind: Type, target: str, names: Names, is_word: bool) -> Iterator[str]:
    """Statements that read one value into the fresh local `target` and move `position` on."""
    if kind.kind in FIXED:
        expression, size = FIXED[kind.kind]
        yield f"{target} = {expression.format('position')}"
        yield f"position += {size}"
    elif kind.kind == "enum":
        yield f"{target}, position = read_index(data, position, len({constant(kind.name)}_SYMBOLS))"
    elif kind.kind in READER:
        reader = READER["word" if is_word and kind.kind == "string" else kind.kind]
        yield f"{target}, position = {reader}(data, position)"
    elif kind.kind == "record":
        yield f"{target}, position = read_{kind.name}(data, position)"
    elif kind.kind == "optional":
        branch, item = names.fresh("branch"), names.fresh("item")
        yield f"{target}: {annotation(kind)} = None"
        yield f"{branch}, position = read_index(data, position, 2)"
        yield f"if {branch} == 1:"
        yield from indent(read_lines(inner(kind), item, names, is_word))
        yield f"    {target} = {item}"
    else:
        yield from read_block(kind, target, names, is_word)


def read_block(kind: Type, target: str, names: Names, is_word: bool) -> Iterator[str]:
    count, item = names.fresh("count"), names.fresh("item")
    yield f"{target}: {annotation(kind)} = {'[]' if kind.kind == 'array' else '{}'}"
    yield f"{count}, position = read_block(data, position)"
    yield f"while {count} > 0:"
    if kind.kind == "map":
        key = names.fresh("key")
        yield f"    {key}, position = read_word(data, position)"
    yield from indent(read_lines(inner(kind), item, names, is_word))
    store = f"{target}.append({item})" if kind.kind == "array" else f"{target}[{key}] = {item}"
    yield f"    {store}"
    yield f"    {count} -= 1"
    yield f"    if {count} == 0:"
    yield f"        {count}, position = read_block(data, position)"
