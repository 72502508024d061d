# shellcheck shell=bash
# The bill of materials (SPDX 2.3, JSON): every Debian package of the lock, every crate in the two programs and what
# compiled and linked these, as they tell it themselves.

write_bill() {
    local crates=$work/crates compilers
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
    awk -v compilers="The programs in it were made by: ${compilers//$'\n'/; }" -v created="$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" \
        -v digest="$(sha256sum <"$work/materials" | cut -d' ' -f1)" -v name="$product" '
        function text(value) { gsub(/["\\]/, "\\\\&", value); return "\"" value "\"" }
        function id(value) { gsub(/[^A-Za-z0-9.-]/, "-", value); return value }
        FILENAME != ARGV[2] {
            if ($1 == "name") crate = $3
            if ($1 == "version") number = $3
            if ($1 == "checksum") sum[crate " " number] = $3
            next
        }
        {
            entry = ""
            if ($1 == "deb") {
                part = "SPDXRef-deb-" id($2)
                arch = $6; sub(/.*_/, "", arch); sub(/\.deb$/, "", arch)
                hash = $4; license = "NOASSERTION"; from = "NOASSERTION"
                url = "pkg:deb/debian/" $2 "@" $3 "?arch=" arch
                note = ", \"comment\": " text("its licences: usr/share/doc/" $2 "/copyright in the image")
            } else {
                part = "SPDXRef-crate-" id($2 "-" $3)
                hash = sum["\"" $2 "\" \"" $3 "\""]; gsub(/"/, "", hash)
                license = ""; for (i = 4; i <= NF; i++) license = license (i > 4 ? " " : "") $i
                gsub(/\//, " OR ", license)
                if (license == "") license = "NOASSERTION"
                from = "NOASSERTION"; url = "pkg:cargo/" $2 "@" $3; note = ""
            }
            gsub(/\+/, "%2B", url); gsub(/~/, "~", url)
            entry = "    {\"SPDXID\": " text(part) ", \"name\": " text($2) ", \"versionInfo\": " text($3) \
                ", \"downloadLocation\": " text(from) ", \"filesAnalyzed\": false, \"licenseDeclared\": " text(license) note
            if (hash != "") entry = entry ", \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": " text(hash) "}]"
            entry = entry ", \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": " text(url) "}]}"
            packages = packages ",\n" entry
            links = links ",\n    {\"spdxElementId\": \"SPDXRef-image\", \"relationshipType\": \"CONTAINS\", \"relatedSpdxElement\": " text(part) "}"
        }
        END {
            print "{"
            print "  \"spdxVersion\": \"SPDX-2.3\", \"dataLicense\": \"CC0-1.0\", \"SPDXID\": \"SPDXRef-DOCUMENT\","
            print "  \"name\": " text(name) ", \"documentNamespace\": " text("urn:sha256:" digest) ","
            print "  \"creationInfo\": {\"created\": " text(created) ", \"creators\": [\"Tool: image/build\"]},"
            print "  \"comment\": " text(compilers) ","
            print "  \"packages\": ["
            printf "    {\"SPDXID\": \"SPDXRef-image\", \"name\": %s, \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false}", text(name)
            print packages
            print "  ],"
            print "  \"relationships\": ["
            printf "    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-image\"}"
            print links
            print "  ]"
            print "}"
        }' Cargo.lock "$work/materials" >"$out/$product.spdx.json"
}
