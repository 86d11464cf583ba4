# Knows how to start the imitation of providers and a hub server that uses it, and how to talk to them.
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
IMITATION = os.path.join(HERE, "providers", "main.mjs")
SKIPPED = 77


def need_node():
    """The path of node; without one the test is skipped."""
    node = shutil.which("node")
    if node:
        return node
    print("node is not installed", file=sys.stderr)
    sys.exit(1 if os.environ.get("AIGNE_TEST_CLIENTS") == "require" else SKIPPED)


class Process:
    """A child whose output is kept, and which is ended with the test."""

    def __init__(self, command, env=None):
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.output = {"stdout": bytearray(), "stderr": bytearray()}
        self.lock = threading.Condition()
        self.readers = [
            threading.Thread(target=self._read, args=(name, getattr(self.child, name)), daemon=True)
            for name in self.output]
        for reader in self.readers:
            reader.start()

    def _read(self, name, stream):
        while True:
            piece = stream.read1(65536)
            with self.lock:
                self.output[name] += piece
                self.lock.notify_all()
            if not piece:
                return

    def wait_for(self, pattern, seconds=15):
        end = time.monotonic() + seconds
        with self.lock:
            while True:
                text = bytes(self.output["stdout"] + self.output["stderr"]).decode("utf-8", "replace")
                found = re.search(pattern, text)
                if found:
                    return found
                if self.child.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("%s did not come; the output was: %s" % (pattern, text))
                self.lock.wait(0.1)

    def all_output(self):
        with self.lock:
            return bytes(self.output["stdout"] + self.output["stderr"])

    def running(self):
        return self.child.poll() is None

    def stop(self, seconds=10):
        """Ends it; gives its exit status (negative: the signal that killed it)."""
        if self.running():
            self.child.terminate()
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.child.kill()
            status = self.child.wait()
        for reader in self.readers:
            reader.join(2)
        for stream in (self.child.stdin, self.child.stdout, self.child.stderr):
            stream.close()
        return status


class Imitation(Process):
    def __init__(self):
        super().__init__([need_node(), IMITATION, "--until-eof"])
        self.url = self.wait_for(r"http://127\.0\.0\.1:\d+").group(0)
        self.port = int(self.url.rsplit(":", 1)[1])

    def base_urls(self):
        return {"openai": self.url + "/v1", "anthropic": self.url, "google": self.url + "/v1beta"}

    def log(self):
        return json.loads(request(self.port, "GET", "/__log").body)["requests"]

    def forget(self):
        request(self.port, "DELETE", "/__log")


class Hub(Process):
    """`aigne-hub serve` on a new database, and the commands beside it."""

    def __init__(self, program, flags=(), env=None):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="aigne-hub-")
        self.data = os.path.join(self.folder, "hub.db")
        self.env = dict(os.environ, **(env or {}))
        super().__init__(
            [program, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--threads", "2", *flags],
            env=self.env)
        self.port = int(self.wait_for(r"listening on https?://127\.0\.0\.1:(\d+)").group(1))
        self.said = []  # everything the commands printed

    def command(self, *arguments, stdin=None):
        done = subprocess.run([self.program, *arguments], capture_output=True, env=self.env, input=stdin, timeout=60)
        self.said.append(done.stdout + done.stderr)
        return done

    def try_do(self, verb, arguments=None, flags=()):
        return self.command("do", "--data", self.data, *flags, verb, json.dumps(arguments or {}))

    def do(self, verb, arguments=None, flags=()):
        done = self.try_do(verb, arguments, flags)
        if done.returncode:
            raise RuntimeError("%s failed with %d: %s" % (verb, done.returncode, done.stderr.decode()))
        return json.loads(done.stdout) if done.stdout.strip() else None

    def key(self, name, role="user"):
        done = self.command("key", "create", "--data", self.data, "--name", name, "--role", role)
        if done.returncode:
            raise RuntimeError("key create failed: %s" % done.stderr.decode())
        return done.stdout.decode().strip()

    def use(self, imitation, secrets):
        for provider, base_url in imitation.base_urls().items():
            self.do("provider.put", {"name": provider, "baseUrl": base_url})
            self.do("credential.put", {"provider": provider, "name": "main", "value": secrets[provider]})

    def alive(self):
        return self.running() and request(self.port, "GET", "/__blocklet__.js?type=json").status == 200

    def files(self):
        """Name and content of every file beside the database."""
        found = {}
        for name in sorted(os.listdir(self.folder)):
            with open(os.path.join(self.folder, name), "rb") as file:
                found[name] = file.read()
        return found

    def stop(self, seconds=10):
        status = super().stop(seconds)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status


class Answer:
    def __init__(self, status, headers, body, whole):
        self.status = status
        self.headers = headers
        self.body = body
        self.whole = whole  # False: the connection ended inside the body

    def json(self):
        return json.loads(self.body.decode("utf-8"))


def request(port, method, path, body=None, headers=None, seconds=30):
    """One HTTP request. An answer that comes before the request is complete is read as well; one that
    breaks off is given with whole = False, and none at all with status 0."""
    head = "%s %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\n" % (method, path, port)
    data = head.encode("latin-1")
    for name, value in (headers or {}).items():
        value = value if isinstance(value, bytes) else value.encode("latin-1")
        data += name.encode("latin-1") + b": " + value + b"\r\n"
    if body is not None or method not in ("GET", "HEAD"):
        body = body.encode() if isinstance(body, str) else body or b""
        data += b"content-length: %d\r\n\r\n" % len(body) + body
    else:
        data += b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
        except ConnectionError:
            pass
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
        except (http.client.HTTPException, ConnectionError) as error:
            return Answer(0, {}, repr(error).encode(), False)
        try:
            return Answer(response.status, response.headers, response.read(), True)
        except (http.client.IncompleteRead, ConnectionError) as error:
            return Answer(response.status, response.headers, getattr(error, "partial", b""), False)


def raw(port, data, seconds=10, half_close=False):
    """Send bytes as they are; give what comes back until the other side closes or nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        received = bytearray()
        try:
            while True:
                piece = connection.recv(65536)
                if not piece:
                    break
                received += piece
        except OSError:
            pass
        return bytes(received)


def wait_until(check, seconds=5):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError("what was waited for did not happen")
        time.sleep(0.02)
