"""Starts a registry, says its process id and waits: to be killed by a test."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from dataflow.services.registry import Registry

registry = Registry(Path(sys.argv[1])).start()
print(registry.pid, flush=True)
time.sleep(600)
