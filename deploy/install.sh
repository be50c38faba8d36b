#!/bin/sh
# Sets up the virtual environment: `install.sh locked DIR` installs the locked dependencies, `install.sh tree DIR` this
# tree, compiled where there is a C compiler. Uses uv where it is there, pip otherwise.
set -eu
step=$1
venv=$2

fail() {
    echo "tapeline: $1" >&2
    exit 1
}

find_python() {
    for candidate in "${PYTHON:-python3}" python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "needs Python 3.11 or 3.12; set PYTHON to one"
}

create() {
    [ -x "$venv/bin/python" ] && return
    python=$(find_python)
    if command -v uv >/dev/null; then
        uv venv --quiet --seed --python "$python" "$venv"
    else
        "$python" -m venv "$venv" || fail "'$python -m venv' failed; on Debian: apt-get install python3-venv"
    fi
}

install() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
}

case $step in
locked)
    create
    echo "tapeline: installing the locked dependencies into $venv"
    install --require-hashes -r requirements.lock
    ;;
tree)
    echo "tapeline: installing this tree into $venv (compiling takes a minute or two)"
    rm -rf build/lib* build/temp* build/bdist* ./*.egg-info
    # pip also without uv's cache of local builds, which does not see every changed file
    log=$(mktemp)
    "$venv/bin/python" -m pip install --no-deps --no-build-isolation --force-reinstall --no-cache-dir \
        --disable-pip-version-check --verbose . >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "the installation failed"; }
    grep -m 1 '^ *tapeline: no C compiler' "$log" || true
    rm -f "$log"
    ;;
*)
    fail "usage: install.sh locked|tree DIR"
    ;;
esac
