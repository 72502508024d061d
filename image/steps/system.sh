# shellcheck shell=bash
# The root file system: does what maintainer scripts would have done, copies the overlay, and removes what is not used.

configure_system() {
    local root=$work/root link
    # Users and groups are fixed, because what they own on /var outlives this system.
    cp -a image/overlay/. "$root/"
    cp systemd/*.service systemd/*.socket "$root/usr/lib/systemd/system/"
    install -m 755 "$work/programs"/* "$root/usr/bin/"
    check_users
    cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
    # Alternatives are made by scripts as well.
    for link in "$root"/usr/lib/firmware/regulatory.db{,.p7s}; do
        ln -sf "$(basename "$link")-debian" "$link"
    done
    # Mount points, and what lies under /var until the real one is mounted over it.
    rm -rf "${root:?}"/{var,home,media,mnt,opt,srv,boot}
    mkdir -p "$root"/boot/firmware "$root"/home "$root"/srv "$root"/var/{tmp,lib,log,cache,spool}
    ln -s /run "$root/var/run"
    ln -s /run/lock "$root/var/lock"
    # systemd takes the date of this file for the earliest that can be.
    touch "$root/usr/lib/clock-epoch"
}

# Every user that a package would have made must be in our own list.
check_users() {
    local kind user rest missing=
    while read -r kind user rest; do
        case $kind in
        u | u!) grep -q "^$user:" image/overlay/etc/passwd || missing+=" $user" ;;
        g) grep -q "^$user:" image/overlay/etc/group || missing+=" $user" ;;
        esac
    done < <(cat "$work/root"/usr/lib/sysusers.d/{dbus,systemd-*}.conf systemd/sysusers.d/*.conf)
    [ -z "$missing" ] || fail "image/overlay/etc lacks these users or groups of the packages:$missing"
}

trim_system() {
    local pattern kind
    (
        cd "$work/root" || exit
        while read -r kind pattern; do
            case $kind in
            -) find . -path "./$pattern" ! -type d >>"$work/out" ;;
            +) find . -path "./$pattern" ! -type d >>"$work/kept" ;;
            esac
        done <"$OLDPWD/image/trim.list"
        sort -u "$work/kept" >"$work/kept.sorted"
        sort -u "$work/out" | comm -23 - "$work/kept.sorted" | tr '\n' '\0' | xargs -0 rm -f
        find usr/share usr/lib usr/include usr/libexec etc -depth -type d -empty \
            ! -path usr/lib/modules -delete 2>/dev/null || true
        rm -rf usr/games usr/include usr/local usr/src
    )
    link_busybox
    find "$work/root" ! -type l -exec chmod go-w,a+r,u+w {} +
    find "$work/root" -type d -exec chmod a+x {} +
    find "$work/root" -type f -perm /6000 -exec chmod a-s {} +
    chmod 600 "$work/root/etc/shadow"
    chmod 700 "$work/root/root"
    chmod 1777 "$work/root/tmp" "$work/root/var/tmp"
    find "$work/root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
}

link_busybox() {
    local applet bin=$work/root/usr/bin
    while read -r applet; do
        [ -e "$bin/$applet" ] || [ -e "$bin/../sbin/$applet" ] || ln -s busybox "$bin/$applet"
    done < <(grep -v '^#' image/busybox.list)
}
