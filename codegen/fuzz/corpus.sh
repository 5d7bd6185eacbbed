#!/usr/bin/env bash
# Creates the seeds of the fuzz target from the fixtures and the specification. Run it before `cargo +nightly fuzz`.
set -euo pipefail

fuzz=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seeds=$fuzz/corpus/load
mkdir -p "$seeds"

for file in "$fuzz"/../tests/fixtures/{faulty,warned,features}/*.yaml; do
    cp "$file" "$seeds/$(basename "$(dirname "$file")")-$(basename "$file")"
done

# Joins the files of a specification in the format that the target splits.
join_files() {
    local name=$1 folder=$2
    {
        cat "$folder/api.yaml"
        for file in "$folder"/*.yaml; do
            [[ $file == "$folder/api.yaml" ]] || printf '\n%%%%%% %s\n%s\n' "$(basename "$file" .yaml)" "$(cat "$file")"
        done
    } >"$seeds/$name"
}
join_files several-files "$fuzz/../tests/fixtures/faulty/several_files"
join_files qingstor "$fuzz/../../specs/qingstor/2016-01-06"
echo "$(find "$seeds" -type f | wc -l) seeds in $seeds"
