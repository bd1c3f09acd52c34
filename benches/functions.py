"""Figures of functions on the embedded cloud: a cold start, warm invocations, a hundred at once.

usage: functions.py AMPUP [RUNS]

What a warm invocation costs is the time of the whole request, measured by the client on one connection; the handler
does nothing. Needs `node` and `python3`. It judges nothing; the limits that we hold ourselves to stand in brackets.
"""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import io
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zipfile

FUNCTIONS = "/2015-03-31/functions"
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}
HANDLERS = {
    "node": ("nodejs20.x", "index.mjs", "export const handler = async (event) => event;"),
    "python": ("python3.12", "index.py", "def handler(event, context):\n    return event\n"),
}


class Client:
    """Signed requests of the account's root on one connection."""

    def __init__(self, endpoint):
        self.host = urllib.parse.urlsplit(endpoint).netloc
        self.connection = http.client.HTTPConnection(self.host)

    def post(self, service, path, body, kind="application/json"):
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/us-east-1/{service}/aws4_request"
        headers = f"content-type:{kind}\nhost:{self.host}\nx-amz-date:{stamp}\n"
        names = "content-type;host;x-amz-date"
        request = f"POST\n{path}\n\n{headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = b"AWS4test"
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, text.encode(), "sha256").hexdigest()
        authorization = f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}"
        sent = {"content-type": kind, "x-amz-date": stamp, "authorization": authorization}
        self.connection.request("POST", path, body, sent)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{path}: {answer.status} {content.decode()}")
        return content

    def role(self):
        form = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "bench", "AssumeRolePolicyDocument": json.dumps(TRUST)}
        self.post("iam", "/", urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")
        # What every function writes is part of what an invocation costs.
        rights = {"Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}}
        form |= {"Action": "PutRolePolicy", "PolicyName": "logs", "PolicyDocument": json.dumps(rights)}
        self.post("iam", "/", urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")

    def function(self, name):
        runtime, file, code = HANDLERS[name]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(file, code)
        wanted = {
            "FunctionName": name, "Runtime": runtime, "Handler": "index.handler", "Timeout": 30,
            "Role": "arn:aws:iam::000000000000:role/bench", "Code": {"ZipFile": base64.b64encode(archive.getvalue()).decode()},
        }
        self.post("lambda", FUNCTIONS, json.dumps(wanted).encode())

    def invoke(self, name, event):
        """Milliseconds of one invocation, whose answer must be the event."""
        started = time.perf_counter()
        answer = self.post("lambda", f"{FUNCTIONS}/{name}/invocations", json.dumps(event).encode())
        elapsed = (time.perf_counter() - started) * 1000
        if json.loads(answer) != event:
            raise SystemExit(f"{name}: {answer!r}")
        return elapsed


def alone(name):
    """Milliseconds that the interpreter alone takes."""
    command = ["node", "-e", "0"] if name == "node" else ["python3", "-c", "0"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, check=True)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def figure(name, value, limit=""):
    print(f"{name:46} {value:8.2f} ms   {limit and f'[{limit}]'}")


def main(ampup, runs=500):
    ampup = str(pathlib.Path(ampup).resolve())
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([ampup, "init", "bench", "--target", "local"], cwd=folder, check=True, capture_output=True)
        dev = subprocess.Popen([ampup, "dev", "--port", "0", "--no-watch", "--json"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            text = b""
            while b"endpoint" not in text or not text.rstrip().endswith(b"}"):
                text += dev.stdout.readline()
            endpoint = json.loads(text)["endpoint"]
            client = Client(endpoint)
            client.role()
            for name in HANDLERS:
                client.function(name)
                cold = client.invoke(name, 0)
                figure(f"{name}: first invocation", cold, f"20 ms more than {name} alone, which is {alone(name):.0f} ms")
                warm = [client.invoke(name, {"n": number}) for number in range(runs)]
                figure(f"{name}: warm invocation, median", statistics.median(warm), "2 ms")
                figure(f"{name}: warm invocation, 99 of 100", sorted(warm)[len(warm) * 99 // 100])
            with concurrent.futures.ThreadPoolExecutor(100) as pool:
                started = time.perf_counter()
                list(pool.map(lambda number: Client(endpoint).invoke("node", number), range(100)))
                figure("node: 100 at once, all answered", (time.perf_counter() - started) * 1000)
        finally:
            dev.kill()
            dev.wait()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
