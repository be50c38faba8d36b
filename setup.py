"""Compiles the hot modules with mypyc where there is a C compiler; elsewhere installs the same source interpreted."""

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import setup

COMPILED = [
    "dataflow/model.py",
    "dataflow/engines/embedded/channels.py",
    "dataflow/engines/embedded/core.py",
    "dataflow/engines/embedded/lanes.py",
    "dataflow/engines/embedded/outbox.py",
    "dataflow/engines/embedded/slot_format.py",
    "dataflow/engines/embedded/slot_table.py",
    "dataflow/engines/embedded/slots.py",
    "dataflow/engines/embedded/watermarks.py",
    "dataflow/connectors/identity.py",
    "dataflow/connectors/kafka/decoder.py",
    "dataflow/connectors/kafka/messages.py",
    "dataflow/connectors/kafka/partitioner.py",
    "dataflow/connectors/kafka/partitions.py",
    "dataflow/connectors/kafka/reader.py",
    "dataflow/frames.py",
    "schemas/wire.py",
    "schemas/wire_maps.py",
    "schemas/wire_text.py",
    "schemas/generated/events.py",
    "schemas/generated/states.py",
    "operators/*.py",
    "jobs/feeds/*.py",
]
COLD = re.compile(r"^(extern .*\b(?:CPyDef_\w*__top_level__|CPyPy_\w+)\(.*\));$", re.MULTILINE)
"""Functions that run once, or only when interpreted code calls compiled code."""
PROFILE = {"record": ["-fprofile-generate"], "use": ["-fprofile-use", "-fprofile-partial-training"]}
"""By TAPELINE_PROFILE: a build that counts how often each branch is taken, and one, in the same folder, that is laid
out by these counts. See deploy/profiled.sh; gcc only."""
INLINING = [
    word
    for limit in ("inline-unit-growth=100", "max-inline-insns-auto=45", "large-function-growth=300")
    for word in ("--param", limit)
]
"""More of the small functions join those that call them than gcc does by itself: 2.4 % fewer instructions an order."""
NOT_COMPILED = {
    "operators/__init__.py",
    "operators/catalog.py",
    "operators/interpreted_forms.py",
    "jobs/feeds/__init__.py",
}


def can_compile() -> bool:
    """True if a C compiler and Python's headers are there."""
    compiler = os.environ.get("CC") or (sysconfig.get_config_var("CC") or "cc").split()[0]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\nint main(void) { return 0; }\n")
        include = f"-I{sysconfig.get_paths()['include']}"
        command = [compiler, include, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def extensions() -> list:
    if os.environ.get("TAPELINE_INTERPRETED"):
        return []
    if not can_compile():
        print("tapeline: no C compiler with Python's headers: interpreted, correct but slower", file=sys.stderr)
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - a machine without a compiler need not load it

    files = sorted({str(path) for pattern in COMPILED for path in Path().glob(pattern)} - NOT_COMPILED)
    modules = mypycify(files, opt_level="3", debug_level="0")
    profile = PROFILE.get(os.environ.get("TAPELINE_PROFILE", ""), [])
    for module in modules:
        flags = ["-fno-semantic-interposition", "-fvisibility=hidden", "-Wno-all", "-w", *INLINING, *profile]
        module.extra_compile_args = [*module.extra_compile_args, *flags]
        module.extra_link_args = [*module.extra_link_args, *profile]
    mark_cold(Path("build"))
    return modules


def mark_cold(folder: Path) -> None:
    """Tell the C compiler not to optimise functions that are not hot: it takes half the time then (and half of that
    again without the analyses behind warnings, `-Wno-all`)."""
    for header in folder.glob("__native_internal_*.h"):
        header.write_text(COLD.sub(r"\1 __attribute__((cold, optimize(0)));", header.read_text()))


setup(ext_modules=extensions())
