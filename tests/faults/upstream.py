# Knows how to be a provider that does wrong on command, byte by byte; refuses to know who asks and what
# should come of it. The first part of the path names what goes wrong, the second the format.
import asyncio
import gzip
import json
import re
import socket
import ssl
import struct
from urllib.parse import unquote

import providers
from providers import PIECES, SPARE

HUGE = 1000000
AFTER = 2  # pieces of text that are sent before something happens in the middle


class Exchange:
    """One request that came, and the hands to answer it."""

    def __init__(self, reader, writer, path, body, form, number):
        self.reader, self.writer, self.path, self.form = reader, writer, path, form
        self.number = number  # of those with the same fault and name, from 1
        self.streamed = form.streams(path, body)
        self.body = body
        self.chunked = False

    def head(self, status=200, kind=None, length=None, headers=None):
        kind = kind or (self.form.stream_type if self.streamed and status == 200 else "application/json")
        self.chunked = length is None
        lines = ["HTTP/1.1 %d Whatever" % status, "content-type: " + kind, "x-request-id: lab-%d" % self.number,
                 "transfer-encoding: chunked" if length is None else "content-length: %d" % length]
        lines += ["%s: %s" % pair for pair in (headers or {}).items()]
        self.raw("\r\n".join(lines).encode() + b"\r\n\r\n")

    def raw(self, data):
        self.writer.write(data)

    async def part(self, data):
        """A part of the body, on its way before the next."""
        if data:
            self.raw(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)
        await self.writer.drain()

    async def parts(self, some):
        for one in some:
            await self.part(one)

    async def end(self):
        if self.chunked:
            self.raw(b"0\r\n\r\n")
        await self.writer.drain()

    def answer(self, pieces=PIECES):
        """The good answer in parts."""
        if self.streamed:
            return self.form.frames(pieces)
        body = self.form.plain(pieces)
        size = len(body) // 5 + 1
        return [body[at:at + size] for at in range(0, len(body), size)]

    def middle(self, pieces=PIECES):
        """How many parts hold the first pieces of text."""
        if not self.streamed:
            return 3
        return self.answer(pieces).index(self.form.text(pieces[0])) + AFTER

    async def tell(self, parts):
        self.head()
        await self.parts(parts)
        await self.end()

    async def whole(self, status, body, kind="application/json", headers=None):
        self.head(status, kind, len(body), headers)
        await self.part(body)

    async def error(self, status, code, message, headers=None):
        body, more = self.form.error(status, code, message)
        await self.whole(status, body, headers={**more, **(headers or {})})

    async def silence(self):
        """Until the other side goes."""
        while await self.reader.read(65536):
            pass
        raise ConnectionError

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise ConnectionError

    def close(self):
        raise ConnectionError


FAULTS = {}


def fault(function):
    FAULTS[function.__name__.strip("_").replace("_", "-")] = function
    return function


# ---- before an answer ----

@fault
async def silent(x):
    await x.silence()


@fault
async def closes(x):
    x.close()


@fault
async def resets(x):
    x.reset()


@fault
async def half_head(x):
    x.raw(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await x.writer.drain()
    x.close()


@fault
async def half_head_stalls(x):
    x.raw(b"HTTP/1.1 200 OK\r\ncontent-ty")
    await x.silence()


@fault
async def not_http(x):
    x.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    await x.writer.drain()
    x.close()


@fault
async def bad_status(x):
    x.raw(b"HTTP/1.1 twohundred OK\r\ncontent-length: 0\r\n\r\n")
    await x.writer.drain()
    x.close()


@fault
async def huge_head(x):
    x.head(headers={"x-more-%d" % i: "y" * 4000 for i in range(100)})
    await x.parts(x.answer())
    await x.end()


# ---- an error instead of an answer ----

@fault
async def status_500(x):
    await x.error(500, "server_error", "The server had an error.")


@fault
async def status_502_html(x):
    await x.whole(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html")


@fault
async def status_503_retry(x):
    await x.error(503, "overloaded", "Come back.", {"retry-after": "1"})


@fault
async def status_529_empty(x):
    await x.whole(529, b"", "text/plain")


@fault
async def status_429(x):
    await x.error(429, "rate_limit_exceeded", "Slow down.")


@fault
async def status_429_retry(x):
    await x.error(429, "rate_limit_exceeded", "Slow down.", {"retry-after": "30"})


@fault
async def status_429_soon(x):
    await x.error(429, "rate_limit_exceeded", "Slow down.", {"retry-after": "1"})


@fault
async def status_401(x):
    await x.error(401, "invalid_api_key", "Incorrect API key provided.")


@fault
async def status_402(x):
    await x.error(402, "insufficient_balance", "Insufficient Balance")


@fault
async def status_404(x):
    await x.error(404, "model_not_found", "The model does not exist.")


@fault
async def redirects(x):
    await x.whole(302, b"", headers={"location": "http://127.0.0.1:9/elsewhere"})


@fault
async def context_overflow(x):
    words = {"anthropic": "prompt is too long: 250000 tokens > 200000 maximum",
             "bedrock": "Input is too long for requested model."}
    await x.error(400, "context_length_exceeded", words.get(
        x.form.name, "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."))


@fault
async def content_refused(x):
    await x.error(400, "content_policy_violation", "Your request was rejected as a result of our safety system.")


@fault
async def prefill_refused(x):
    await x.error(400, "invalid_request_error", "This model does not support assistant message prefill.")


@fault
async def endless_error(x):
    x.head(500)
    while True:
        await x.part(b"x" * 65536)


@fault
async def error_stalls(x):
    x.head(500)
    await x.part(b'{"error": {"message": "The server')
    await x.silence()


# ---- 200, and no answer in it ----

@fault
async def ok_error_body(x):
    await x.whole(200, x.form.error(500, "server_error", "The server had an error.")[0])


@fault
async def ok_html(x):
    await x.whole(200, b"<html><body>Log in to the wireless network</body></html>", "text/html")


@fault
async def ok_empty(x):
    await x.whole(200, b"", x.form.stream_type if x.streamed else "application/json")


@fault
async def ok_no_json(x):
    await x.whole(200, b"upstream connect error or disconnect/reset before headers", "application/json")


@fault
async def ok_false_gzip(x):
    x.head(headers={"content-encoding": "gzip"})
    await x.parts(x.answer())
    await x.end()


@fault
async def error_first(x):
    if not x.streamed:
        await x.error(503, "overloaded_error", "Overloaded")
        return
    await x.tell([x.form.error_frame("overloaded_error", "Overloaded")])


@fault
async def stalls_at_once(x):
    x.head()
    await x.part(b"")
    await x.silence()


@fault
async def closes_after_head(x):
    x.head()
    await x.part(b"")
    x.close()


# ---- an answer that only begins: who gives it and as what, and no word of it ----

async def open_only(x):
    x.head()
    await x.parts(x.answer()[:x.middle() - AFTER if x.streamed else 1])


@fault
async def opens_and_stalls(x):
    await open_only(x)
    await x.silence()


@fault
async def opens_and_closes(x):
    await open_only(x)
    x.close()


@fault
async def opens_and_fails(x):
    if not x.streamed:
        await x.error(503, "overloaded_error", "Overloaded")
        return
    await open_only(x)
    await x.part(x.form.error_frame("overloaded_error", "Overloaded"))
    await x.end()


# ---- an answer that does not come to its end ----

@fault
async def cut(x):
    x.head()
    await x.parts(x.answer()[:x.middle()])
    x.close()


@fault
async def cut_inside(x):
    parts = x.answer()
    x.head()
    await x.parts(parts[:x.middle()])
    await x.part(parts[x.middle()][:-7])
    x.close()


@fault
async def cut_by_length(x):
    body = b"".join(x.answer())
    x.head(length=len(body))
    await x.part(body[:len(b"".join(x.answer()[:x.middle()]))])
    x.close()


@fault
async def reset_inside(x):
    x.head()
    await x.parts(x.answer()[:x.middle()])
    await asyncio.sleep(0.05)  # a reset overtakes what was sent
    x.reset()


@fault
async def stalls(x):
    x.head()
    await x.parts(x.answer()[:x.middle()])
    await x.silence()


@fault
async def bad_chunk(x):
    x.head()
    await x.parts(x.answer()[:x.middle()])
    x.raw(b"zz\r\nthis is no chunk\r\n")
    await x.writer.drain()
    await x.silence()


@fault
async def no_end(x):
    await x.tell(x.answer()[:-x.form.ending if x.streamed else -1])


@fault
async def no_last_frame(x):
    await x.tell(x.answer()[:-1])


@fault
async def ends_early(x):
    """Ended in order by HTTP, in the middle by the format."""
    await x.tell(x.answer()[:x.middle()])


@fault
async def error_inside(x):
    parts = x.answer()[:x.middle()]
    if x.streamed:
        parts.append(x.form.error_frame("rate_limit_error", "Too many tokens, please wait."))
    await x.tell(parts)


@fault
async def error_inside_and_on(x):
    parts = x.answer()
    if x.streamed:
        parts.insert(x.middle(), x.form.error_frame("overloaded_error", "Overloaded"))
    else:
        parts = parts[:-1]
    await x.tell(parts)


# ---- an answer that cannot be read ----

def damaged(x, change):
    parts = x.answer()
    parts[x.middle()] = change(parts[x.middle()])
    return parts


@fault
async def half_json(x):
    """A frame whose JSON breaks off; the frames around it are whole."""
    def halve(part):
        if not x.streamed:
            return b'{"'
        if x.form.name == "bedrock":
            return providers.aws_frames.message('contentBlockDelta {"contentBlockIndex":0,"delta":{"te')
        return part[:len(part) // 2] + b"\n\n"[:part.count(b"\n", -2) or 1]
    await x.tell(damaged(x, halve))


@fault
async def bad_utf8(x):
    if x.form.name == "bedrock" and x.streamed:
        frame = providers.aws_frames.message("contentBlockDelta %s" % json.dumps({"contentBlockIndex": 0, "delta": {"text": "@@"}}))
        body = frame[:-4].replace(b"@@", b"\xff\xfe")
        parts = damaged(x, lambda part: body + struct.pack(">I", providers.aws_frames.zlib.crc32(body)))
    else:
        whole = x.form.text("@@") if x.streamed else x.form.plain(["@@"])
        broken = whole.replace(b"@@", b"\xff\xfe")
        parts = damaged(x, lambda part: broken) if x.streamed else [broken]
    await x.tell(parts)


@fault
async def cut_utf8(x):
    """The last thing that comes is the first half of a character, then the end."""
    text = x.form.text("\u2600") if x.streamed else b"".join(x.answer())
    at = text.index("\u2600".encode() if "\u2600".encode() in text else b"\\u2600")
    await x.tell([*(x.answer()[:x.middle()] if x.streamed else []), text[:at + 1]])


@fault
async def wrong_checksum(x):
    """Of Amazon's messages; others have none, and get a turned bit in their JSON instead."""
    def turn(part):
        return part[:-1] + bytes([part[-1] ^ 1]) if x.form.name == "bedrock" and x.streamed else part.replace(b"{", b"[", 1)
    if x.streamed:
        await x.tell(damaged(x, turn))
    else:
        await x.tell([x.form.plain(PIECES).replace(b"{", b"[", 1)])


@fault
async def wrong_prelude(x):
    def turn(part):
        return part[:8] + bytes([part[8] ^ 1]) + part[9:] if x.form.name == "bedrock" else b"data {\n\n" + part.replace(b"}", b"", 1)
    await x.tell(damaged(x, turn) if x.streamed else [x.form.plain(PIECES)[1:]])


# ---- odd, and good all the same ----

@fault
async def good(x):
    await x.tell(x.answer())


@fault
async def wrong_type(x):
    x.head(kind="text/plain")
    await x.parts(x.answer())
    await x.end()


@fault
async def plain_for_stream(x):
    await x.whole(200, x.form.plain(PIECES))


@fault
async def end_twice(x):
    parts = x.answer()
    await x.tell(parts + parts[-x.form.ending:] if x.streamed else parts)


@fault
async def no_close(x):
    """The format's end came, the transfer's does not."""
    x.head(length=10**6) if not x.streamed else x.head()
    await x.parts(x.answer())
    await x.silence()


@fault
async def drip(x):
    x.head()
    body = b"".join(x.answer())
    for at in range(0, len(body), 3):
        await x.part(body[at:at + 3])
    await x.end()


@fault
async def huge_frame(x):
    await x.tell(x.answer([*PIECES, "x" * HUGE]))


@fault
async def comments(x):
    """Signs of life between the frames, where the format has them."""
    parts = x.answer()
    if x.streamed and x.form.stream_type == "text/event-stream":
        parts = [sign for part in parts for sign in (b": keep-alive\n\n", part)]
    await x.tell(parts)


@fault
async def zipped(x):
    body = gzip.compress(b"".join(x.answer()))
    x.head(length=len(body), headers={"content-encoding": "gzip"})
    await x.part(body)


@fault
async def spare(x):
    """Who answers well when another does not."""
    await x.tell(x.answer(SPARE))


@fault
async def spare_no_prefill(x):
    """The same, of a model that does not go on with words put into its mouth."""
    if last_role(x.body) in ("assistant", "model", "agent"):
        await prefill_refused(x)
    else:
        await spare(x)


# ---- now this, now that ----

def turn(name, bad, is_bad):
    """A fault that comes and goes: `is_bad` is told the number of the request, and of which model."""
    async def one(x):
        await (FAULTS[bad] if is_bad(x.number, model_of(x.path, x.body)) else good)(x)
    FAULTS["turn-" + name] = one


DEAD = set()  # models of turn-mortal
for _bad in ("status-500", "status-429", "resets", "opens-and-closes"):
    turn("third-" + _bad, _bad, lambda number, model: number % 3 == 0)
for _bad in ("status-429", "status-429-soon", "status-500", "resets"):
    turn("once-" + _bad, _bad, lambda number, model: number == 1)
turn("mortal", "status-503-retry", lambda number, model: model in DEAD)


def last_role(body):
    """Who speaks last in a request of any format."""
    inside = body.get("input")
    turns = body.get("messages") or body.get("contents") or (inside.get("messages") if isinstance(inside, dict) else inside)
    return turns[-1].get("role") if isinstance(turns, list) and turns else "user"


def model_of(path, body):
    """The name that the caller gave the model, wherever the format has it."""
    named = re.search("/models?/([^/:]+)", path)
    inside = body.get("input", {}) if isinstance(body.get("input"), dict) else {}
    return unquote(named.group(1)) if named else body.get("model") or inside.get("modelOptions", {}).get("model") or inside.get("model")


class Upstream:
    """Answers at /FAULT/FORMAT/... until closed; counts what came."""

    def __init__(self):
        self.calls = {}   # how many, by whether the spare was asked and the model's name
        self.bodies = {}  # the newest of them
        self.tasks = set()

    async def start(self, certificate=None):
        self.plain = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.port = self.plain.sockets[0].getsockname()[1]
        self.port_tls = 0
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.secure = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context)
            self.port_tls = self.secure.sockets[0].getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as once:  # nobody listens there any more
            self.port_closed = once.getsockname()[1]

    def url(self, fault_name, form):
        places = {"refused": "http://127.0.0.1:%d" % self.port_closed, "no-such-host": "http://no-such-host.invalid",
                  "expired-tls": "https://127.0.0.1:%d" % self.port_tls, "no-tls": "https://127.0.0.1:%d" % self.port}
        return "%s/%s/%s%s" % (places.get(fault_name, "http://127.0.0.1:%d" % self.port), fault_name, form.name, form.base)

    async def serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(asyncio.current_task())
            writer.close()

    async def exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        path = path.split("?")[0]
        _, fault_name, form = path.split("/")[:3]
        asked = (fault_name.startswith("spare"), model_of(path, body))
        self.calls[asked] = self.calls.get(asked, 0) + 1
        self.bodies[asked] = body
        x = Exchange(reader, writer, path, body, providers.FORMATS[form], self.calls[asked])
        await FAULTS[fault_name](x)
        return True

    async def close(self):
        self.plain.close()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


PLACES = ["refused", "no-such-host", "expired-tls", "no-tls"]  # faults of where it is
# They end when somebody loses patience.
QUIET = {"no-tls", "silent", "half-head-stalls", "error-stalls", "stalls-at-once", "opens-and-stalls", "stalls", "bad-chunk", "no-close"}
