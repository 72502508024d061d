# shellcheck shell=bash
# The bill of materials (SPDX 2.3, JSON): every Debian package of the lock, every crate in the two programs, and the
# compiler and linker that built them, with the versions that they report.

write_bill() {
    local crates=$work/crates compilers digest
    cargo tree --locked --package portcullis --package portcullis-appliance --edges normal,build \
        --target aarch64-unknown-linux-musl --prefix none --format '{p}|{l}' >"$crates"
    compilers=$(readelf --string-dump=.comment "$work/programs"/* | sed -n 's/^ *\[[ 0-9a-f]*\] *//p' | sort -u)
    grep -q '^rustc version ' <<<"$compilers" || fail "the programs do not tell which compiler made them"
    {
        grep -v '^#' "$lock" | sed 's/^/deb /'
        # What is behind the version is a place, or a mark: (proc-macro), (*). A blank line parts the two programs.
        awk -F '|' 'NF { sub(/ \(\*\)$/, "", $2); split($1, part, " "); sub(/^v/, "", part[2]); print "crate", part[1], part[2], $2 }' \
            "$crates" | sort -u
    } >"$work/materials"
    digest=$(sha256sum <"$work/materials" | cut -d' ' -f1)
    jq --null-input --raw-input --arg name "$product" --arg created "$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" \
        --arg digest "$digest" --arg compilers "The programs in it were made by: ${compilers//$'\n'/; }" \
        --rawfile lock Cargo.lock --from-file image/steps/bill.jq "$work/materials" >"$out/$product.spdx.json"
}
