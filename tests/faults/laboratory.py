# Knows how a hub is set between clients and providers that do wrong, and how a call through it is made and
# looked up in the books; refuses to know what should come of it.
import asyncio
import http.client
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from hub_fixture import Hub  # noqa: E402

PATIENCE_MS = 4000  # with providers that fall silent, for an answer to begin and between its parts
SPARE = "zz-spare"


def make_certificate(folder):
    """A certificate that ended yesterday, of an authority that the hub trusts: two paths."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "9", "-subj", "/CN=laboratory",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    with open(os.path.join(folder, "names"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "-1", "-extfile", "names", "-out", "server.pem")
    both = os.path.join(folder, "both.pem")
    with open(both, "w") as out:
        for name in ("server.pem", "server.key"):
            with open(os.path.join(folder, name)) as file:
                out.write(file.read())
    return both, os.path.join(folder, "ca.pem")


class Answer:
    def __init__(self, status, headers, body, whole):
        self.status, self.headers, self.body = status, headers, body
        self.whole = whole  # False: the transfer broke off


def unchunk(data):
    """The body of a chunked transfer, and whether its end came."""
    body, at = bytearray(), 0
    while (line := data.find(b"\r\n", at)) >= 0:
        count = int(data[at:line].split(b";")[0], 16)
        if not count:
            return bytes(body), True
        body += data[line + 2:line + 2 + count]
        at = line + count + 4
    return bytes(body), False


def read_answer(data):
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    if not lines[0].startswith("HTTP/1.1 "):
        return Answer(0, {}, data, False)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    status = int(lines[0].split(" ")[1])
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, *unchunk(rest))
    length = int(headers.get("content-length", len(rest)))
    return Answer(status, headers, rest[:length], len(rest) >= length)


async def ask(port, key, path, body, headers=None):
    """One call, with everything that comes back until the hub closes."""
    data = json.dumps(body).encode()
    lines = ["POST %s HTTP/1.1" % path, "host: hub", "connection: close", "content-type: application/json",
             "authorization: Bearer " + key, "content-length: %d" % len(data)]
    lines += ["%s: %s" % pair for pair in (headers or {}).items()]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return read_answer(await reader.read())
    except ConnectionError:
        return Answer(0, {}, b"", False)
    finally:
        writer.close()


def impatient():
    """Headers of a call that waits no longer than PATIENCE_MS."""
    return {"x-aigne-hub-%s-timeout" % what: str(PATIENCE_MS) for what in ("connect", "first-byte", "idle")}


class Laboratory:
    """A hub whose calls a user pays for, between callers and an upstream."""

    def __init__(self, program, upstream, authority, flags=()):
        self.hub = Hub(program, ["--ca-file", authority, *flags])
        self.upstream = upstream
        self.admin = self.hub.key("operator", "admin")
        self.line = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=60)
        self.do("settings.put", {"billing": "credits"})
        self.user = self.do("user.put", {"name": "payer"})
        self.do("credit.grant", {"user": "payer", "amount": "1000000"})
        self.key = self.do("key.create", {"name": "payer", "user": "payer"})["key"]

    def do(self, verb, arguments=None):
        sent = ("POST", "/api/admin/" + verb, json.dumps(arguments or {}), {"authorization": "Bearer " + self.admin})
        try:
            self.line.request(*sent)
            answer = self.line.getresponse()
        except OSError:  # the hub closes what is idle for long, as on a loaded machine
            self.line.close()
            self.line.request(*sent)
            answer = self.line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError("%s failed: %s" % (verb, body.decode()))
        return json.loads(body) if body.strip() else None

    def provider(self, name, fault, form):
        """A provider of a format that has one fault."""
        self.do("provider.put", {"name": name, "type": form.kind, "baseUrl": self.upstream.url(fault, form),
                                 **({"config": form.config} if form.config else {})})
        self.do("credential.put", {"provider": name, "name": "main", "value": form.secret})

    def price(self, provider, model):
        self.do("rate.put", {"provider": provider, "model": model, "inputRate": "0", "outputRate": "0.001"})

    def books(self):
        """Rows of usage by the id of their call, in the order of their attempts."""
        self.line.close()
        self.line.request("GET", "/api/admin/usage/export?format=jsonl", headers={"authorization": "Bearer " + self.admin})
        calls = {}
        for line in self.line.getresponse():
            row = json.loads(line)
            calls.setdefault(row["requestId"], []).append(row)
        return {name: sorted(rows, key=lambda row: row["attempt"]) for name, rows in calls.items()}

    def problems(self):
        """Of the hub as such, once all calls are over."""
        self.line.close()
        checked = self.do("ledger.check")
        found = [] if checked.get("ok") else ["the ledger: %r" % checked]
        status = self.hub.stop(30)
        return found + (["the server ended with %d: %s" % (status, self.hub.all_output()[-2000:])] if status else [])
