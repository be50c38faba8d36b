"""Resolves a document for one environment: overlays merged in, `${VAR:default}` replaced, secrets marked.

Secrets never stand in the file. They come from environment variables, and a value is a secret if its variable's name
or the name of the field it fills suggests one; such values are shown as ***.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Variables
from dataclasses import replace

import yaml

from dataflow.document.yaml_tree import TAG, Listing, Mapping, Node, Scalar, kind_name
from dataflow.errors import FaultList, Mark, suggestion

DEFAULT_ENVIRONMENT = "default"
SHARED_ALONE = ("environments", "version")
"""Top-level keys an overlay cannot change."""
IDENTIFIED_BY = "uid"
"""Lists of mappings that have this key are merged item by item."""
HIDDEN = "***"

REFERENCE = re.compile(r"\$(?:\$(?=\{)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<default>[^}]*))?\}|(?P<broken>\{))")
SECRET = re.compile(
    r"passw|passphrase|secret|credential|private|token$|apikey$|[_-]key$",
    re.IGNORECASE,
)
USER_INFO = re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)")
PLAIN = re.compile(r"[\w.+-]+")
"""Text that may be a number, a truth value or a word, and no other YAML."""
NOT_SECRET = re.compile(r"(?:file|path|folder|routing_key|partition_key)$", re.IGNORECASE)
"""Where a secret is kept, or a key that routes: no secret itself."""


def resolve(root: Mapping, environment: str, variables: Variables[str, str], faults: FaultList) -> Mapping:
    """The document as this environment sees it, without `environments`. Adds to `faults`."""
    overlay = _overlay(root, environment, faults)
    entries = {name: node for name, node in root.entries.items() if name != "environments"}
    merged = _merge(replace(root, entries=entries), overlay)
    assert isinstance(merged, Mapping)
    found = _Substitution(variables, faults).node(merged, "", "")
    assert isinstance(found, Mapping)
    return found


def _overlay(root: Mapping, environment: str, faults: FaultList) -> Mapping:
    """The chosen overlay; all of them are checked for shape."""
    none = Mapping(root.mark)
    overlays = root.entries.get("environments", none)
    if not isinstance(overlays, Mapping):
        faults.add(overlays.mark, "environments", f"is {kind_name(overlays)}", "write `name: {…}` for each environment")
        return none
    for name, overlay in overlays.entries.items():
        _check_overlay(name, overlay, faults)
    if environment != DEFAULT_ENVIRONMENT and environment not in overlays.entries:
        known = [DEFAULT_ENVIRONMENT, *overlays.entries]
        mark = root.keys.get("environments", root.mark)
        faults.add(mark, "environments", f"no environment is called {environment!r}", suggestion(environment, known))
    chosen = overlays.entries.get(environment, none)
    return chosen if isinstance(chosen, Mapping) else none


def _check_overlay(name: str, overlay: Node, faults: FaultList) -> None:
    place = f"environments.{name}"
    if not isinstance(overlay, Mapping):
        if not _is_null(overlay):
            faults.add(overlay.mark, place, f"is {kind_name(overlay)}", "write the parts that differ as a mapping")
        return
    for key in overlay.entries:
        if key in SHARED_ALONE:
            faults.add(overlay.keys[key], f"{place}.{key}", "an environment cannot change this", "remove it")


def _merge(under: Node, over: Node) -> Node:
    """`over` laid on `under`: mappings key by key (null removes one), lists of operators by uid, the rest replaced."""
    if isinstance(under, Mapping) and isinstance(over, Mapping):
        entries, keys = dict(under.entries), dict(under.keys)
        for name, node in over.entries.items():
            if _is_null(node):
                entries.pop(name, None)
                continue
            entries[name] = _merge(entries[name], node) if name in entries else node
            keys[name] = over.keys[name]
        return Mapping(under.mark, entries, keys)
    if isinstance(under, Listing) and isinstance(over, Listing) and over.items and all(map(_identity, over.items)):
        return _merge_items(under, over)
    return over


def _merge_items(under: Listing, over: Listing) -> Listing:
    changes = {_identity(item): item for item in over.items}
    items = [_merge(item, changes.pop(_identity(item), item)) for item in under.items]
    return Listing(under.mark, (*items, *changes.values()))


def _identity(node: Node) -> str | None:
    uid = node.entries.get(IDENTIFIED_BY) if isinstance(node, Mapping) else None
    return uid.text if isinstance(uid, Scalar) else None


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.kind == "null"


def is_secret_name(name: str) -> bool:
    """Whether a variable or field of this name holds a secret. A stream's or operator's `key` does not."""
    return SECRET.search(name) is not None and NOT_SECRET.search(name) is None


def masked(text: str) -> str:
    """The text without a password inside a URL."""
    return USER_INFO.sub(HIDDEN, text)


class _Substitution:
    """Replaces references to variables in every scalar."""

    def __init__(self, variables: Variables[str, str], faults: FaultList) -> None:
        self.variables = variables
        self.faults = faults

    def node(self, node: Node, place: str, name: str) -> Node:
        """`name` is the field that the value fills; items of a list fill the list's."""
        if isinstance(node, Mapping):
            parts = {key: self.node(value, f"{place}.{key}".lstrip("."), key) for key, value in node.entries.items()}
            return replace(node, entries=parts)
        if isinstance(node, Listing):
            uids = [_identity(item) or f"[{number}]" for number, item in enumerate(node.items)]
            places = [place + (uid if uid.startswith("[") else f".{uid}") for uid in uids]
            items = zip(node.items, places, strict=True)
            return replace(node, items=tuple(self.node(item, inside, name) for item, inside in items))
        return self.scalar(node, place, name)

    def scalar(self, node: Scalar, place: str, name: str) -> Scalar:
        secret = is_secret_name(name)
        references = [match for match in REFERENCE.finditer(node.text) if match["name"]]
        self._refuse_literal_secret(node, place, secret)
        if "$" not in node.text:
            return replace(node, secret=secret)
        text = REFERENCE.sub(lambda match: self._value(match, node.mark, place), node.text)
        secret = secret or any(is_secret_name(match["name"]) for match in references)
        return replace(node, text=text, substituted=bool(references), secret=secret)

    def _refuse_literal_secret(self, node: Scalar, place: str, secret: bool) -> None:
        """A password in clear, in a field, a default or a URL."""
        rest = REFERENCE.sub(lambda match: _default_of_secret(match, secret), node.text)
        if (secret and rest and node.kind != "null") or USER_INFO.search(rest):
            remedy = f"take it from the environment: ${{{_variable(place)}}}"
            self.faults.add(node.mark, place, "a secret stands in the file", remedy)

    def _value(self, match: re.Match[str], mark: Mark, place: str) -> str:
        if match["broken"]:
            remedy = "write ${NAME} or ${NAME:default}, and $${ for the characters themselves"
            self.faults.add(mark, place, "'${' begins no reference to a variable", remedy)
            return match[0]
        if not match["name"]:
            return "$"
        value, default = self.variables.get(match["name"]), match["default"]
        if value is None and default is None:
            remedy = f"set it, or give a default: ${{{match['name']}:default}}"
            self.faults.add(mark, place, f"the environment variable {match['name']} is not set", remedy)
            return ""
        return value or default or ""


def _default_of_secret(match: re.Match[str], secret: bool) -> str:
    """What of a reference stands in the file in clear."""
    if match["name"] and (secret or is_secret_name(match["name"])):
        return "".join((match["default"] or "").split())
    return ""


def _variable(place: str) -> str:
    """A good name for the variable of a place: SINKS_CLICKHOUSE_PASSWORD."""
    return re.sub(r"[^A-Za-z0-9]+", "_", place.replace(".parameters", "")).strip("_").upper()


def without_secrets(node: Node) -> yaml.Node:
    """The tree as YAML shows it: values as written or substituted, secrets that are set as ***."""
    if isinstance(node, Mapping):
        pairs = [(_plain(name), without_secrets(value)) for name, value in node.entries.items()]
        return yaml.MappingNode(f"{TAG}map", pairs, flow_style=False)
    if isinstance(node, Listing):
        items = [without_secrets(item) for item in node.items]
        short = all(isinstance(item, yaml.ScalarNode) for item in items)
        return yaml.SequenceNode(f"{TAG}seq", items, flow_style=short)
    if node.secret and node.text:
        return _plain(HIDDEN)
    text = masked(node.text)
    return _plain(text) if node.substituted else yaml.ScalarNode(f"{TAG}{node.kind}", text)


def _plain(text: str) -> yaml.ScalarNode:
    """Text as YAML reads it where it stands without quotes."""
    node = yaml.compose(text, Loader=yaml.SafeLoader) if PLAIN.fullmatch(text) else None
    return node if isinstance(node, yaml.ScalarNode) else yaml.ScalarNode(f"{TAG}str", text)
