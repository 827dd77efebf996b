#!/usr/bin/env bash
# packages.sh build|test|bench - installs those Debian 12 packages that are missing.
#
# The one list of what kabar needs from Debian. "build" is enough to build and run it, "test" adds
# what tests/run needs, "bench" the systems that bench/peer.sh runs beside kabar (Debian starts
# their servers unless /usr/sbin/policy-rc.d forbids it). Nothing is asked for when nothing is
# missing: no network, no root.
set -euo pipefail

# libc6-dev is named because gcc only recommends it.
build_packages=(
    cmake ninja-build gcc libc6-dev pkgconf
    libzmq3-dev libprotobuf-c-dev protobuf-c-compiler liblmdb-dev libuv1-dev libsodium-dev
    libzstd-dev libconfuse-dev libjansson-dev libsystemd-dev
    jq # deploy/quickstart reads the programs' answers with it
)
# clang, its runtime (fuzzing), what tests/lint looks with (nm, readelf too); the rest for tests of
# processes.
test_packages=(
    libcmocka-dev clang llvm libclang-rt-14-dev clang-format clang-tidy cppcheck binutils
    tcpdump iproute2 procps util-linux mount e2fsprogs libfuse3-dev fuse3 faketime python3
)
bench_packages=(
    rsyslog rsyslog-relp mosquitto mosquitto-clients libmosquitto-dev redis-server libhiredis-dev
    postgresql-15 libpq-dev iproute2 util-linux make
)

usage() {
    echo "usage: deploy/packages.sh build|test|bench" >&2
    exit 2
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints nothing on success unless something had to be installed.
install_missing() {
    local missing=() as_root=() package
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "packages: this is not Debian or a relative; it needs the counterparts of: $*" >&2
        return 1
    fi
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "packages: neither root nor sudo; ask an administrator to run:" >&2
            echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "packages: installing ${missing[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${as_root[@]}" update </dev/null
    "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null
}

[ $# -eq 1 ] || usage
case $1 in
build) install_missing "${build_packages[@]}" ;;
test) install_missing "${build_packages[@]}" "${test_packages[@]}" ;;
bench) install_missing "${build_packages[@]}" "${bench_packages[@]}" ;;
*) usage ;;
esac
