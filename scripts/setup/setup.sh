#!/bin/sh
# Finds a Python of 3.11 or newer and hands over to install.py, which makes .venv.
# --python PATH takes that one instead. The versions seen to work come first.
set -eu
here=$(dirname "$0")

chosen=
previous=
for argument in "$@"; do
    if [ "$previous" = --python ]; then chosen=$argument; fi
    previous=$argument
done

supported() {
    "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

for python in "${chosen:-python3.11}" python3.12 python3.13 python3 python; do
    if supported "$python"; then exec "$python" "$here/install.py" "$@"; fi
    if [ -n "$chosen" ]; then
        echo "PYTHON=$chosen is no Python of 3.11 or newer with the module venv." >&2
        exit 1
    fi
done
echo "No Python of 3.11 or newer with the module venv was found: install python3.11 and" \
    "python3.11-venv, or name one with: make setup PYTHON=/path/to/python3.11" >&2
exit 1
