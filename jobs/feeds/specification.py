"""What a source was asked for: `kind:place?option=value&…` from the command line, or a source of `pipelines.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from dataflow.ports import InputFault


@dataclass(frozen=True)
class Specification:
    """A source's kind, the file or folder it reads (empty for none) and its options, all text still."""

    kind: str
    place: str = ""
    options: dict[str, str] = field(default_factory=dict)

    def known(self, names: tuple[str, ...]) -> None:
        """Raises InputFault for an option that is none of these."""
        for name in self.options:
            if name not in names:
                raise InputFault(f"{self.kind}: no option is called '{name}'\n    {suggestion(name, names)}")

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """An option that is a whole number between bounds. Raises InputFault."""
        text = self.options.get(name, "").replace("_", "")
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            fact = f"{self.kind}: {name} is {text!r}, not a whole number from {least:,} to {most:,}"
            raise InputFault(f"{fact}\n    for example {name}={default}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """An option that is a list with commas."""
        return tuple(word.strip() for word in self.options.get(name, "").split(",") if word.strip())


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """The remedy for a wrong name: "did you mean …?", or all there are where none is close."""
    close = get_close_matches(name, known, 1)
    return f"did you mean '{close[0]}'?" if close else f"there are: {', '.join(known)}"


def parse_specification(text: str, placeless: tuple[str, ...]) -> Specification:
    """Takes `kind:place?a=1&b=2` apart; a kind in `placeless` has no place: `kind:a=1,b=2`. Raises InputFault."""
    kind, _, rest = text.partition(":")
    if kind in placeless:
        return Specification(kind, "", _options(text, rest.replace("&", ",").split(",")))
    place, _, options = rest.partition("?")
    return Specification(kind, place, _options(text, options.split("&")))


def declared_specification(kind: str, parameters: dict[str, Any]) -> Specification:
    """The specification of a source in a graph: `folder` or `file` is its place, all else are options."""
    options = {name: _text(value) for name, value in parameters.items()}
    place = options.pop("folder", "") or options.pop("file", "")
    options.pop("file", None)
    return Specification(kind, place, options)


def _options(text: str, parts: list[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if part and not equals:
            raise InputFault(f"{text}: '{part}' is no option\n    write options as name=value")
        if name.strip() in options:
            raise InputFault(f"{text}: the option '{name.strip()}' is given twice\n    leave one")
        if part:
            options[name.strip()] = value.strip()
    return options


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)
