# shellcheck shell=bash
# The .debs of the lock: downloaded by path, stored by hash, unpacked without running any of their scripts.

# fetch_packages REFRESH  downloads all packages of $lock into $cache. If one is gone and REFRESH is "yes", sets $lock to a
# new lock.
fetch_packages() {
    if fetch_locked; then return 0; fi
    [ "$1" = yes ] || fail "the mirror no longer has what $lock names: image/lock writes a new one, and
    image/build --refresh builds from a new one without writing it there"
    cat <<END

***  The mirror no longer has some packages of $lock. This image is built from a fresh
***  resolution, and so differs from what that lock describes. Run image/lock and commit it.

END
    lock=$work/packages.lock
    image/lock "$lock"
    fetch_locked || fail "the mirror does not have what it has just offered"
}

fetch_locked() {
    local wanted=$work/wanted hash place debian security gone=0
    while read -r _ _ hash _ place; do
        [ -e "$cache/$hash" ] || echo "$hash $place"
    done < <(grep -v '^#' "$lock") >"$wanted"
    [ -s "$wanted" ] || return 0
    debian=$(debian_mirror debian) && security=$(debian_mirror debian-security) || exit
    sed -i "s|debian-security/|$security/|; s| debian/| $debian/|" "$wanted"
    echo "fetching $(wc -l <"$wanted") packages"
    # Six at a time; each is checked before it gets its name. One that is gone is no reason to stop the others.
    # shellcheck disable=SC2016 # expanded by the inner shell
    xargs -P 6 -L 1 sh -c '
        curl --silent --show-error --fail --location --retry 3 --retry-all-errors --connect-timeout 20 --output "$1/$2.part" "$3" &&
            [ "$(sha256sum "$1/$2.part" | cut -d" " -f1)" = "$2" ] && mv "$1/$2.part" "$1/$2" ||
            { rm -f "$1/$2.part"; echo "not as locked: ${3##*/}" >&2; }' \
        sh "$cache" <"$wanted"
    while read -r hash place; do
        [ -e "$cache/$hash" ] || gone=1
    done <"$wanted"
    return "$gone"
}

# Maintainer scripts are not run: system.sh does what is needed of them.
unpack_packages() {
    local hash
    # The first one brings the links that make /lib and /usr/lib one; the others must not replace them.
    { grep '^base-files ' "$lock" && grep -vE '^(#|base-files )' "$lock"; } >"$work/order"
    while read -r _ _ hash _; do
        dpkg-deb --fsys-tarfile "$cache/$hash" |
            tar --extract --no-same-owner --keep-directory-symlink --directory "$work/root"
    done <"$work/order"
}
