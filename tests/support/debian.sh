# shellcheck shell=bash
# Gets Debian packages without touching this machine's own: apt has its lists, state and cache in a separate folder, and
# uses the machine's mirror. Nothing in here needs root.
#
# Sourced, from the top of the project, by scripts that define `fail MESSAGE…`.

# Holds what the scripts download or compile, for all checkouts of this user; it can be deleted at any time. TOOLS=FOLDER
# selects another folder.
# shellcheck disable=SC2034 # used by scripts that source this
readonly tools=${TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/portcullis}

# debian_mirror ARCHIVE  prints where this machine's apt finds that archive ("debian" or "debian-security").
# $DEBIAN_MIRROR, the address that ends in "debian", comes first.
debian_mirror() {
    local mirror=${DEBIAN_MIRROR:-}
    if [ -n "$mirror" ]; then
        mirror=${mirror%/}
        echo "${mirror%/debian}/$1"
        return
    fi
    command -v apt-get >/dev/null || fail "this machine has no apt-get: name a Debian mirror with DEBIAN_MIRROR=…"
    # shellcheck disable=SC2016 # apt fills these in
    mirror=$(apt-get indextargets --format '$(SITE) $(COMPONENT)' | sed 's/\/ / /' |
        awk -v end="/$1" '$2 == "main" && substr($1, length($1) - length(end) + 1) == end && !found { print $1; found = 1 }')
    if [ -z "$mirror" ] && [ "$1" != debian ]; then
        mirror=$(debian_mirror debian) || exit
        mirror=${mirror%/debian}/$1
    fi
    [ -n "$mirror" ] || fail "no Debian mirror among this machine's apt sources: name one with DEBIAN_MIRROR=…"
    echo "$mirror"
}

# private_apt FOLDER ARCHITECTURE "SUITE COMPONENT…"…  prepares FOLDER; leaves apt's options in the array apt_options.
private_apt() {
    local folder=$1 architecture=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror source signed=
    shift 2
    command -v apt-get >/dev/null || fail "this needs apt-get, on Debian or a kin of it"
    mkdir -p "$folder"/{state/lists/partial,cache/archives/partial,preferences}
    touch "$folder/status"
    [ ! -e "$keyring" ] || signed=" signed-by=$keyring"
    for source in "$@"; do
        case $source in
        *-security\ *) mirror=$(debian_mirror debian-security) || exit ;;
        *) mirror=$(debian_mirror debian) || exit ;;
        esac
        echo "deb [arch=$architecture$signed] $mirror $source"
    done >"$folder/sources.list"
    # A copy of apt's own settings would bring the machine's sources back, hence each place by name.
    # shellcheck disable=SC2034 # for whoever sources this
    apt_options=(
        -qq
        # A mirror may stand still for longer than its lists are valid.
        -o Acquire::Check-Valid-Until=false
        -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o "Dir::Etc::preferencesparts=$folder/preferences"
        -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache"
        -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"
        -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none -o Acquire::ForceHash=SHA256
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
        -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
    )
}
