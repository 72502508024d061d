# shellcheck shell=bash
# Keeps only those of the kernel's modules, device trees and firmware that the board's lists name, and their dependencies.

pick_kernel() {
    local root=$work/root tree
    tree=$(echo "$root"/usr/lib/modules/*)
    [ -e "$tree/vmlinuz" ] || fail "not one kernel among the packages: $tree"
    kernel_version=${tree##*/}
    mv "$tree/vmlinuz" "$out/emulator/Image"
    mkdir "$work/dtbs"
    cp "$tree"/dtb/broadcom/*.dtb "$work/dtbs/"
    rm -rf "$tree/dtb" "$tree/System.map" "$tree/config"
    depmod --basedir "$root/usr" "$kernel_version"
    with_dependencies "$tree" "$board/initramfs-modules.list" >"$work/initramfs-modules"
    with_dependencies "$tree" "$board/initramfs-modules.list" "$board/modules.list" >"$work/modules"
    (cd "$tree" && find kernel -name '*.ko*' | sort | comm -23 - "$work/modules" | xargs rm -f)
    # Plain: the file system packs them better than they pack themselves, and BusyBox reads no other.
    find "$tree/kernel" -name '*.ko.xz' -exec xz --decompress {} +
    sed -i 's/\.xz$//' "$work/initramfs-modules"
    find "$tree" -maxdepth 1 -type f ! -name modules.order ! -name 'modules.builtin*' -delete
    find "$tree" -type d -empty -delete
    depmod --basedir "$root/usr" "$kernel_version"
    pick_firmware
}

# with_dependencies TREE LIST…  prints the files of the modules that the lists name, and of those that they need.
with_dependencies() {
    local tree=$1
    shift
    awk -v tree="$tree" '
        function plain(path) { sub(/.*\//, "", path); sub(/\.ko.*/, "", path); gsub(/-/, "_", path); return path }
        FILENAME == tree "/modules.dep" {
            file = $1; sub(/:$/, "", file)
            of[plain(file)] = file; needs[file] = substr($0, length($1) + 2); next
        }
        FILENAME == tree "/modules.builtin" { builtin[plain($1)] = 1; next }
        /^(#|$)/ { next }
        {
            module = plain($1)
            if (module in builtin) next
            if (!(module in of)) { print FILENAME ": this kernel has no module " $1 > "/dev/stderr"; bad = 1; next }
            print of[module]
            count = split(needs[of[module]], more, " ")
            for (i = 1; i <= count; i++) print more[i]
        }
        END { exit bad }' "$tree/modules.dep" "$tree/modules.builtin" "$@" | sort -u
    [ "${PIPESTATUS[0]}" -eq 0 ] || fail "a list in $board names a module that is not there"
}

pick_firmware() {
    local firmware=$work/root/usr/lib/firmware where pattern
    mv "$firmware" "$work/firmware"
    mkdir "$firmware"
    (
        cd "$work/firmware" || exit
        while read -r where pattern; do
            if [ "$where" = root ]; then find . -path "./$pattern" -print0; fi
        done <"$OLDPWD/$board/firmware.list" | xargs -0 cp -a --parents --target-directory "$firmware"
    )
    local link
    find "$firmware" -type l ! -name 'regulatory.db*' | while read -r link; do
        [ -e "$link" ] || fail "$link leads to firmware that is not in $board/firmware.list"
    done
}
