#!/bin/sh
# Installs the vendors' Python SDKs that the tests with real clients need, exactly as pinned, into
# tests/server/clients/python. Exits 77 where Python cannot make an environment of its own.
set -eu
clients=$(cd "$(dirname "$0")/../server/clients" && pwd)
python3 -c 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
    echo "python_clients.sh: Python 3.10 or newer with its venv module is needed (python3-venv)" >&2
    exit 77
}
stamp="$clients/python_modules/.lock-sum"
sum=$(cat "$clients/requirements.txt" "$0" | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    exit 0
fi
rm -rf "$clients/python_modules"
python3 -m venv "$clients/python_modules"
"$clients/python_modules/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    -r "$clients/requirements.txt"
echo "$sum" >"$stamp"
