# Everything a client or a provider can do wrong, in both formats, plain and streamed: the server
# survives, and what it answers is a proper error in the caller's own shape with the right status.
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, Imitation, raw, request, wait_until  # noqa: E402

SECRETS = {"openai": "sk-hostile-openai", "anthropic": "sk-ant-hostile", "google": "AIza-hostile"}
MODELS = {"openai": "openai/gpt-4o-mini", "anthropic": "anthropic/claude-haiku-4-5", "google": "google/gemini-2.5-flash"}
PATHS = {"openai": "/v1/chat/completions", "aigne": "/api/v2/chat"}
failures = []


def check(good, what, *more):
    if not good:
        failures.append(what + "".join(" | %s" % (m if isinstance(m, str) else repr(m))[:400] for m in more))
    return good


class Test:
    def __init__(self, hub, imitation, key):
        self.hub, self.imitation, self.key = hub, imitation, key
        self.head = {"authorization": "Bearer " + key, "content-type": "application/json"}

    def send(self, face, body, head=None, method="POST", path=None):
        data = body if isinstance(body, (bytes, type(None))) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return request(self.hub.port, method, path or PATHS[face], data, self.head if head is None else head)

    def alive(self, what):
        check(self.hub.running(), "the server died: " + what)
        if not self.hub.running():
            raise SystemExit("the server died: %s\n%s" % (what, self.hub.all_output().decode("utf-8", "replace")))

    def error_shape(self, what, answer, face, statuses):
        """The body is an error as `face` writes one; gives its message."""
        check(answer.status in statuses, what + ": status %d" % answer.status, answer.body)
        try:
            error = answer.json()["error"]
            message = error["message"]
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as why:
            check(False, what + ": no error in the caller's shape: %r" % why, answer.body)
            return ""
        check(isinstance(message, str) and 3 < len(message) < 1500, what + ": message", message)
        check("application/json" in (answer.headers.get("content-type") or ""), what + ": content type", answer.headers.get("content-type"))
        if face == "openai":
            check(isinstance(error.get("type"), str), what + ": type", error)
            check("param" in error and "code" in error, what + ": param and code", error)
        return message if isinstance(message, str) else ""

    def refused(self, what, face, body, statuses=(400,), **more):
        before = len(self.imitation.log()) if more.pop("stays_here", False) else None
        answer = self.send(face, body, **more)
        self.alive(what)
        message = self.error_shape("%s [%s]" % (what, face), answer, face, statuses)
        if before is not None:
            check(len(self.imitation.log()) == before, what + ": went upstream")
        return message


def openai_body(**more):
    body = {"model": MODELS["anthropic"], "messages": [{"role": "user", "content": "hi"}]}
    body.update(more)
    return body


def aigne_body(input_more=None, **more):
    body = {"input": {"messages": [{"role": "user", "content": "hi"}], "modelOptions": {"model": MODELS["anthropic"]}}}
    body["input"].update(input_more or {})
    body.update(more)
    return body


def text_attacks():
    """Bodies that are not JSON, or JSON nobody should carry."""
    open_message = b'{"model":"anthropic/claude-haiku-4-5","messages":[{"role":"user","content":"'
    return {
        "no body": b"", "blanks": b"  \n ", "a half": b'{"model":"x"', "not JSON": b"model=x&y=z", "a trailing comma": b'{"model":"x",}',
        "two values": b"{} {}", "single quotes": b"{'model':'x'}", "NaN": b'{"temperature":NaN}', "a comment": b'{/*x*/"model":"x"}',
        "an array": b"[]", "a number": b"42", "null": b"null", "a string": b'"x"',
        "open brackets": b"[" * 200000, "open objects": b'{"a":' * 100000, "balanced depth": b"[" * 5000 + b"]" * 5000,
        "depth inside": b'{"messages":' + b'[' * 3000 + b']' * 3000 + b'}',
        "invalid UTF-8": open_message + b'\xff\xfe"}]}', "overlong UTF-8": open_message + b'\xc0\xaf"}]}',
        "a surrogate in UTF-8": open_message + b'\xed\xa0\x80"}]}', "cut UTF-8": open_message + b'\xe6\x97"}]}',
        "a raw NUL": open_message + b'a\x00b"}]}', "a raw line end": open_message + b'a\nb"}]}',
        "a bad escape": open_message + b'\\x41"}]}', "a half escape": open_message + b'\\u12"}]}', "a BOM": b'\xef\xbb\xbf[]',
        "a leading zero": b'{"messages":[],"temperature":01}', "a lone minus": b'{"temperature":-}', "a long number": b'{"temperature":1' + b"0" * 100000 + b'x}',
    }


OPENAI_TYPES = {
    "model": [5, [], {}, True], "messages": [5, {}, "text", [5], [None], [[]], [{}], [{"role": 5, "content": "x"}], [{"content": "x"}], []],
    "stream": ["yes", 1, [], {}], "tools": ["x", {}, [5], [{}], [{"type": "function"}], [{"type": "function", "function": 5}], [{"type": "function", "function": {}}], [{"type": "function", "function": {"name": 5}}], [{"type": "function", "function": {"name": "f", "parameters": 5}}]],
    "tool_choice": [5, [], "sometimes", {"type": "function"}, {"type": "function", "function": 5}],
    "temperature": ["hot", [], {}, True], "top_p": ["x", {}], "max_tokens": ["many", [], -1, 0], "stop": [5, {}, [5]],
    "response_format": ["json", 5, {"type": 5}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": 5}, {"type": "poem"}],
    "stream_options": [5, "x", []], "parallel_tool_calls": ["x", 5], "reasoning_effort": ["huge", {}, []],
}
MESSAGE_TYPES = [
    {"role": "wizard", "content": "x"}, {"role": "user", "content": 5}, {"role": "user", "content": {}}, {"role": "user", "content": [5]},
    {"role": "user", "content": [{"type": 5}]}, {"role": "user", "content": [{"type": "text", "text": 5}]}, {"role": "user", "content": [{"type": "text"}]},
    {"role": "user", "content": [{"type": "image_url"}]}, {"role": "user", "content": [{"type": "image_url", "image_url": 5}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]},
    {"role": "assistant", "tool_calls": "x"}, {"role": "assistant", "tool_calls": [5]}, {"role": "assistant", "tool_calls": [{}]},
    {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": 5}]},
    {"role": "assistant", "tool_calls": [{"id": 5, "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "tool", "content": "x", "tool_call_id": 5}, {"role": "tool", "content": 5, "tool_call_id": "a"},
]
AIGNE_TYPES = {
    "messages": [5, {}, [5], [None], [{}], [{"role": 5, "content": "x"}], []],
    "tools": ["x", [5], [{}], [{"type": "function", "function": {}}]], "toolChoice": [5, "sometimes", {"type": "function"}],
    "responseFormat": ["json", {"type": 5}, {"type": "json_schema"}, {"type": "json_schema", "jsonSchema": 5}],
    "modelOptions": ["x", 5, [], {"model": 5}, {"temperature": "hot", "model": MODELS["anthropic"]}, {"parallelToolCalls": "x", "model": MODELS["anthropic"]}],
}
AIGNE_MESSAGES = [
    {"role": "assistant", "content": "x", "toolCalls": 5}, {"role": "wizard", "content": "x"}, {"role": "user", "content": 5}, {"role": "user", "content": [5]},
    {"role": "user", "content": [{"type": "text"}]}, {"role": "user", "content": [{"type": "file"}]}, {"role": "user", "content": [{"type": "file", "data": 5}]}, {"role": "user", "content": [{"type": "url"}]},
    {"role": "user", "content": [{"type": "hologram"}]}, {"role": "agent", "toolCalls": "x"}, {"role": "agent", "toolCalls": [{}]},
    {"role": "agent", "toolCalls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": 5}}]}, {"role": "tool", "content": "x", "toolCallId": 5},
]


def hostile_clients(t):
    for what, body in text_attacks().items():
        for face in PATHS:
            t.refused(what, face, body, stays_here=True)
    for member, values in OPENAI_TYPES.items():
        for value in values:
            for stream in (False, True):
                body = openai_body(**{"stream": stream, member: value})
                t.refused("%s: %s" % (member, json.dumps(value)), "openai", body)
    for message in MESSAGE_TYPES:
        t.refused("message %s" % json.dumps(message), "openai", openai_body(messages=[{"role": "user", "content": "hi"}, message]))
    for member, values in AIGNE_TYPES.items():
        for value in values:
            t.refused("input.%s: %s" % (member, json.dumps(value)), "aigne", aigne_body({member: value}))
    for message in AIGNE_MESSAGES:
        t.refused("message %s" % json.dumps(message), "aigne", aigne_body({"messages": [{"role": "user", "content": "hi"}, message]}))
    for body in ({}, {"input": 5}, {"input": None}, {"input": {}}, {"options": 5}, aigne_body(options=5), aigne_body(options={"streaming": "yes"})):
        t.refused("envelope %s" % json.dumps(body), "aigne", body)
    for body in ({}, {"messages": [{"role": "user", "content": "x"}]}, {"model": MODELS["openai"]}, {"model": "", "messages": []}):
        t.refused("body %s" % json.dumps(body), "openai", body, (400, 404))


def names_and_keys(t):
    for name in ("nobody/nothing", "no-such-vendor-model", "bedrock/x", "a" * 5000, "openai/", "/", "openai/../../etc", "\u0000", "openai/x\r\nhost: evil", "google/a:b?c#d/e%2f"):
        t.refused("model %r" % name[:40], "openai", openai_body(model=name), (400, 404, 503))
        t.refused("model %r" % name[:40], "aigne", aigne_body({"modelOptions": {"model": name}}), (400, 404, 503))
    for value in ("", "Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer " + "x" * 20000, "Bearer \xff\xfe", "bearer" + t.key, t.key):
        for face, body in (("openai", openai_body()), ("aigne", aigne_body())):
            head = {"content-type": "application/json", "authorization": value.encode("latin-1")}
            if len(value) > 16000:  # libmicrohttpd answers before the gateway sees anything
                check(t.send(face, body, head).status == 431, "a large authorization [%s]" % face)
                t.alive("a large authorization")
                continue
            t.refused("authorization %r" % value[:30], face, body, (401,), head=head, stays_here=True)
    for face, body in (("openai", openai_body()), ("aigne", aigne_body())):
        t.refused("no key", face, body, (401,), head={"content-type": "application/json"}, stays_here=True)


def paths_and_methods(t):
    for face, path in PATHS.items():
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            t.refused("%s %s" % (method, path), face, None, (404, 405), method=method)
    for path in ("/", "/v1", "/v1/chat", "/v1/chat/completions/x", "/v1//chat/completions", "/api/v2/", "/v1/../etc/passwd", "/%2e%2e/%2e%2e", "/%zz", "/v1/chat/completions%00", "//evil.example/v1", "/" + "a" * 6000, "/v1/nothing?x=" + "y" * 500):
        face = "openai" if path.startswith("/v1") else "aigne"
        answer = t.send(face, "{}", path=path)
        t.alive(path)
        check(400 <= answer.status < 500, "POST %s: status %d" % (path[:40], answer.status))
        check(b"/etc" not in answer.body and b"root:" not in answer.body, "POST %s" % path, answer.body)


def large_bodies(t):
    piece = b"x" * (1 << 20)
    for face in PATHS:
        head = "POST %s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\ncontent-type: application/json\r\n" % (PATHS[face], t.key)
        sized = head.encode() + b"content-length: %d\r\n\r\n" % (40 << 20)
        chunked = head.encode() + b"transfer-encoding: chunked\r\n\r\n" + (b"%x\r\n" % len(piece) + piece + b"\r\n") * 40 + b"0\r\n\r\n"
        for what, data in (("40 MB", sized + piece * 40), ("40 MB in chunks", chunked)):
            received = raw(t.hub.port, data, seconds=5)
            t.alive(what)
            check(received.startswith(b"HTTP/1.1 413"), "%s [%s]" % (what, face), received[:300])
            check(b'"error"' in received and b'"message"' in received, "%s [%s]: shape" % (what, face), received[:600])
        words = b"y" * (30 << 20)
        ask = openai_body(model="echo/echo") if face == "openai" else aigne_body({"modelOptions": {"model": "echo/echo"}})
        body = json.dumps(ask).encode().replace(b'"hi"', b'"' + words + b'"')
        answer = t.send(face, body)
        check(answer.status == 200 and answer.whole, "30 MB [%s]: %d" % (face, answer.status), answer.body[:300])


def broken_http(t):
    start = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n" % t.key
    attacks = {
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00", "one byte": b"P", "a lone line end": b"\r\n", "HTTP/0.9": b"GET /\r\n", "a bad version": b"GET / HTTP/9.9\r\n\r\n",
        "a long line": b"GET /" + b"a" * 300000 + b" HTTP/1.1\r\n\r\n", "a large head": start.encode() + b"x-a: " + b"b" * 300000 + b"\r\n\r\n",
        "many headers": start.encode() + b"".join(b"x-%d: y\r\n" % i for i in range(20000)) + b"\r\n",
        "a bad length": (start + "content-length: abc\r\n\r\n{}").encode(), "a negative length": (start + "content-length: -1\r\n\r\n{}").encode(),
        "a huge length": (start + "content-length: 99999999999999999999\r\n\r\n{}").encode(), "two lengths": (start + "content-length: 2\r\ncontent-length: 3\r\n\r\n{}").encode(),
        "length and chunks": (start + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").encode(),
        "a bad chunk": (start + "transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n").encode(), "a huge chunk": (start + "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}").encode(),
        "a half body": (start + "content-length: 100\r\n\r\n{}").encode(), "a half head": start.encode(), "a folded header": (start + "x-a: b\r\n c\r\ncontent-length: 2\r\n\r\n{}").encode(),
        "a NUL in a header": start.encode() + b"x-a: b\x00c\r\ncontent-length: 2\r\n\r\n{}", "a header without colon": (start + "nonsense\r\ncontent-length: 2\r\n\r\n{}").encode(),
    }
    for what, data in attacks.items():
        received = raw(t.hub.port, data, seconds=3, half_close=True)
        t.alive(what)
        check(not received.startswith(b"HTTP/1.1 2") and b" 500 " not in received[:20], what, received[:200])
    body = json.dumps(openai_body(model="echo/echo")).encode()
    one = start.encode() + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    received = raw(t.hub.port, one * 3, seconds=3, half_close=False)
    check(received.count(b"HTTP/1.1 200") == 3, "three requests in one piece", received[:1500])


def doubtful_text(t):
    """Legal JSON with doubtful content: taken or refused, never handed on broken."""
    bodies = {
        "an escaped NUL": '"a\\u0000b"', "a lone surrogate": '"a\\ud83d b"', "a swapped pair": '"\\udca9\\ud83d"', "a surrogate at the end": '"x\\ud800"',
        "controls": '"\\u0001\\u001b[31m"', "a pair": '"\\ud83d\\udca9"', "a BOM inside": '"\\ufeffx"', "direction marks": '"\\u202eevil"', "200 KB": '"%s"' % ("z" * 200000),
    }
    for what, text in bodies.items():
        for face, template in (("openai", '{"model":"%s","messages":[{"role":"user","content":%s}]}'), ("aigne", '{"input":{"modelOptions":{"model":"%s"},"messages":[{"role":"user","content":%s}]}}')):
            for provider in ("anthropic", "google"):
                answer = t.send(face, template % (MODELS[provider], text))
                t.alive(what)
                check(answer.status in (200, 400), "%s to %s: %d" % (what, provider, answer.status), answer.body)
                check(b"could not parse" not in answer.body and b"not valid JSON" not in answer.body and b"Invalid JSON" not in answer.body, "%s to %s was handed on broken" % (what, provider), answer.body)
                answer.json()
            echo = t.send(face, template % ("echo/echo", text))
            check(echo.status in (200, 400), "%s to echo: %d" % (what, echo.status), echo.body)
            echo.json()
    doubled = {
        "model": '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"x"}],"model":"openai/gpt-4o"}',
        "model, escaped": '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"x"}],"mod\\u0065l":"gpt-4o"}',
        "stream": '{"model":"openai/gpt-4o-mini","stream":false,"messages":[{"role":"user","content":"x"}],"stream":true}',
        "messages": '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"x"}],"messages":[{"role":"user","content":"y"}]}',
    }
    for what, body in doubled.items():
        t.imitation.forget()
        answer = t.send("openai", body)
        t.alive("two members " + what)
        seen = t.imitation.log()
        check(answer.status == 400 or seen, "two members %s: %d" % (what, answer.status), answer.body)
        for entry in seen:
            rows = t.hub.do("usage.list", {})
            rows = rows if isinstance(rows, list) else next(v for v in rows.values() if isinstance(v, list))
            newest = max(rows, key=lambda r: str(r.get("createdAt") or r.get("callTime") or r.get("id")))
            check(newest["model"] in (entry["model"], "openai/" + entry["model"]), "two members %s: asked for %s, recorded %s" % (what, entry["model"], newest["model"]))
            is_stream = (answer.headers.get("content-type") or "").startswith("text/event-stream")
            check(is_stream == entry["stream"], "two members %s: the provider streams %s, the hub %s" % (what, entry["stream"], is_stream))


# What the provider does, the statuses that fit, and words of the provider that must survive.
UPSTREAM_ERRORS = {
    "status=400": ((400,), "refused on purpose"), "status=403": ((403,), ""), "status=404": ((404,), ""), "status=429 #retry=7": ((429,), ""),
    "status=500": ((500,), ""), "status=503": ((503,), ""), "status=529": ((529, 503), ""), "status=401": ((401, 502, 503), ""), "status=402": ((402, 429, 502, 503), ""),
    "status=418": ((418,), ""), "status=500 #long=100000": ((500,), ""),
    "html": ((502,), ""), "html-ok": ((502,), ""), "empty": ((502,), ""), "empty=500": ((500,), ""), "no-content": ((502,), ""), "garbage": ((502,), ""),
    "garbage-error": ((500,), ""), "not-object": ((502,), ""), "scalar": ((502,), ""), "nothing": ((502,), ""), "empty-object": ((502,), ""), "wrong-types": ((502,), ""),
    "depth": ((502,), ""), "error-depth": ((400,), ""), "reset": ((502, 503), ""), "cut-plain": ((502,), ""), "bad-status": ((502,), ""), "bad-chunk": ((502,), ""), "huge-headers": ((502,), ""),
    "false-gzip": ((502,), ""), "redirect": ((307, 502), ""), "big-error": ((500,), ""), "text-error": ((503,), ""), "flat-error": ((400,), "a flat error text"), "bad-utf8-error": ((400,), "caf"),
    "hang": ((504,), ""),
}
STREAM_BREAKS = ["cut", "error-mid", "end-early", "garbage-frame", "scalar-frame", "depth-frame", "utf8-frame", "stall"]


def ask(face, model, words, stream):
    if face == "openai":
        return {"model": model, "stream": stream, "messages": [{"role": "user", "content": words}]}
    return {"input": {"messages": [{"role": "user", "content": words}], "modelOptions": {"model": model}}, "options": {"streaming": stream}}


def hostile_providers(t):
    for provider, model in MODELS.items():
        for fault, (statuses, words) in UPSTREAM_ERRORS.items():
            for face in PATHS:
                for stream in (False, True):
                    if fault == "hang" and (stream or face == "aigne"):
                        continue
                    what = "%s: %s%s" % (provider, fault, " streamed" if stream else "")
                    t.imitation.forget()
                    answer = t.send(face, ask(face, model, "x #" + fault, stream))
                    t.alive(what)
                    if answer.status == 200 and stream and fault in ("html-ok", "garbage", "not-object", "scalar", "nothing", "empty-object", "wrong-types", "depth", "empty", "cut-plain", "bad-chunk", "no-content"):
                        stream_ends_badly(what, face, answer)  # the head was out before the fault was seen
                    else:
                        message = t.error_shape("%s [%s]" % (what, face), answer, face, statuses)
                        check(words in message, what + ": the provider's words are lost", message)
                        check("<html" not in message.lower(), what + ": HTML in the message", message)
                    if "retry" in fault:
                        check(answer.headers.get("retry-after") == "7", what + ": retry-after", str(answer.headers))
                    seen = t.imitation.log()
                    check(len(seen) == 1, "%s [%s]: %d requests upstream" % (what, face, len(seen)))


def stream_ends_badly(what, face, answer):
    # OpenAI's frames are relayed to OpenAI's clients without being read one by one.
    body = answer.body.decode("utf-8", "replace" if what == "openai: utf8-frame" and face == "openai" else "strict")
    check(answer.status == 200 and body, "%s [%s]: %d" % (what, face, answer.status), body)
    check("[DONE]" not in body, "%s [%s]: a clean end" % (what, face), body[-300:])
    last = [frame for frame in body.split("\n\n") if frame.strip() and not frame.startswith(":")][-1]
    if face == "aigne":
        lines = last.split("\n")
        check(lines[0] == "event: error", "%s [aigne]: no error event" % what, last)
        data = json.loads(lines[-1][len("data: "):])
        check(isinstance(data.get("message"), str) and data["message"], "%s [aigne]: message" % what, last)
    else:
        check(last.startswith('data: {"error":'), "%s [openai]: no error frame" % what, last)
        if last.startswith("data: {"):
            check(isinstance(json.loads(last[6:])["error"]["message"], str), "%s [openai]: message" % what, last)


def broken_streams(t):
    for provider, model in MODELS.items():
        for fault in STREAM_BREAKS:
            for face in PATHS:
                what = "%s: %s" % (provider, fault)
                t.imitation.forget()
                answer = t.send(face, ask(face, model, "x #stream=8 #" + fault, True))
                t.alive(what)
                stream_ends_badly(what, face, answer)
                check(len(t.imitation.log()) == 1, what + ": not one request upstream")
    for face in PATHS:
        answer = t.send(face, ask(face, MODELS["anthropic"], "x #huge-frame=70", True))
        t.alive("a huge frame")
        if answer.status == 200:
            stream_ends_badly("a huge frame", face, answer)


def hard_to_carry(t):
    for provider, model in MODELS.items():
        for word in ("nul", "surrogate", "negative-usage", "huge-usage", "bad-arguments #tool", "wrong-type", "silent"):
            for face in PATHS:
                for stream in (False, True):
                    if word == "wrong-type" and not stream:
                        continue
                    what = "%s: %s [%s]%s" % (provider, word, face, " streamed" if stream else "")
                    body = ask(face, model, "x #" + word, stream)
                    if "tool" in word:
                        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}
                        (body if face == "openai" else body["input"])["tools"] = [tool]
                    answer = t.send(face, body)
                    t.alive(what)
                    check(answer.status in (200, 502), "%s: %d" % (what, answer.status), answer.body)
                    frames = [answer.body] if not answer.body.startswith((b"data:", b"event:", b":")) else [
                        line[6:] for line in answer.body.split(b"\n") if line.startswith(b"data: {")]
                    for frame in frames:
                        value = json.loads(frame.decode("utf-8"))
                        if provider == "openai" and face == "openai":
                            continue  # relayed byte for byte
                        json.dumps(value, ensure_ascii=False).encode("utf-8")
                        check_usage(what, value)


def odd_headers(t):
    """What a provider says about waiting must not reach the client as nonsense."""
    for retry in ("99999999999999999999", "-5", "abc", "1e9", "Wed,", "0", "0.5", "%0d%0ax-evil:1"):
        for provider, model in MODELS.items():
            answer = t.send("openai", ask("openai", model, "x #status=429 #retry=" + retry, False))
            t.alive("retry-after " + retry)
            said = answer.headers.get("retry-after")
            check(answer.status == 429, "retry-after %s: %d" % (retry, answer.status))
            check(said is None or (said.isdigit() and int(said) <= 7 * 86400), "%s: retry-after %s became %s" % (provider, retry, said))
            check("x-evil" not in str(answer.headers).lower(), "a header was smuggled in")


def check_usage(what, value):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.lower().replace("_", "").endswith("tokens"):
                check(isinstance(inner, int) and 0 <= inner < 1 << 41, "%s: %s is %r" % (what, name, inner))
            check_usage(what, inner)
    elif isinstance(value, list):
        for inner in value:
            check_usage(what, inner)


def administration(t):
    """Verbs over HTTP: for administrators only, and no door for nonsense."""
    admin = {"authorization": "Bearer " + t.hub.key("hostile admin", "admin"), "content-type": "application/json"}
    wait_until(lambda: t.send("aigne", "{}", admin, path="/api/admin/provider.list").status == 200)
    for verb in ("provider.list", "provider.put", "credential.list", "credential.put", "key.list", "key.create", "key.delete", "usage.list", "settings.put", "no.verb"):
        t.refused("a user's " + verb, "aigne", {}, (403,), path="/api/admin/" + verb)
        for head in ({}, {"authorization": "Bearer wrong"}, {"x-user-did": "z1", "x-user-role": "owner"}):
            t.refused("nobody's " + verb, "aigne", {}, (401,), path="/api/admin/" + verb, head=head)
    quoted = "'; DROP TABLE providers; --"
    for verb, bodies in {
            "provider.put": [b"", b"{", b"[]", b"null", b"5", {}, {"name": 5}, {"name": ""}, {"name": "nobody"}, {"name": quoted}, {"name": "openai", "baseUrl": 5}, {"name": "openai", "baseUrl": "not a url"},
                             {"name": "openai", "baseUrl": "file:///etc/passwd"}, {"name": "openai", "baseUrl": "gopher://x"}, {"name": "openai", "enabled": "yes"}, {"name": "openai", "invented": 1}, {"name": "x" * 100000}],
            "credential.put": [{}, {"provider": "openai"}, {"provider": "openai", "name": "x"}, {"provider": "nobody", "name": "x", "value": "v"}, {"provider": "openai", "name": "x", "value": 5}, {"provider": "openai", "name": "x", "value": ""},
                               {"provider": "openai", "name": "x", "value": "line\r\nbreak: y"}, {"provider": "openai", "name": "x", "value": "sk-****************cdef"}, {"provider": "openai", "name": "x", "value": {"a": 1}}],
            "rate.put": [{}, {"provider": "openai", "model": "m", "type": "chat"}, {"provider": "openai", "model": "m", "type": "poem", "inputRate": "1", "outputRate": "1"}] + [
                {"provider": "openai", "model": "m", "type": "chat", "inputRate": rate, "outputRate": "1"} for rate in ("-1", "x", "", "1e", "NaN", "0x10", "1" * 60, "0." + "0" * 60 + "1", [], {}, True)],
            "key.create": [{"name": 5}, {"name": "x", "role": "owner of all"}, {"name": "x", "expiresAt": "whenever"}],
            "key.delete": [{}, {"id": 5}, {"id": "nobody"}, {"id": quoted}],
            "usage.list": [{"page": -1}, {"page": "x"}, {"pageSize": 100000}, {"pageSize": 0}, {"since": "yesterday"}, {"order": quoted}, {"status": 5}],
            "no.verb": [{}], quoted: [{}], "../provider.list": [{}], "provider.list/": [], "a" * 3000: [{}]}.items():
        for body in bodies:
            what = "%s %s" % (verb[:30], body if isinstance(body, bytes) else json.dumps(body)[:120])
            path = "/api/admin/" + verb.replace(" ", "%20").replace("'", "%27")
            if verb == "provider.put" and body == b"":
                continue
            t.refused(what, "aigne", body, (400, 404, 409, 413), path=path, head=admin)
    check(t.send("openai", openai_body()).status == 200, "the settings survived")


def resident_megabytes(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


PARTS = [names_and_keys, administration, hostile_clients, paths_and_methods, broken_http, doubtful_text, hostile_providers, broken_streams, hard_to_carry, odd_headers, large_bodies]


def main():
    chosen = [p for p in PARTS if len(sys.argv) < 3 or p.__name__ in sys.argv[2:]]
    imitation = Imitation()
    hub = Hub(sys.argv[1], ["--first-byte-timeout", "2500", "--idle-timeout", "2500", "--head-timeout", "2"])
    try:
        hub.use(imitation, SECRETS)
        hub.do("provider.put", {"name": "echo"})
        hub.do("settings.put", {"policy": {"retries": 0}})  # each fault is seen once
        key = hub.key("hostile")
        test = Test(hub, imitation, key)
        wait_until(lambda: test.send("openai", openai_body()).status == 200)
        for part in chosen:
            before = len(failures)
            part(test)
            print("%s: %d wrong" % (part.__name__, len(failures) - before))
            sys.stdout.flush()
        check(test.send("openai", openai_body()).status == 200, "the server no longer serves")
        print("resident: %d MB" % resident_megabytes(hub.child.pid))
    finally:
        status = hub.stop()
        imitation.stop()
    check(status == 0, "the server ended with %d" % status)
    for failure in failures:
        print("FAILED", failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
