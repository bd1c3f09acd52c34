"""Whole-process figures: start-up, commands, processor time of large schemas, readiness of the embedded cloud, memory,
size of the binary.

usage: figures.py AMPUP [RUNS]

Prints one line a figure: median of RUNS runs (default 9), and the peak memory where it matters. It judges nothing;
the limits that we hold ourselves to stand in brackets.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def timed(arguments, folder):
    """Milliseconds, peak MiB and milliseconds of processor time of one run; it must succeed."""
    started = time.perf_counter()
    child = subprocess.Popen(arguments, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    talk = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    elapsed = (time.perf_counter() - started) * 1000
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{arguments}: {child.returncode}\n{talk.decode()}")
    return elapsed, usage.ru_maxrss / 1024, (usage.ru_utime + usage.ru_stime) * 1000


def report(name, runs, limit):
    times = [run[0] for run in runs]
    print(f"{name:46} {statistics.median(times):8.1f} ms   peak {max(run[1] for run in runs):6.1f} MiB   [{limit}]")


def processor(name, runs, limit):
    print(f"{name:46} {statistics.median(run[2] for run in runs):8.1f} ms   peak {max(run[1] for run in runs):6.1f} MiB   [{limit}]")


def schema(models):
    """Groups of five: each model has two rules and one composite index; the first of a group has many of the others."""
    text = []
    for number in range(models):
        parent = number - number % 5
        if number == parent:
            links = ['kind: String @index(name: "byKind", sortKeyFields: ["status", "day"])']
            children = range(parent + 1, min(parent + 5, models))
            links += [f'all{child}: [Model{child}] @hasMany(indexName: "byParent", fields: ["id"])' for child in children]
        else:
            links = ['parentId: ID! @index(name: "byParent", sortKeyFields: ["status", "day"])']
            links += [f'parent: Model{parent} @belongsTo(fields: ["parentId"])']
        fields = ["id: ID!", "title: String!", "status: String!", "day: AWSDate!", *links]
        rules = "[{ allow: owner }, { allow: public, operations: [read] }]"
        text.append(f"type Model{number} @model @auth(rules: {rules}) {{\n  " + "\n  ".join(fields) + "\n}\n")
    return "".join(text)


def large(ampup, world, runs):
    """Processor time of the compiler by the size of the schema, and of rendering the stacks of 200 models."""
    options = pathlib.Path(world, "options.json")
    options.write_text('{"defaultAuth": "AMAZON_COGNITO_USER_POOLS", "additionalAuth": ["API_KEY"]}')
    for models, limit in ((10, 20), (50, 60), (200, 250), (500, 700)):
        path = pathlib.Path(world, f"models{models}.graphql")
        path.write_text(schema(models))
        command = [ampup, "api", "compile", "--schema", str(path), "--options", str(options), "--out", f"{world}/compiled"]
        processor(f"api compile, {models} models, processor time", [timed(command, world) for _ in range(runs)], f"{limit} ms")
    folder = pathlib.Path(world, "large")
    folder.mkdir()
    blog(ampup, folder)
    path = pathlib.Path(world, "models200.graphql")
    timed([ampup, "add", "api", "--name", "large", "--auth", "user-pool", "--additional-auth", "api-key", "--schema", str(path)], folder)
    processor("render --check, 200 models, processor time", [timed([ampup, "render", "--check"], folder) for _ in range(runs)], "none set")


def blog(ampup, folder):
    for arguments in (["init", "bench", "--target", "local"], ["add", "auth", "--sign-in", "email", "--groups", "Editors"]):
        timed([ampup, *arguments], folder)


def dev(ampup, folder):
    """Milliseconds until the board of a dev that has been deployed before, and idle MiB after a moment."""
    started = time.perf_counter()
    child = subprocess.Popen([ampup, "dev", "--port", "0", "--no-watch", "--json"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = b""
    while True:
        text += child.stdout.readline()
        try:
            board = json.loads(text)
            break
        except ValueError:
            pass
    elapsed = (time.perf_counter() - started) * 1000
    time.sleep(1)
    status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    child.kill()
    child.wait()
    return elapsed, memory, board


# Every command that may end by itself, without an answer.
SILENT = [
    ["init"], ["add", "auth"], ["add", "api"], ["add", "hosting"], ["update", "blog"], ["remove", "blog"], ["render"],
    ["render", "--check"], ["status"], ["pull"], ["delete"], ["env", "list"], ["env", "add"], ["env", "use"],
    ["env", "remove"], ["doctor"], ["explain"], ["completions"], ["push"], ["push", "--dry-run"], ["publish"],
    ["api", "compile"], ["quickstart", "--sample"], [],
]


def silent(ampup, folder):
    """The slowest command with a closed stdin, in milliseconds, and which it is."""
    slowest = (0.0, "")
    for arguments in SILENT:
        started = time.perf_counter()
        subprocess.run([ampup, *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        slowest = max(slowest, ((time.perf_counter() - started) * 1000, " ".join(arguments)))
    return slowest


def main(ampup, runs=9):
    ampup = str(pathlib.Path(ampup).resolve())
    with tempfile.TemporaryDirectory() as world:
        os.environ["HOME"] = world
        report("--version", [timed([ampup, "--version"], world) for _ in range(runs)], "10 ms, 15 MiB")
        adds = []
        for number in range(runs):
            folder = pathlib.Path(world, f"add{number}")
            folder.mkdir()
            blog(ampup, folder)
            adds.append(timed([ampup, "add", "api", "--name", "blog", "--sample", "blog"], folder))
        report("add api (blog)", adds, "50 ms")
        large(ampup, world, runs)
        quick = []
        for number in range(runs):
            folder = pathlib.Path(world, f"quick{number}")
            folder.mkdir()
            quick.append(timed([ampup, "quickstart", "app", "--sample", "blog", "--once"], folder))
        report("quickstart --once (to the signed-in answer)", quick, "1500 ms")
        app = pathlib.Path(world, "quick0", "app")
        elapsed, which = silent(ampup, app)
        print(f"{'slowest command with a closed stdin':46} {elapsed:8.1f} ms   `{which}`   [1000 ms]")
        boards = [dev(ampup, app) for _ in range(max(3, runs // 3))]
        ready = [board["cloud_ms"] for _, _, board in boards]
        print(f"{'cloud ready':46} {statistics.median(ready):8.1f} ms   {'':15}   [100 ms]")
        print(f"{'dev, to its board, nothing changed':46} {statistics.median(b[0] for b in boards):8.1f} ms")
        print(f"{'dev, idle':46} {statistics.median(b[1] for b in boards):8.1f} MiB  {'':15}   [60 MiB]")
    print(f"{'binary':46} {os.path.getsize(ampup) / 1048576:8.1f} MiB  {'':15}   [40 MiB]")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
