# Materials, one a line, as SPDX 2.3. Given: $name, $created, $digest, $compilers, and $lock, the text of Cargo.lock.

def id: gsub("[^A-Za-z0-9.-]"; "-");

def percent_encoded: gsub("\\+"; "%2B");

def package($kind; $name; $version; $sha256; $licence; $purl):
    {
        SPDXID: "SPDXRef-\($kind)-\($name | id)",
        name: $name,
        versionInfo: $version,
        downloadLocation: "NOASSERTION",
        filesAnalyzed: false,
        licenseDeclared: $licence,
        externalRefs: [{
            referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: ($purl | percent_encoded)
        }]
    }
    + if $sha256 then {checksums: [{algorithm: "SHA256", checksumValue: $sha256}]} else {} end;

# name version sha256 bytes place
def deb:
    . as [$name, $version, $sha256, $bytes, $place]
    | ($place | capture("_(?<is>[^_]+)\\.deb$").is) as $architecture
    | package("deb"; $name; $version; $sha256; "NOASSERTION"; "pkg:deb/debian/\($name)@\($version)?arch=\($architecture)")
    | .comment = "its licences: usr/share/doc/\($name)/copyright in the image";

# name version licence, which may be missing or of several words
def crate($sums):
    . as [$name, $version]
    | (.[2:] | join(" ") | gsub("/"; " OR ")) as $licence
    | package("crate"; $name; $version; $sums["\($name) \($version)"];
        if $licence == "" then "NOASSERTION" else $licence end; "pkg:cargo/\($name)@\($version)")
    # Two versions of a crate may be in one program.
    | .SPDXID += "-\($version | id)";

# "name version" to the checksum; the project's own crates have none.
def sums:
    [scan("name = \"(.*)\"\nversion = \"(.*)\"\n(?:source = .*\n)?checksum = \"(.*)\"")]
    | map({key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries;

($lock | sums) as $sums
| [inputs | split(" ") | if .[0] == "deb" then .[1:] | deb else .[1:] | crate($sums) end] as $packages
| {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: $name,
    documentNamespace: "urn:sha256:\($digest)",
    creationInfo: {created: $created, creators: ["Tool: image/build"]},
    comment: $compilers,
    packages: [{SPDXID: "SPDXRef-image", name: $name, downloadLocation: "NOASSERTION", filesAnalyzed: false}, $packages[]],
    relationships: [
        {spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-image"},
        ($packages[] | {spdxElementId: "SPDXRef-image", relationshipType: "CONTAINS", relatedSpdxElement: .SPDXID})
    ]
}
