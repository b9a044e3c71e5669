#!/bin/sh
# A certificate authority, the broker's certificate and the server's, for a first set-up.
#
#   sh docker/mosquitto/make-certificates.sh FOLDER [NAME-OR-ADDRESS…]
#
# Each further word is a name or an IPv4 address under which boxes reach the broker. What is there already is kept:
# run it again with the same folder to renew nothing, or delete a file to have it made anew. Keep ca.key offline.
set -eu

[ $# -ge 1 ] || {
    echo "usage: make-certificates.sh FOLDER [NAME-OR-ADDRESS...]" >&2
    exit 2
}
folder=$1
shift
umask 077
mkdir -p "$folder"
cd "$folder"

alternatives=DNS:mosquitto,DNS:localhost,IP:127.0.0.1
for name in "$@"; do
    case $name in
    *[!0-9.]*) alternatives=$alternatives,DNS:$name ;;
    *) alternatives=$alternatives,IP:$name ;;
    esac
done

if [ ! -e ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -keyout ca.key -out ca.crt \
        -subj "/CN=RedWhistle authority" -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
fi

# issue FILE COMMON-NAME EXTENSIONS
issue() {
    [ ! -e "$1.crt" ] || return 0
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" \
        -subj "/CN=$2" 2>/dev/null
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n%b\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile "$1.ext" \
        -out "$1.crt" 2>/dev/null
    rm -f "$1.csr" "$1.ext"
}
issue server mosquitto "extendedKeyUsage=serverAuth\nsubjectAltName=$alternatives"
issue redwhistle-server RedWhistle-Server "extendedKeyUsage=clientAuth"

# The broker reads its key as its own user; nobody else is let into the folder.
chmod 644 ca.crt server.crt redwhistle-server.crt
