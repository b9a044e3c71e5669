#!/bin/sh
# Print the newest Python here that RedWhistle runs on and that can make a virtual environment; explain where none is.
set -eu

found=
for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    # A name may be a shim that only says that the version is not chosen: it must run.
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
    found=$name
    if "$name" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$name"
        exit 0
    fi
done

if [ -n "$found" ]; then
    echo "$found has no means to make a virtual environment: on Debian or Ubuntu, apt-get install python3-venv" >&2
else
    echo "RedWhistle needs Python 3.11 or newer, and there is none on the PATH: on Debian 12 or Ubuntu 24.04 and" \
        "later, apt-get install python3 python3-venv" >&2
fi
exit 1
