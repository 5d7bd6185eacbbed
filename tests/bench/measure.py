#!/usr/bin/env python3
"""Measures the CPU time, throughput and memory of uploads, compared with other clients in the same run.

    tests/bench/measure.py --peers FOLDER [-n ROUNDS] [--size MIB]

FOLDER contains `compare.py`, which builds the programs on other clients and a server that discards all data, and runs the
programs in turn. The script needs an idle Linux machine. Memory and disk must each have room for six times the size of the
file, and for at least 12 GiB.

Times depend on the machine, so the script compares ratios. The reference `ref` is plain reqwest, which reads each part into
memory and sends it without a signature or a checksum.

The script prints the tables of README.md and draws the picture next to it.
"""

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PICTURE = pathlib.Path(__file__).resolve().parent / "upload-cpu.svg"
PEERS = ["sink", "raw", "reqwest-min", "objstore", "opendal-up", "awss3"]
BIG = "{port} big {file} {part} 8"
REF = "ref"
OURS = "qingstor-sdk"


def examples_folder():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release" / "examples"


def build(compare):
    subprocess.run([sys.executable, compare, "build", *PEERS], check=True)
    for package, example in [("qingstor-sdk", "upload"), ("qingstor-tests", "small_puts")]:
        command = ["cargo", "build", "--release", "--locked", "--package", package, "--example", example]
        subprocess.run(command, cwd=ROOT, check=True)


def uploads():
    """Returns the commands that upload a file in parts of 8 MiB, eight at a time."""
    ours = (
        "env QINGSTOR_ENDPOINT=http://127.0.0.1:{port} QINGSTOR_ACCESS_KEY_ID=a QINGSTOR_SECRET_ACCESS_KEY=b "
        f"{examples_folder() / 'upload'} {{file}} --bucket bkt --key obj --part-size 8MiB --concurrency 8"
    )
    return {
        REF: f"{{bin:reqwest-min}} {BIG}",
        f"{OURS}, no checksum": f"{ours} --checksum none",
        f"{OURS}, default": ours,
        "object_store, unsigned payload": f"env UNSIGNED=1 {{bin:objstore}} {BIG}",
        "object_store, default": f"{{bin:objstore}} {BIG}",
        "opendal": f"{{bin:opendal-up}} {BIG}",
        "aws-sdk-s3, default": f"{{bin:awss3}} {BIG}",
    }


def limits():
    """Returns the commands that only write to connections and wait for responses, one thread for each connection."""
    return {
        "limit: threads that send memory": "{bin:raw} {port} mem {file} {part} 8",
        "limit: threads that send the file": "{bin:raw} {port} sendfile {file} {part} 8",
    }


def small_puts(count):
    """Returns the commands that upload `count` objects of 1 KiB, 32 at a time."""
    return {
        REF: f"{{bin:reqwest-min}} {{port}} small {count} 32",
        OURS: f"{examples_folder() / 'small_puts'} {{port}} {count} 32",
        "object_store, unsigned payload": f"env UNSIGNED=1 {{bin:objstore}} {{port}} small {count} 32",
        "opendal": f"{{bin:opendal-up}} {{port}} small {count} 32",
        "aws-sdk-s3, default": f"{{bin:awss3}} {{port}} small {count} 32",
    }


def uploads_for_memory():
    """Returns the commands that upload from a file and from a pipe."""
    ours = uploads()[f"{OURS}, default"]
    piped = "cat {file} | " + ours.replace("{file}", "-")
    return {
        "a file": ours,
        "a file, no checksum": f"{ours} --checksum none",
        "a pipe": piped,
        "a pipe, no checksum": f"{piped} --checksum none",
    }


def run(compare, commands, rounds, size, *options):
    """Runs the commands with `compare.py`. Returns the row of its table for each command, by column heading."""
    command = [sys.executable, compare, "run", "-n", str(rounds), "--size", str(size), *options]
    command += [f"{name}={text}" for name, text in commands.items()]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    headings, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(headings, row)) for row in rows}


def print_table(title, rows, columns):
    """Prints a Markdown table. `columns` maps each heading to a function that reads the cell from a row."""
    print(f"\n{title}\n")
    print("| " + " | ".join(["program", *columns]) + " |")
    print("| " + " | ".join(["---"] * (len(columns) + 1)) + " |")
    for name, row in rows.items():
        print("| " + " | ".join([name, *(read(row) for read in columns.values())]) + " |")


def draw(rows, size):
    """Draws a bar chart of the CPU ratios as SVG."""
    bar, gap, left, width = 20, 10, 210, 400
    ratios = {name: float(row["CPU ratio"]) for name, row in rows.items()}
    scale = width / max(ratios.values())
    height = 44 + len(ratios) * (bar + gap)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="15">CPU time to upload {size / 1024:g} GiB, plain reqwest = 1 '
        "(less is better)</text>",
    ]
    for number, (name, ratio) in enumerate(ratios.items()):
        y = 38 + number * (bar + gap)
        color = "#1f6f54" if name.startswith(OURS) else "#a9b4bd"
        lines += [
            f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{name}</text>',
            f'<rect x="{left}" y="{y}" width="{ratio * scale:.0f}" height="{bar}" fill="{color}"/>',
            f'<text x="{left + ratio * scale + 6:.0f}" y="{y + 15}">{ratio:.2f}</text>',
        ]
    PICTURE.write_text("\n".join([*lines, "</svg>", ""]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, metavar="FOLDER", help="folder that contains compare.py")
    parser.add_argument("-n", type=int, default=5, metavar="ROUNDS", help="number of rounds (default: 5)")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="size of the file in MiB (default: 1024)")
    parser.add_argument("--no-build", action="store_true", help="use the programs of an earlier run")
    arguments = parser.parse_args()
    compare = pathlib.Path(arguments.peers) / "compare.py"
    if not arguments.no_build:
        build(compare)

    without_delay = run(compare, uploads(), arguments.n, arguments.size)
    cost = {"CPU ÷ ref": lambda row: row["CPU ratio"], "CPU s/GiB": lambda row: row["CPU-s/GiB"]}
    speed = {"GiB/s": lambda row: row["GiB/s"]}
    memory = {"peak memory MiB": lambda row: row["peak MiB"]}
    print_table(f"Upload of a file of {arguments.size / 1024:g} GiB:", without_delay, cost | speed | memory)
    draw(without_delay, arguments.size)

    # Initiation, completion and the final HEAD request are sequential. A larger file makes their share small.
    size = 4 * arguments.size
    delayed = run(compare, uploads() | limits(), arguments.n, size, "--delay-ms", "50")
    possible = float(delayed[next(reversed(limits()))]["GiB/s"])
    share = {"share of the limit": lambda row: f"{float(row['GiB/s']) / possible:.2f}"}
    print_table(f"Upload of a file of {size / 1024:g} GiB, each response delayed by 50 ms:", delayed, speed | share)

    count = 64 << 10
    small = run(compare, small_puts(count), arguments.n, count // 1024)
    per_object = {"CPU µs for each object": lambda row: f"{float(row['CPU-s/GiB']) / (1 << 20) * 1e6:.0f}"}
    print_table("Objects of 1 KiB, 32 at a time:", small, {"CPU ÷ ref": cost["CPU ÷ ref"]} | per_object)

    sizes = {"1 MiB": 1, "1 GiB": 1 << 10, "10 GiB": 10 << 10}
    peaks = {name: run(compare, uploads_for_memory(), 1, mebibytes) for name, mebibytes in sizes.items()}
    rows = {program: {size: peak[program]["peak MiB"] for size, peak in peaks.items()} for program in uploads_for_memory()}
    print_table("Peak memory in MiB:", rows, {size: lambda row, size=size: row[size] for size in sizes})


if __name__ == "__main__":
    main()
