"""The embedded cloud, started by `ampup dev`, for the tests of clients in Python."""

import contextlib
import json
import os
import subprocess
import tempfile


def start(ampup, folder, **environment):
    """The process of the cloud of a project, and its address."""
    command = [ampup, "dev", "--port", "0", "--no-watch", "--json"]
    cloud = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    text = ""
    for line in cloud.stdout:
        text += line
        try:
            return cloud, json.loads(text)["endpoint"]
        except ValueError:
            continue
    raise SystemExit(f"ampup dev ended: {text}")


def make_empty(ampup, folder):
    """An empty project in a folder."""
    subprocess.run([ampup, "init", "boto", "--target", "local", "--json"], cwd=folder, check=True, capture_output=True)


@contextlib.contextmanager
def empty(ampup):
    """The address of the cloud of an empty project, for as long as the block takes."""
    with tempfile.TemporaryDirectory() as folder:
        make_empty(ampup, folder)
        cloud, endpoint = start(ampup, folder)
        try:
            yield endpoint
        finally:
            cloud.kill()
            cloud.wait()
