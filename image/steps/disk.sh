# shellcheck shell=bash
# The file systems and the disk, written as plain files: no mount, no loop device.

make_filesystems() {
    local file
    rm -f "$work/root.squashfs" "$work/boot.vfat"
    mksquashfs "$work/root" "$work/root.squashfs" -quiet -no-progress -noappend -all-root -comp zstd \
        -Xcompression-level 12 -b 256K
    [ "$(stat -c %s "$work/root.squashfs")" -le $((system_size << 20)) ] || fail "the system does not fit into $system_size MiB"
    mkfs.vfat -C -F 32 -n "$boot_label" -i "$disk_id" --invariant "$work/boot.vfat" $((boot_size << 10)) >/dev/null
    find "$work/boot" -exec touch --date "@$SOURCE_DATE_EPOCH" {} +
    (
        cd "$work/boot" || exit
        find . -mindepth 1 -type d | sort | while read -r file; do mmd -i "$work/boot.vfat" "::${file#.}"; done
        find . -type f | sort | while read -r file; do mcopy -m -i "$work/boot.vfat" "$file" "::${file#.}"; done
    )
}

make_disk() {
    local disk=$work/disk.img
    truncate --size $((data_start))M "$disk"
    sfdisk --quiet "$disk" <<END
label: dos
label-id: 0x$disk_id
start=${boot_start}MiB, size=${boot_size}MiB, type=c, bootable
start=${system_start}MiB, size=${system_size}MiB, type=83
start=${spare_start}MiB, size=${system_size}MiB, type=83
END
    dd if="$work/boot.vfat" of="$disk" bs=1M seek=$boot_start conv=notrunc,sparse status=none
    dd if="$work/root.squashfs" of="$disk" bs=1M seek=$system_start conv=notrunc,sparse status=none
    # Two threads whatever the machine has: their number is in the bytes.
    xz --threads=2 -3 --stdout "$disk" >"$out/$product.img.xz.new"
    mv "$disk" "$out/$product.img"
    mv "$out/$product.img.xz.new" "$out/$product.img.xz"
}
