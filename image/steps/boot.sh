# shellcheck shell=bash
# The initial ramdisk, and the FAT partition with the files for the Pi's firmware and for people.

make_initramfs() {
    local tree=$work/initramfs modules=usr/lib/modules/$kernel_version
    mkdir -p "$tree/bin" "$tree/$modules"
    ln -s usr/lib "$tree/lib"
    cp "$work/root/usr/bin/busybox" "$tree/bin/"
    cp image/initramfs/init "$tree/init"
    chmod 755 "$tree/init"
    (
        cd "$work/root/$modules" || exit
        cp --parents --target-directory "$tree/$modules" modules.builtin modules.order
        xargs -a "$work/initramfs-modules" cp --parents --target-directory "$tree/$modules"
    )
    depmod --basedir "$tree/usr" "$kernel_version"
    find "$tree" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
    (cd "$tree" && find . -print0 | sort -z | cpio --quiet --null --create --format newc --owner 0:0 --reproducible) |
        zstd -q -19 --no-progress >"$out/emulator/initrd.img"
}

fill_boot() {
    local where what names target
    cp "$board/config.txt" "$board/cmdline.txt" "$work/boot/"
    while read -r where what; do
        if [ "$where" = boot ]; then cp "$work/root/usr/lib/raspi-firmware/$what" "$work/boot/"; fi
    done <"$board/firmware.list"
    rm -rf "$work/root/usr/lib/raspi-firmware"
    while read -r -a names; do
        for target in "${names[@]}"; do cp "$work/dtbs/${names[0]}" "$work/boot/$target"; done
    done < <(grep -v '^#' "$board/dtbs.list")
    rm -rf "$out/emulator/dtbs"
    mkdir "$out/emulator/dtbs"
    cp "$work/boot"/*.dtb "$out/emulator/dtbs/"
    gzip -9 --no-name --stdout "$out/emulator/Image" >"$work/boot/kernel8.img"
    cp "$out/emulator/initrd.img" "$work/boot/"
    # Text for whoever opens the card on a PC, with the line ends that every PC shows.
    sed 's/$/\r/' image/boot/README.txt >"$work/boot/README.txt"
    sed 's/$/\r/' image/appliance/appliance.toml >"$work/boot/appliance.toml"
    mkdir "$work/boot/licences"
    cp "$work/root/usr/share/doc/raspi-firmware/copyright" "$work/boot/licences/raspi-firmware.txt"
    cp "$work/root/usr/share/doc/firmware-brcm80211/copyright" "$work/boot/licences/wifi-firmware.txt"
    cp LICENSE "$work/boot/licences/portcullis.txt"
    image/licences aarch64-unknown-linux-musl portcullis portcullis-appliance | sed 's/\r$//; s/$/\r/' >"$work/boot/licences/programs.txt"
}
