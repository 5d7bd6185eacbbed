#!/usr/bin/env python3
"""What a program pays for using this SDK, beside the same program on aws-sdk-s3 and on object_store.

Builds each from nothing in a temporary folder, with the default features and the newest dependencies, and
prints a table in Markdown. On two cores it takes about a quarter of an hour. Nothing else should run meanwhile:
CPU seconds grow when cores are shared.
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOKIO = 'tokio = { version = "1", features = ["macros", "rt-multi-thread"] }'
SDK = f"qingstor-sdk = {{ path = {json.dumps(str(ROOT / 'sdk'))} }}"

# Name in the table, source, dependencies, what is done to the lock file.
PROGRAMS = [
    ("qingstor-sdk", "qingstor-sdk.rs", [SDK, TOKIO], []),
    (
        "qingstor-sdk, idna_adapter 1.1",
        "qingstor-sdk.rs",
        [SDK, TOKIO],
        ["update", "--package", "idna_adapter", "--precise", "1.1.0"],
    ),
    ("object_store", "object_store.rs", [
        'object_store = { version = "0.14", features = ["aws"] }',
        'futures = "0.3"',
        'tokio = { version = "1", features = ["fs", "io-util", "macros", "rt-multi-thread"] }',
    ], []),
    ("aws-sdk-s3", "aws-sdk-s3.rs", ['aws-sdk-s3 = "1"', TOKIO], []),
]


def run(command, folder, **kwargs):
    return subprocess.run(command, cwd=folder, check=True, text=True, **kwargs)


def lay_out(folder, source, dependencies, lock):
    (folder / "src").mkdir(parents=True)
    shutil.copy(HERE / source, folder / "src" / "main.rs")
    manifest = '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
    (folder / "Cargo.toml").write_text(manifest + "\n".join(dependencies) + "\n")
    run(["cargo", "generate-lockfile", "--quiet"], folder)
    if lock:
        run(["cargo", *lock, "--quiet"], folder)
    run(["cargo", "fetch", "--quiet"], folder)


def crates(folder, host):
    """Every crate that is compiled for the program, build scripts' own ones apart, and the program not counted."""
    command = ["cargo", "tree", "--edges", "normal", "--prefix", "none", "--target", host, "--offline"]
    lines = run(command, folder, capture_output=True).stdout.splitlines()
    return {re.sub(r" \(.*", "", line) for line in lines if line} - {"program v0.1.0"}


def build(folder):
    """CPU seconds of the build, and the largest memory of one of its processes in MiB."""
    # Whoever runs this may have settings that would make builds differ.
    own = ("RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_INCREMENTAL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {"CARGO_TARGET_DIR": str(folder / "target"), "CARGO_PROFILE_RELEASE_STRIP": "symbols"}
    # A process of its own, since what getrusage says of children is about all of them so far.
    child = (
        "import json, resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:]).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([status, used.ru_utime + used.ru_stime, used.ru_maxrss]))\n"
    )
    command = [sys.executable, "-c", child, "cargo", "build", "--release", "--offline", "--quiet"]
    status, seconds, peak = json.loads(run(command, folder, env=environment, capture_output=True).stdout)
    if status != 0:
        sys.exit(f"{folder} cannot be built")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return seconds, peak / unit, (folder / "target" / "release" / "program").stat().st_size / (1 << 20)


def lines_per_operation(operations, sources):
    lines = sum(len(path.read_text().splitlines()) for path in sources)
    return f"{lines / operations:.0f} ({operations} operations)"


def generated(name, folder):
    """Lines of generated code for each operation, documentation included."""
    if name.startswith("qingstor-sdk"):
        root = ROOT / "sdk" / "src" / "generated"
        operations = [path for path in (root / "operations").glob("*.rs") if path.name != "mod.rs"]
        return lines_per_operation(len(operations), root.rglob("*.rs"))
    if name == "aws-sdk-s3":
        metadata = run(["cargo", "metadata", "--format-version", "1", "--offline"], folder, capture_output=True).stdout
        package = next(package for package in json.loads(metadata)["packages"] if package["name"] == name)
        root = pathlib.Path(package["manifest_path"]).parent / "src"
        operations = [path for path in (root / "operation").iterdir() if path.is_dir()]
        return lines_per_operation(len(operations), root.rglob("*.rs"))
    return "by hand"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-build", action="store_true", help="only what takes no time: crates and lines")
    parser.add_argument("--only", metavar="NAME", help="only the rows whose name begins so")
    arguments = parser.parse_args()
    rustc = run(["rustc", "-vV"], HERE, capture_output=True).stdout
    host = re.search(r"^host: (.*)$", rustc, re.M)[1]
    print("| program on | crates | build CPU s | largest process MiB | stripped MiB | lines an operation |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, source, dependencies, lock in PROGRAMS:
        if arguments.only and not name.startswith(arguments.only):
            continue
        with tempfile.TemporaryDirectory(prefix="sdk-cost-") as folder:
            folder = pathlib.Path(folder) / "program"
            lay_out(folder, source, dependencies, lock)
            found = crates(folder, host)
            built = "– | – | –" if arguments.no_build else "{:.0f} | {:.0f} | {:.1f}".format(*build(folder))
            print(f"| {name} | {len(found)} | {built} | {generated(name, folder)} |", flush=True)
    print(f"\n{rustc.splitlines()[0]}, {os.cpu_count()} cores, {platform.machine()}")


main()
