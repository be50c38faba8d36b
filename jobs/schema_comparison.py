"""How two schemas of a topic compare, for connectors that know no schemas of this tree."""

from __future__ import annotations

import json

from schemas.compatibility import Severity, compare

BREAKING = (Severity.UNREADABLE, Severity.UNSAFE)


def incompatibilities(writer_json: str, reader_json: str) -> list[str]:
    """Why the reader's schema cannot read data of the writer's as it was meant, a line for each field. Both may be
    unions of records."""
    try:
        writer, reader = ({"name": "value", "type": json.loads(text)} for text in (writer_json, reader_json))
        findings = compare(writer, reader)
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        return [f"it is no schema that can be compared ({type(error).__name__}: {error})"]
    return [str(finding) for finding in findings if finding.severity in BREAKING]
