#!/bin/sh
# Make an environment in $1 that holds uv, verified by the hashes in requirements.lock.
set -eu
venv=$1

usable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

if [ -x "$venv/bin/uv" ] && "$venv/bin/python" -c "$usable" 2>/dev/null; then
    exit 0
fi

python= found=
for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    "$name" -c "$usable" 2>/dev/null || continue
    found=${found:-$name}
    # Some systems ship Python without the two modules that make an environment.
    if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        python=$name
        break
    fi
done

if [ -z "$found" ]; then
    echo "setup: sisbridge needs Python 3.11, 3.12 or 3.13, and none was found; install one (for example the package python3.13) and run make again." >&2
    exit 1
fi
if [ -z "$python" ]; then
    version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "setup: Python $version here cannot make environments; install the package python$version-venv (or python3-venv) and run make again." >&2
    exit 1
fi

echo "setup: making $venv with $("$python" --version)"
rm -rf "$venv"
"$python" -m venv "$venv"
pins=$venv/uv.txt
awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements.lock > "$pins"
pip_install() {
    "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check --require-hashes -r "$pins"
}
# First without anyone's own pip settings, which can break an environment; then with them, because
# they may name the only mirror that this machine can reach. The hashes hold either way.
pip_install --isolated install --retries 1 2>/dev/null || PIP_USER=0 pip_install install
rm -f "$pins"
