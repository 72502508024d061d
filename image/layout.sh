# shellcheck shell=bash disable=SC2034 # used by scripts that source this
# The layout of the card. A Pi 3's firmware reads no GPT, so the table is an MBR with four entries. Partitions can never be
# moved on a card in use, so there is room for a second system from the start. Sizes are in MiB.
readonly disk_id=67617465 # also in fstab, cmdline.txt and the FAT's serial number: PARTUUID=67617465-0N
readonly boot_start=4
readonly boot_size=96
readonly system_size=160
readonly boot_label=PCBOOT
readonly data_label=PCDATA
# 1 boot, FAT32; 2 system, squashfs; 3 kept free for the next system; 4 data, ext4, made at the first boot from here to
# the end of the card.
readonly system_start=$((boot_start + boot_size))
readonly spare_start=$((system_start + system_size))
readonly data_start=$((spare_start + system_size))
# What people download, at most, in millions of bytes.
readonly download_limit=90
