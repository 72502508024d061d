# shellcheck shell=bash disable=SC2031,SC2154 # the array is made by a function; $tools is machine.sh's
# An emulator of a Raspberry Pi 3: QEMU 9 or newer, for whole systems with ARM processors.
#
# Sourced after machine.sh, from the top of the project. If the machine's own release has an older one, the version from its
# backports is unpacked into the tools folder with its libraries; the machine itself stays unchanged.

readonly qemu_wanted=9

is_good_qemu() {
    local version
    version=$("$1" --version 2>/dev/null | sed -n '1s/.*version \([0-9.]*\).*/\1/p') || return 1
    [ -n "$version" ] && at_least "$version" "$qemu_wanted"
}

# need_emulator  leaves the path of a qemu-system-aarch64 that is new enough in $QEMU.
need_emulator() {
    if QEMU=$(first_good is_good_qemu "${QEMU:-}" "$(command -v qemu-system-aarch64 || true)" "$tools/qemu-system-aarch64"); then
        return 0
    fi
    command -v apt-get >/dev/null || fail "QEMU $qemu_wanted or newer is needed: name its qemu-system-aarch64 with QEMU=…"
    local suite
    # shellcheck source=/dev/null # the machine's own
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    if [ "$suite" = bookworm ]; then
        say "fetching QEMU from $suite-backports"
        again fetch_qemu "$suite"
        QEMU=$tools/qemu-system-aarch64
    else
        need_packages qemu-system-aarch64:qemu-system-arm
        QEMU=$(command -v qemu-system-aarch64)
    fi
    is_good_qemu "$QEMU" || fail "QEMU $qemu_wanted or newer is needed and was not found: name one with QEMU=…"
}

fetch_qemu() (
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    private_apt "$work" "$(dpkg --print-architecture)" "$1 main" "$1-backports main"
    apt-get "${apt_options[@]}" update
    # As if nothing were installed, so that every library comes along; but the C library is the machine's own.
    apt-get "${apt_options[@]}" -t "$1-backports" --no-install-recommends --yes --print-uris install qemu-system-arm |
        sed -n "s/^'[^']*' \([^_]*\)_.*/\1/p" | grep -vE '^(libc6|gcc-.*|libgcc-s1|passwd|adduser|debconf|libpam.*)$' >"$work/names"
    mkdir -p "$work/tree" "$tools"
    cd "$work" || exit
    xargs apt-get "${apt_options[@]}" -t "$1-backports" download <"$work/names"
    for package in ./*.deb; do dpkg -x "$package" tree; done
    cat >tree/qemu-system-aarch64 <<'END'
#!/bin/sh
# QEMU with the libraries that were unpacked beside it.
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu):$(echo "$here"/lib/*-linux-gnu)
QEMU_MODULE_DIR=$(echo "$here"/usr/lib/*-linux-gnu/qemu)
export LD_LIBRARY_PATH QEMU_MODULE_DIR
exec "$here/usr/bin/qemu-system-aarch64" -L "$here/usr/share/qemu" "$@"
END
    chmod +x tree/qemu-system-aarch64
    # Renamed into place: a fetch that is cut off leaves no half program behind.
    rm -rf "$tools/qemu"
    mv tree "$tools/qemu"
    ln -sf qemu/qemu-system-aarch64 "$tools/qemu-system-aarch64"
)
