"""Why there is no schema for an id that a message names."""

from __future__ import annotations

from dataflow.ports import InputFault


class UnknownSchemaId(ValueError):
    """The registry knows no schema of this id."""


class RegistryAway(InputFault):
    """The registry does not answer, and the schema was not asked for before."""
