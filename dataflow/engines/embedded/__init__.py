"""The embedded engine: one process, one writer, compiled; interpreted, a loop of that mode takes over (decision 10)."""

from dataflow.engines.embedded import core

if core.__file__.endswith(".py"):
    from dataflow.engines.embedded import interpreted_core

    interpreted_core.take_over()
