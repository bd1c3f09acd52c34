"""The Python runtime: loads a handler and serves it over the Lambda Runtime API until the cloud is gone."""

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

AUTHORITY, TOKEN = os.environ["AWS_LAMBDA_RUNTIME_API"].split("/")
HOST, PORT = AUTHORITY.split(":")
BASE = f"/{TOKEN}/2018-06-01/runtime"
ROOT = os.environ["LAMBDA_TASK_ROOT"]


class Api:
    """One connection, one request at a time."""

    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def request(self, method, where, body=b""):
        head = (
            f"{method} {BASE}/{where} HTTP/1.1\r\nhost: {AUTHORITY}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.socket.sendall(head.encode() + body)
        while b"\r\n\r\n" not in self.received:
            self.received += self.more()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        headers = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        pieces, held = [self.received], len(self.received)
        while held < length:
            pieces.append(self.more())
            held += len(pieces[-1])
        received = b"".join(pieces)
        content, self.received = received[:length], received[length:]
        return headers, content

    def more(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            # Without the cloud there is nothing to do.
            os._exit(1)
        return piece


class Fault(Exception):
    """An error in Lambda's words instead of Python's."""

    def __init__(self, kind, message, frames=()):
        super().__init__(message)
        self.kind = kind
        self.frames = list(frames)


class Context:
    """What a handler is told of its invocation."""

    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        client = headers.get("lambda-runtime-client-context")
        self.client_context = client and json.loads(client.encode("latin-1").decode())
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))


class LogHandler(logging.Handler):
    """Log records in Lambda's form, with the id of the request."""

    request_id = ""

    def emit(self, record):
        record.aws_request_id = LogHandler.request_id
        write(self.format(record))


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def mark():
    """Everything that the invocation printed stands before this mark."""
    sys.stderr.flush()
    sys.stdout.flush()
    os.write(1, f"\0{TOKEN}\n".encode())


def described(error, request_id, skipped):
    """The error document; `skipped` frames of ours are left out of the trace."""
    kind = error.kind if isinstance(error, Fault) else type(error).__name__
    frames = error.frames if isinstance(error, Fault) else traceback.extract_tb(error.__traceback__)[skipped:]
    trace = traceback.format_list(frames)
    shown = "".join(["Traceback (most recent call last):\n", *trace]) if trace else ""
    write(f"[ERROR] {kind}: {error}\n{shown}")
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def encoded(value):
    """A value that JSON has no form for: decimals, as DynamoDB's client gives them, are numbers."""
    decimal = sys.modules.get("decimal")
    if decimal is not None and isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def handler_of(text):
    try:
        name, member = text.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{text}': {error}") from error
    try:
        module = importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}") from error
    except SyntaxError as error:
        frame = traceback.FrameSummary(error.filename or "", error.lineno or 0, "<module>", line=error.text or "")
        message = f"Syntax error in module '{name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, [frame]) from error
    try:
        return getattr(module, member)
    except AttributeError as error:
        message = f"Handler '{member}' missing on module '{name}'"
        raise Fault("Runtime.HandlerNotFound", message) from error


def own_frames(error):
    """How many frames of a trace are ours and the import system's, before the user's code begins."""
    frames = traceback.extract_tb(error.__traceback__)
    return next((at for at, frame in enumerate(frames) if frame.filename.startswith(ROOT)), 0)


def answer(handler, event, context):
    """Where the answer goes, and the answer."""
    try:
        value = handler(event, context)
    except Exception as error:  # whatever the user's code raises is its answer
        return "error", described(error, context.aws_request_id, own_frames(error))
    try:
        return "response", json.dumps(value, default=encoded, ensure_ascii=False)
    except Exception as error:
        fault = Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")
        return "error", described(fault, context.aws_request_id, 0)


def serve():
    sys.path[0] = ROOT
    root = logging.getLogger()
    log_handler = LogHandler()
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    log_handler.setFormatter(formatter)
    root.addHandler(log_handler)
    api = Api()
    try:
        handler = handler_of(os.environ["_HANDLER"])
    except Exception as error:  # whatever the user's module raises is why it cannot be loaded
        document = described(error, "", own_frames(error))
        mark()
        api.request("POST", "init/error", json.dumps(document).encode())
        sys.exit(1)
    while True:
        headers, body = api.request("GET", "invocation/next")
        context = Context(headers)
        LogHandler.request_id = context.aws_request_id
        where, value = answer(handler, json.loads(body), context)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        mark()
        api.request("POST", f"invocation/{context.aws_request_id}/{where}", text.encode("utf-8", "replace"))


if __name__ == "__main__":
    serve()
