#!/bin/sh
# What the rooms promise and no compiler looks at.
set -eu

failed=0
fails() {
    echo "rooms_test: $1"
    failed=1
}

# What a room includes of the others is the last line of its README.md: "Includes: ROOM ...". A room is a folder of src,
# of src/cpu and src/cuda, kernels, kernels/device or include; a line may also name files.
room_of() {
    case $1 in
        src/cpu/*/* | src/cuda/*/*) echo "$1" | cut -d/ -f2,3 ;;
        src/*) echo "$1" | cut -d/ -f2 ;;
        kernels/device/*) echo kernels/device ;;
        kernels/*) echo kernels ;;
        include/*) echo include ;;
    esac
}

# allowed ROOM README TARGET: TARGET is a path in src, kernels or include.
allowed() {
    target_room=$(room_of "$3")
    [ "$target_room" != "$1" ] || return 0
    entries=$(sed -n 's/^Includes: //p' "$2")
    for entry in $entries; do
        # shellcheck disable=SC2254 # the entries are patterns
        case $target_room in $entry) return 0 ;; esac
        # shellcheck disable=SC2254
        case ${3#src/} in $entry) return 0 ;; esac
    done
    return 1
}

set -f # the entries of README.md stay patterns
edges=0
for readme in $(git ls-files -co --exclude-standard '*README.md' 2>/dev/null || find src kernels include -name README.md); do
    grep -q '^Includes: ' "$readme" || continue
    [ "$(wc -l <"$readme")" -le 10 ] || fails "$readme has more than ten lines"
    folder=${readme%/README.md}
    room=$(room_of "$folder/x")
    # Each included file once; a name is looked for where the compiler does.
    for name in $(find "$folder" -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.cc' | while read -r file; do
        [ "$(room_of "$file")" != "$room" ] || sed -n 's/^ *# *include "\([^"]*\)".*/\1/p' "$file"
    done | sort -u); do
        for path in "$name" "src/$name" "include/$name"; do
            [ -f "$path" ] || continue
            edges=$((edges + 1))
            allowed "$room" "$readme" "$path" || fails "$folder includes $path; $readme allows: $(sed -n 's/^Includes: //p' "$readme")"
            break
        done
    done
done
set +f
[ "$edges" -gt 200 ] || fails "only $edges includes found"
for folder in src/* src/cpu/reference src/cpu/native src/cpu/onednn src/cuda/device src/cuda/library src/cuda/ops kernels \
    kernels/device; do
    [ ! -d "$folder" ] || grep -qs '^Includes: ' "$folder/README.md" || fails "$folder has no README.md that says what it includes"
done

# One name for one file of a language. The public headers of a family and of its gradients share theirs.
sources() { find src kernels -name "*.[ch]" -o -name '*.cu' -o -name '*.cuh' -o -name '*.cc' -o -name '*.inc'; }
twice=$(sources | sed 's,.*/,,' | sort | uniq -d)
[ -z "$twice" ] || fails "several files have one name: $twice"

# A file that grows beyond this has become two.
long=$(find src kernels include \( -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.cc' \) -exec wc -l {} + |
    awk '$1 > 400 && $2 != "total"')
[ -z "$long" ] || fails "more than 400 lines: $long"

# An op has one stem in every room.
ops=$(sed -n 's/^GLI_OP(\([a-z0-9_]*\).*/\1/p' src/core/ops.inc)
[ "$(echo "$ops" | wc -l)" -gt 60 ] || fails "too few ops found in src/core/ops.inc"
for op in $ops; do
    forward=$(echo "$op" | sed 's/_backward.*//')
    [ -n "$(find src/ops -name "$forward.c")" ] || fails "src/ops has no $forward.c"
    [ -n "$(find src/cpu/reference -name "${forward}_ref.c")" ] || fails "src/cpu/reference has no ${forward}_ref.c"
done

# Internal names begin with gli_ or GLI_, public ones with glia_ or GLIA_.
names=$(grep -rhoE '^(const |extern )*(glia_status|int|bool|void|size_t|const char \*|gli_[a-z_]+) \*?[a-z_0-9]+\(' src --include=*.h --exclude-dir=emulator |
    sed 's/($//; s/.*[ *]//' | grep -vE '^glia?_' | sort -u)
[ -z "$names" ] || fails "internal functions without gli_: $names"

# Only the files behind the wall see oneDNN's API.
if grep -rln 'include <oneapi/' src | grep -v '^src/cpu/onednn/dnn_'; then
    fails "files other than src/cpu/onednn/dnn_* include oneDNN's headers"
fi

# clang makes a global symbol of a static function that is compiled for several processors.
names=$(grep -rh 'GLI_CLONES static' src | sed 's/(.*//; s/.*[ *]//' | sort)
[ "$(echo "$names" | wc -l)" -gt 20 ] || fails "too few functions with GLI_CLONES found"
twice=$(echo "$names" | uniq -d)
[ -z "$twice" ] || fails "several functions with GLI_CLONES have one name: $twice"

exit $failed
