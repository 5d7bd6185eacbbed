#!/usr/bin/env python3
"""Measures the CPU time, throughput and memory of transfers, compared with other clients in the same run.

    tests/bench/measure.py --peers FOLDER [-n ROUNDS] [--size MIB]

FOLDER contains `compare.py`, which builds the programs on other clients and a server that discards all data, and runs the
programs for uploads in turn, and `compare_get.py`, which runs the programs for downloads with nginx as the server. The script
needs an idle Linux machine. Memory and disk must each have room for six times the size of the file, and for at least 24 GiB.

Times depend on the machine, so the script compares ratios. The reference `ref` is plain reqwest. It reads each part into
memory and sends it, or it receives each range in memory and writes it, without a signature or a checksum.

The script prints the tables of README.md and draws the pictures next to it.
"""

import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
UPLOAD_PEERS = ["sink", "raw", "reqwest-min", "objstore", "opendal-up", "awss3"]
DOWNLOAD_PEERS = ["reqwest-get", "objstore-get", "opendal-get", "awss3-get"]
# Reads an object with `get_range` of object_store and drops the bytes. FOLDER may lack it.
STREAM_PEER = "objstore-stream"
OUR_PROGRAMS = [
    ["--package", "qingstor-sdk", "--example", "upload", "--example", "download"],
    ["--package", "qingstor-tests", "--bin", "small_requests", "--bin", "stream"],
]
BIG = "{port} big {file} {part} 8"
REF = "ref"
OURS = "qingstor-sdk"
# Python program that runs a command and writes its peak memory in KiB to a file. A process begins as a copy of the program that
# starts it, so the result is at least the memory of this program, which imports little.
PEAK_MEMORY = """
import os, sys
_, file, *command = sys.argv
_, status, usage = os.wait4(os.spawnvp(os.P_NOWAIT, command[0], command), 0)
open(file, "w").write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def release_folder():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release"


def has_stream_peer(compare):
    return (compare.parent / "peers" / STREAM_PEER).is_dir()


def build(compare):
    peers = UPLOAD_PEERS + DOWNLOAD_PEERS + ([STREAM_PEER] if has_stream_peer(compare) else [])
    subprocess.run([sys.executable, compare, "build", *peers], check=True)
    for programs in OUR_PROGRAMS:
        subprocess.run(["cargo", "build", "--release", "--locked", *programs], cwd=ROOT, check=True)


def example(name, file):
    """Returns the command that runs the example `upload` or `download` with parts of 8 MiB, eight at a time."""
    return (
        "env QINGSTOR_ENDPOINT=http://127.0.0.1:{port} QINGSTOR_ACCESS_KEY_ID=a QINGSTOR_SECRET_ACCESS_KEY=b "
        f"{release_folder() / 'examples' / name} {file} --bucket bkt --key obj --part-size 8MiB --concurrency 8"
    )


def uploads():
    """Returns the commands that upload a file in parts of 8 MiB, eight at a time."""
    ours = example("upload", "{file}")
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


def small_requests(client_and_method, count):
    return f"{release_folder() / 'small_requests'} {client_and_method} {{port}} {count} 32"


def small_puts(count):
    """Returns the commands that upload `count` objects of 1 KiB, 32 at a time."""
    return {
        REF: small_requests("reqwest put", count),
        OURS: small_requests("sdk put", count),
        "object_store, unsigned payload": f"env UNSIGNED=1 {{bin:objstore}} {{port}} small {count} 32",
        "opendal": f"{{bin:opendal-up}} {{port}} small {count} 32",
        "aws-sdk-s3, default": f"{{bin:awss3}} {{port}} small {count} 32",
    }


def small_gets(count):
    """Returns the commands that read 1 KiB `count` times, 32 at a time."""
    return {REF: small_requests("reqwest get", count), OURS: small_requests("sdk get", count)}


def downloads():
    """Returns the commands that download an object to a file in ranges of 8 MiB, eight at a time."""
    commands = {REF: "{bin:reqwest-get}", "object_store": "{bin:objstore-get}"}
    commands |= {"opendal": "{bin:opendal-get}", "aws-sdk-s3": "{bin:awss3-get}"}
    commands = {name: f"{program} {{port}} {{out}} {{part}} 8" for name, program in commands.items()}
    return commands | {OURS: example("download", "{out}")}


def our_stream():
    return f"{release_folder() / 'stream'} {{port}} {{part}} 8"


def streams(compare):
    """Returns the commands that read an object in ranges of 8 MiB, eight at a time, and drop the bytes."""
    ours = {f"{OURS}, stream": our_stream()}
    if not has_stream_peer(compare):
        return ours
    return {"object_store, stream (`get_range`)": f"{{bin:{STREAM_PEER}}} {{port}} {{part}} 8"} | ours


def downloads_for_memory():
    """Returns the commands that download to a file, and that read a stream as fast as possible and at 64 MiB/s.

    `{peak}` stands for the program that measures the memory of the rest of the command.
    """
    stream = "{peak} " + our_stream()
    return {
        "download to a file, verified": "{peak} " + example("download", "{out}"),
        "stream, verified": stream,
        "stream, verified, slow reader": f"{stream} {64 << 20}",
    }


def uploads_for_memory():
    """Returns the commands that upload from a file and from a pipe, with `{peak}` as in `downloads_for_memory`."""
    ours = "{peak} " + example("upload", "{file}")
    piped = "cat {file} | {peak} " + example("upload", "-")
    return {
        "upload of a file": ours,
        "upload of a file, no checksum": f"{ours} --checksum none",
        "upload of a pipe": piped,
        "upload of a pipe, no checksum": f"{piped} --checksum none",
    }


def run(compare, commands, rounds, size, *options):
    """Runs the commands with `compare.py` or `compare_get.py`. Returns the row of each command, by column heading."""
    verb = ["run"] if compare.name == "compare.py" else []
    command = [sys.executable, compare, *verb, "-n", str(rounds), "--size", str(size), *options]
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


def draw(rows, size, action):
    """Draws a bar chart of the CPU ratios as SVG. `action` is `upload` or `download`."""
    bar, gap, left, width = 20, 10, 210, 400
    ratios = {name: float(row["CPU ratio"]) for name, row in rows.items()}
    scale = width / max(ratios.values())
    height = 44 + len(ratios) * (bar + gap)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 60}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="15">CPU time to {action} {size / 1024:g} GiB, plain reqwest = 1 '
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
    picture = pathlib.Path(__file__).resolve().parent / f"{action}-cpu.svg"
    picture.write_text("\n".join([*lines, "</svg>", ""]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, metavar="FOLDER", help="folder with compare.py and compare_get.py")
    parser.add_argument("-n", type=int, default=5, metavar="ROUNDS", help="number of rounds (default: 5)")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="size of the file in MiB (default: 1024)")
    parser.add_argument("--no-build", action="store_true", help="use the programs of an earlier run")
    arguments = parser.parse_args()
    compare = pathlib.Path(arguments.peers) / "compare.py"
    if not arguments.no_build:
        build(compare)
    measure_uploads(compare, arguments)
    measure_downloads(compare.with_name("compare_get.py"), arguments)


COST = {"CPU ÷ ref": lambda row: row["CPU ratio"], "CPU s/GiB": lambda row: row["CPU-s/GiB"]}
SPEED = {"GiB/s": lambda row: row["GiB/s"]}
MEMORY = {"peak memory MiB": lambda row: row["peak MiB"]}
# One GiB is 2²⁰ requests of 1 KiB.
SMALL = {
    "CPU ÷ ref": COST["CPU ÷ ref"],
    "CPU µs for each request": lambda row: f"{float(row['CPU-s/GiB']) / (1 << 20) * 1e6:.0f}",
}
SMALL_COUNT = 64 << 10


def measure_uploads(compare, arguments):
    without_delay = run(compare, uploads(), arguments.n, arguments.size)
    print_table(f"Upload of a file of {arguments.size / 1024:g} GiB:", without_delay, COST | SPEED | MEMORY)
    draw(without_delay, arguments.size, "upload")

    # Initiation, completion and the final HEAD request are sequential. A larger file makes their share small.
    size = 4 * arguments.size
    delayed = run(compare, uploads() | limits(), arguments.n, size, "--delay-ms", "50")
    possible = max(float(delayed[name]["GiB/s"]) for name in limits())
    share = {"share of the limit": lambda row: f"{float(row['GiB/s']) / possible:.2f}"}
    print_table(f"Upload of a file of {size / 1024:g} GiB, each response delayed by 50 ms:", delayed, SPEED | share)

    small = run(compare, small_puts(SMALL_COUNT), arguments.n, SMALL_COUNT // 1024)
    print_table("Uploads of objects of 1 KiB, 32 at a time:", small, SMALL)
    print_peaks(compare, uploads_for_memory())


def measure_downloads(compare, arguments):
    to_memory = ["--out", "/dev/shm"]
    wall = {"wall ÷ ref": lambda row: row["wall ratio"]}
    without_digest = run(compare, downloads() | streams(compare), arguments.n, arguments.size, *to_memory, "--etag", "none")
    title = f"Download of {arguments.size / 1024:g} GiB"
    print_table(f"{title} to memory, the ETag is not a digest:", without_digest, COST | wall | MEMORY)
    verified = run(compare, downloads() | streams(compare), arguments.n, arguments.size, *to_memory)
    print_table(f"{title} to memory, verified by the ETag of parts:", verified, COST | wall | MEMORY)
    # The other clients verify nothing, so their work is the same in both runs.
    files = {name: without_digest[name] for name in downloads()} | {f"{OURS}, verified": verified[OURS]}
    draw(files, arguments.size, "download")
    to_disk = run(compare, downloads(), arguments.n, arguments.size, "--etag", "none")
    print_table(f"{title} to a disk, the ETag is not a digest:", to_disk, COST | wall | MEMORY)
    to_disk = run(compare, downloads(), arguments.n, arguments.size)
    print_table(f"{title} to a disk, verified by the ETag of parts:", to_disk, COST | wall | MEMORY)

    small = run(compare, small_gets(SMALL_COUNT), arguments.n, SMALL_COUNT // 1024)
    print_table("Requests for 1 KiB, 32 at a time:", small, SMALL)
    print_peaks(compare, downloads_for_memory(), *to_memory)


def print_peaks(compare, commands, *options):
    """Prints the peak memory of the commands for several sizes."""
    sizes = {"1 MiB": 1, "1 GiB": 1 << 10, "10 GiB": 10 << 10}
    rows = {name: {} for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: pathlib.Path(folder, str(number)) for number, name in enumerate(commands)}
        peak = {name: shlex.join([sys.executable, "-IS", "-c", PEAK_MEMORY, str(file)]) for name, file in files.items()}
        measured = {name: text.replace("{peak}", peak[name]) for name, text in commands.items()}
        for size, mebibytes in sizes.items():
            run(compare, measured, 1, mebibytes, *options)
            for name, file in files.items():
                rows[name][size] = f"{int(file.read_text()) / 1024:.0f}"
    print_table("Peak memory in MiB:", rows, {size: lambda row, size=size: row[size] for size in sizes})


if __name__ == "__main__":
    main()
