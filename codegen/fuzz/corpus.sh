#!/usr/bin/env bash
# Makes the seeds of the fuzz target out of the fixtures and the specification: run it before `cargo +nightly fuzz`.
set -euo pipefail

fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seeds=$fuzz/corpus/load
mkdir -p "$seeds"

for file in "$fuzz"/../tests/fixtures/{faulty,warned,features}/*.yaml; do
    cp "$file" "$seeds/$(basename "$(dirname "$file")")-$(basename "$file")"
done

# Several files in one, as the target takes them apart.
together() {
    local name=$1 folder=$2
    {
        cat "$folder/api.yaml"
        for file in "$folder"/*.yaml; do
            [[ $file == "$folder/api.yaml" ]] || printf '\n%%%%%% %s\n%s\n' "$(basename "$file" .yaml)" "$(cat "$file")"
        done
    } >"$seeds/$name"
}
together several-files "$fuzz/../tests/fixtures/faulty/several_files"
together qingstor "$fuzz/../../specs/qingstor/2016-01-06"
echo "$(find "$seeds" -type f | wc -l) seeds in $seeds"
