#!/bin/sh
# Builds the compiled modules into the folder DIR by profile: compile, run both jobs, compile again by what was counted.
# `profiled.sh DIR PYTHON`, in the tree; gcc only, about twice the time of an ordinary build.
set -eu
folder=$1
python=$2
mkdir -p "$folder"
cp -R dataflow schemas jobs operators tests pipelines.yaml setup.py pyproject.toml README.md "$folder"
cd "$folder"
TAPELINE_PROFILE=record "$python" setup.py --quiet build_ext --inplace --force
PYTHONPATH="$PWD" "$python" tests/bench/training.py
TAPELINE_PROFILE=use "$python" setup.py --quiet build_ext --inplace --force
