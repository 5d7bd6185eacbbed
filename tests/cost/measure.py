#!/usr/bin/env python3
"""Measures the build time and the size of a program on this SDK, compared with the same program on other SDKs.

The script builds each program in an empty temporary folder, with the default features and the latest dependencies, and
prints a Markdown table. It takes about a quarter of an hour on two cores. The machine should be idle, because CPU time grows
when cores are shared.
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

# Name in the table, source file, dependencies, arguments of a cargo command that changes the lock file.
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


def create_project(folder, source, dependencies, lock):
    """Creates a project with a lock file and downloads its dependencies."""
    (folder / "src").mkdir(parents=True)
    shutil.copy(HERE / source, folder / "src" / "main.rs")
    manifest = '[package]\nname = "program"\nversion = "0.1.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n'
    (folder / "Cargo.toml").write_text(manifest + "\n".join(dependencies) + "\n")
    run(["cargo", "generate-lockfile", "--quiet"], folder)
    if lock:
        run(["cargo", *lock, "--quiet"], folder)
    run(["cargo", "fetch", "--quiet"], folder)


def crates(folder, host):
    """Returns the crates that the program depends on, except for those that only build scripts use."""
    command = ["cargo", "tree", "--edges", "normal", "--prefix", "none", "--target", host, "--offline"]
    lines = run(command, folder, capture_output=True).stdout.splitlines()
    return {re.sub(r" \(.*", "", line) for line in lines if line} - {"program v0.1.0"}


def build(folder):
    """Builds the program. Returns CPU seconds, peak memory of the largest process in MiB, and size of the program in MiB."""
    # The settings of the user would make the results incomparable.
    user_settings = ("RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_INCREMENTAL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(user_settings)}
    environment |= {"CARGO_TARGET_DIR": str(folder / "target"), "CARGO_PROFILE_RELEASE_STRIP": "symbols"}
    # A separate process for each build, because `getrusage` sums up all children of a process.
    child = (
        "import json, resource, subprocess, sys\n"
        "status = subprocess.run(sys.argv[1:]).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([status, used.ru_utime + used.ru_stime, used.ru_maxrss]))\n"
    )
    command = [sys.executable, "-c", child, "cargo", "build", "--release", "--offline", "--quiet"]
    status, seconds, peak = json.loads(run(command, folder, env=environment, capture_output=True).stdout)
    if status != 0:
        sys.exit(f"the build in {folder} failed with status {status}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return seconds, peak / unit, (folder / "target" / "release" / "program").stat().st_size / (1 << 20)


def lines_per_operation(operations, sources):
    lines = sum(len(path.read_text().splitlines()) for path in sources)
    return f"{lines / operations:.0f} ({operations} operations)"


def generated(name, folder):
    """Returns the number of lines of generated code for each operation, including documentation."""
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
    return "none"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-build", action="store_true", help="only count crates and lines, without building")
    parser.add_argument("--only", metavar="NAME", help="only the rows whose name begins with NAME")
    arguments = parser.parse_args()
    rustc = run(["rustc", "-vV"], HERE, capture_output=True).stdout
    host = re.search(r"^host: (.*)$", rustc, re.M)[1]
    print("| program on | crates | build CPU s | largest process MiB | stripped MiB | generated lines for each operation |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, source, dependencies, lock in PROGRAMS:
        if arguments.only and not name.startswith(arguments.only):
            continue
        with tempfile.TemporaryDirectory(prefix="sdk-cost-") as folder:
            folder = pathlib.Path(folder) / "program"
            create_project(folder, source, dependencies, lock)
            compiled = crates(folder, host)
            measured = "– | – | –" if arguments.no_build else "{:.0f} | {:.0f} | {:.1f}".format(*build(folder))
            print(f"| {name} | {len(compiled)} | {measured} | {generated(name, folder)} |", flush=True)
    print(f"\n{rustc.splitlines()[0]}, {os.cpu_count()} cores, {platform.machine()}")


main()
