"""Figures of objects on the embedded cloud: one large object up and down, in each way of signing, and the memory used.

usage: objects.py AMPUP [MEGABYTES]

A raw socket sends and takes, so that the client costs little. Each line has the speed (the limit that we hold ourselves
to is 300 MB/s, or the disk's own speed) and how much more memory the program has held at most (50 MiB). It judges nothing.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import zlib

CHUNK = 1 << 20
PIECE = os.urandom(CHUNK)
EMPTY = hashlib.sha256(b"").hexdigest()


class Client:
    """Requests of the account's root, each on a connection of its own."""

    def __init__(self, endpoint):
        self.host = endpoint.removeprefix("http://")

    def sign(self, method, path, payload, more):
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
        headers = {"host": self.host, "x-amz-content-sha256": payload, "x-amz-date": stamp, **more}
        path, _, query = path.partition("?")
        query = "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part))
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"AWS4test"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        authorization = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "authorization": authorization}, (key, stamp, scope, signature)

    def open(self, method, path, headers, length):
        host, port = self.host.split(":")
        connection = socket.create_connection(("127.0.0.1", int(port)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n".encode())
        return connection

    @staticmethod
    def finish(connection):
        """The whole answer; its body is counted and forgotten when it is long."""
        buffer = memoryview(bytearray(1 << 20))
        text, size = b"", 0
        while read := connection.recv_into(buffer):
            size += read
            if len(text) < 65536:
                text += bytes(buffer[:read])
        head, _, body = text.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 2"):
            raise SystemExit(text[:2000].decode(errors="replace"))
        return head.decode(), body, size - len(head) - 4

    def call(self, method, path, body=b""):
        headers, _ = self.sign(method, path, hashlib.sha256(body).hexdigest(), {})
        connection = self.open(method, path, headers, len(body))
        connection.sendall(body)
        return self.finish(connection)


def unsigned(client, path, count):
    headers, _ = client.sign("PUT", path, "UNSIGNED-PAYLOAD", {})
    connection = client.open("PUT", path, headers, count * CHUNK)
    for _ in range(count):
        connection.sendall(PIECE)
    client.finish(connection)


def hashed(client, path, count):
    whole = hashlib.sha256()
    for _ in range(count):
        whole.update(PIECE)
    started = time.perf_counter()
    headers, _ = client.sign("PUT", path, whole.hexdigest(), {})
    connection = client.open("PUT", path, headers, count * CHUNK)
    for _ in range(count):
        connection.sendall(PIECE)
    client.finish(connection)
    return started


def chunks(client, path, count):
    """`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`."""
    payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    more = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(count * CHUNK)}
    headers, (key, stamp, scope, previous) = client.sign("PUT", path, payload, more)
    known = hashlib.sha256(PIECE).hexdigest()
    extra = f";chunk-signature={'0' * 64}\r\n\r\n"
    length = count * (CHUNK + len(f"{CHUNK:x}{extra}")) + len(f"0{extra}")
    started = time.perf_counter()
    connection = client.open("PUT", path, headers, length)
    for number in range(count + 1):
        piece, digest = (PIECE, known) if number < count else (b"", EMPTY)
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{previous}\n{EMPTY}\n{digest}"
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        connection.sendall(f"{len(piece):x};chunk-signature={previous}\r\n".encode())
        connection.sendall(piece)
        connection.sendall(b"\r\n")
    client.finish(connection)
    return started


def trailer(client, path, count):
    """`STREAMING-UNSIGNED-PAYLOAD-TRAILER` with a CRC-32."""
    total = 0
    for _ in range(count):
        total = zlib.crc32(PIECE, total)
    more = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(count * CHUNK)}
    more["x-amz-trailer"] = "x-amz-checksum-crc32"
    headers, _ = client.sign("PUT", path, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", more)
    end = f"0\r\nx-amz-checksum-crc32:{base64.b64encode(total.to_bytes(4, 'big')).decode()}\r\n\r\n".encode()
    line = f"{CHUNK:x}\r\n".encode()
    started = time.perf_counter()
    connection = client.open("PUT", path, headers, count * (CHUNK + len(line) + 2) + len(end))
    for _ in range(count):
        connection.sendall(line)
        connection.sendall(PIECE)
        connection.sendall(b"\r\n")
    connection.sendall(end)
    client.finish(connection)
    return started


def parts(client, path, count):
    _, body, _ = client.call("POST", f"{path}?uploads")
    upload = body.decode().split("<UploadId>")[1].split("<")[0]
    named, size = [], 64
    for number in range(1, -(-count // size) + 1):
        where = f"{path}?partNumber={number}&uploadId={upload}"
        headers, _ = client.sign("PUT", where, "UNSIGNED-PAYLOAD", {})
        here = min(size, count - (number - 1) * size)
        connection = client.open("PUT", where, headers, here * CHUNK)
        for _ in range(here):
            connection.sendall(PIECE)
        head, _, _ = client.finish(connection)
        etag = head.lower().split("etag: ")[1].split("\r\n")[0]
        named.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    document = f"<CompleteMultipartUpload>{''.join(named)}</CompleteMultipartUpload>".encode()
    client.call("POST", f"{path}?uploadId={upload}", document)


def copied(client, path, count):
    headers, _ = client.sign("PUT", path, EMPTY, {"x-amz-copy-source": "/large/parts"})
    connection = client.open("PUT", path, headers, 0)
    client.finish(connection)


def down(client, path, count):
    _, _, size = client.call("GET", "/large/unsigned")
    assert size == count * CHUNK, size


def disk(folder, count):
    started = time.perf_counter()
    with open(pathlib.Path(folder, "plain"), "wb") as file:
        for _ in range(count):
            file.write(PIECE)
    seconds = time.perf_counter() - started
    pathlib.Path(folder, "plain").unlink()
    return seconds


def memory(process, name):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory(prefix="ampup-objects-") as folder:
        subprocess.run([program, "init", "objects", "--target", "local", "--json"], cwd=folder, check=True, capture_output=True)
        command = [program, "dev", "--port", "0", "--no-watch", "--json"]
        cloud = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            text = ""
            while True:
                text += cloud.stdout.readline()
                try:
                    endpoint = json.loads(text)["endpoint"]
                    break
                except ValueError:
                    continue
            client = Client(endpoint)
            client.call("PUT", "/large")
            before = memory(cloud.pid, "VmRSS")
            size = count * CHUNK / 1e6
            print(f"{size:.0f} MB; a plain file is written at {size / disk(folder, count):.0f} MB/s")
            for way in (unsigned, hashed, chunks, trailer, parts, copied, down):
                started = time.perf_counter()
                started = way(client, f"/large/{way.__name__}", count) or started
                seconds = time.perf_counter() - started
                more = (memory(cloud.pid, "VmHWM") - before) / 1024
                print(f"{way.__name__:10} {size / seconds:7.0f} MB/s   {more:5.1f} MiB more at most so far")
        finally:
            cloud.kill()


main()
