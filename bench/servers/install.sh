#!/bin/sh
# Fetch the servers and the browser that tests and measurements run against, into a folder of their own: nothing is installed into
# the system, nothing is started, and no root is needed.
#
#   sh bench/servers/install.sh [timescaledb] [mosquitto] [rtsp] [chromium]        (default: all four)
#
# The folder is $REDWHISTLE_SERVERS_DIR, or .servers in the checkout. What is already installed in the system is
# used as it is. Needs a Debian-like system (apt-get, dpkg-deb) for what is missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
servers=${REDWHISTLE_SERVERS_DIR:-$here/.servers}
mkdir -p "$servers"
servers=$(CDPATH='' cd -- "$servers" && pwd)

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

# Functions in round brackets run in a subshell, so that their variables stay their own.

# One installation at a time: several test processes may ask at once.
if [ "${REDWHISTLE_INSTALL_LOCKED:-}" != yes ] && command -v flock >/dev/null; then
    REDWHISTLE_INSTALL_LOCKED=yes exec flock "$servers/.lock" sh "$0" "$@"
fi

# apt-get over a state folder of its own: $1 is the folder, the rest are apt-get's words.
private_apt() (
    state=$1
    shift
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    apt-get -qq -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state/cache" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User=root -o APT::Get::AllowUnauthenticated=false "$@"
)

need_apt() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "$1"
}

# Unpack every package file of folder $1 into folder $2, without documentation.
unpack() {
    mkdir -p "$2"
    for package in "$1"/*.deb; do
        [ -e "$package" ] || continue
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$2" --no-same-owner --exclude='./usr/share/locale*' \
            --exclude='./usr/share/man*' --exclude='./usr/share/doc*' --exclude='./usr/share/icons*' \
            --exclude='*/bitcode*' --exclude='*/gconv*' --exclude='*llvmjit*'
    done
}

# The packages of this system's own release named by $2… , with what they need and the system lacks, into $servers/$1.
fetch() (
    name=$1
    shift
    need_apt "cannot fetch $*: this is not a Debian-like system. Install them with its own means"
    echo "fetching $name: $*" >&2
    rm -rf "${servers:?}/$name.new"
    state=$servers/$name.new/apt
    private_apt "$state" update >&2
    private_apt "$state" install --reinstall --download-only --no-install-recommends -y "$@" >&2 ||
        fail "apt-get cannot find $*: check its package sources"
    unpack "$state/cache/archives" "$servers/$name.new/root"
    rm -rf "$state"
    rm -rf "${servers:?}/$name"
    mv "$servers/$name.new" "$servers/$name"
)

get_mosquitto() {
    [ ! -x "$servers/mosquitto/root/usr/sbin/mosquitto" ] || return 0
    [ -z "$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto)" ] || return 0
    fetch mosquitto mosquitto
}

get_rtsp() {
    [ ! -d "$servers/rtsp/root" ] || return 0
    [ -x /usr/bin/python3 ] || fail "the RTSP server runs on the system's own Python: install python3"
    fetch rtsp gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
        gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
}

# A browser, and a font with Chinese characters: without one a page is laid out with boxes in their place.
get_chromium() {
    if [ ! -x "$servers/chromium/root/usr/lib/chromium/chromium" ] && [ -z "${REDWHISTLE_CHROMIUM:-}" ]; then
        found=
        for name in chromium chromium-browser google-chrome google-chrome-stable; do
            ! command -v "$name" >/dev/null || found=$name
        done
        [ -n "$found" ] || fetch chromium chromium libnss3
    fi
    [ ! -d "$servers/fonts/root" ] || return 0
    [ -z "$(find /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.fonts" \( -iname '*wqy*' -o -iname \
        '*cjk*' -o -iname '*sourcehan*' -o -iname '*source-han*' -o -iname '*uming*' -o -iname '*droidsansfallback*' \) \
        2>/dev/null | head -n 1)" ] || return 0
    fetch fonts fonts-wqy-microhei
}

# PostgreSQL 17 with TimescaleDB. Debian 13 and later have it as packages; for Debian 12 the packages of 13 are
# unpacked with the C library they were built for, and the binaries are pointed to that one.
get_timescaledb() {
    [ ! -f "$servers/timescaledb/bin_dir" ] || return 0
    for folder in /usr/lib/postgresql/*/; do
        if [ -x "${folder}bin/initdb" ] && [ -e "${folder}lib/timescaledb.so" ]; then
            mkdir -p "$servers/timescaledb"
            echo "${folder}bin" >"$servers/timescaledb/bin_dir"
            return 0
        fi
    done
    # shellcheck disable=SC1091
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    hint="a test run can use a server of yours instead: set REDWHISTLE_TEST_DATABASE_URL"
    need_apt "no PostgreSQL with TimescaleDB here, and this is not a Debian-like system; $hint"
    [ "$(dpkg --print-architecture)" = amd64 ] || [ "$release" != bookworm ] ||
        fail "TimescaleDB is unpacked on amd64 only; $hint"
    case $release in
    bookworm) timescaledb_of_trixie ;;
    *)
        [ "$(id -u)" = 0 ] || fail "run this as root, or: apt-get install postgresql-17-timescaledb; $hint"
        # Without postgresql-common's own cluster, so that nothing starts.
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        apt-get -qq update >&2
        DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql-17 \
            postgresql-17-timescaledb >&2 || fail "apt-get has no postgresql-17-timescaledb; $hint"
        get_timescaledb
        ;;
    esac
}

timescaledb_of_trixie() {
    new=$servers/timescaledb.new
    rm -rf "${new:?}"
    state=$new/apt
    mkdir -p "$state"
    echo "fetching timescaledb: PostgreSQL 17 and TimescaleDB of Debian 13" >&2
    patchelf=$(command -v patchelf) || {
        [ -x "$servers/patchelf/root/usr/bin/patchelf" ] || fetch patchelf patchelf
        patchelf=$servers/patchelf/root/usr/bin/patchelf
        [ -x "$patchelf" ] || fail "patchelf could not be unpacked: apt-get install patchelf"
    }
    trixie_sources >"$state/trixie.list"
    [ -s "$state/trixie.list" ] || fail "no Debian source found in /etc/apt to take the packages of Debian 13 from"
    : >"$state/status"
    set -- -o "Dir::Etc::SourceList=$state/trixie.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State::status=$state/status"
    private_apt "$state" "$@" update >&2
    # With an empty status file apt-get would add all of Debian's essential packages; what the two servers load is this:
    mkdir -p "$state/debs"
    (cd "$state/debs" && private_apt "$state" "$@" download postgresql-17 postgresql-client-17 \
        postgresql-17-timescaledb libpq5 libc6 libgcc-s1 libstdc++6 libgssapi-krb5-2 libk5crypto3 libkrb5-3 \
        libkrb5support0 libkeyutils1 libcom-err2 libicu76 libldap2 libsasl2-2 liblz4-1 libpam0g libaudit1 \
        libcap-ng0 libselinux1 libpcre2-8-0 libssl3t64 libsystemd0 libcap2 libuuid1 libxml2 libxslt1.1 liblzma5 \
        libzstd1 zlib1g libreadline8t64 libtinfo6 libxxhash0 tzdata >&2)
    unpack "$state/debs" "$new/root"
    rm -rf "$state" "${new:?}/root/etc"
    # The loader's path is written into the binaries: it must be the final place.
    final=$servers/timescaledb
    libraries=$final/root/usr/lib/x86_64-linux-gnu
    for binary in "$new"/root/usr/lib/postgresql/17/bin/*; do
        "$patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" --set-rpath "$libraries" --force-rpath \
            "$binary" 2>/dev/null || true # scripts among them
    done
    echo "$final/root/usr/lib/postgresql/17/bin" >"$new/bin_dir"
    rm -rf "${final:?}"
    mv "$new" "$final"
    "$final/root/usr/lib/postgresql/17/bin/postgres" --version >/dev/null ||
        fail "the unpacked PostgreSQL does not run on this machine; $hint"
}

# This system's Debian source as one line for the suite trixie: the first stanza or line for bookworm.
trixie_sources() {
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '
        function flush() { if (uris != "" && suites ~ /(^| )bookworm( |$)/ && !done) {
            print "deb " (key != "" ? "[signed-by=" key "] " : "") uris " trixie main"; done = 1 } uris = suites = key = "" }
        /^[ \t]*$/ { flush() }
        /^URIs:/ { uris = $2 } /^Suites:/ { sub(/^Suites:[ \t]*/, ""); suites = $0 } /^Signed-By:/ { key = $2 }
        /^Types:/ { flush() }
        END { flush() }'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk '$1 == "deb" && / bookworm / && !done { sub(/ bookworm .*/, " trixie main"); print; done = 1 }'
}

[ $# -gt 0 ] || set -- timescaledb mosquitto rtsp chromium
for wanted in "$@"; do
    case $wanted in
    timescaledb | mosquitto | rtsp | chromium) "get_$wanted" ;;
    *) fail "nothing here is called $wanted: timescaledb, mosquitto, rtsp or chromium" ;;
    esac
done
