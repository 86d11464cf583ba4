# What a provider did not count is estimated from the text alone, the same in every format, whether the hub
# translates an answer or passes it on as it came.
#
# usage: estimate_test.py AIGNE_HUB [unittest's arguments]
import base64
import http.client
import http.server
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import Hub, all_rows, post  # noqa: E402

PROGRAM = ""
PIECES = ["one ", "zwölf ", "\"three\" three three "]  # 31 bytes: 8 tokens; two escapes more are half of one
TOKENS = (8, 9)
QUESTION = "nine char"  # 3 tokens
PICTURE = base64.b64encode(bytes(30000)).decode()  # as text 10,000 tokens


def sse(data, name=None):
    return ("event: %s\n" % name if name else "") + "data: %s\n\n" % json.dumps(data, ensure_ascii=False)


def chat(end):
    def chunk(delta, finish=None):
        return sse({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})
    yield chunk({"role": "assistant", "content": ""})
    yield from (chunk({"content": piece}) for piece in PIECES)
    if end:
        yield chunk({}, "stop")
        yield "data: [DONE]\n\n"


def messages(end):
    yield sse({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m" * 60,
        "stop_reason": None, "stop_sequence": None}}, "message_start")
    yield sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
              "content_block_start")
    yield sse({"type": "ping"}, "ping")
    yield from (sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}},
                    "content_block_delta") for piece in PIECES)
    if end:
        yield sse({"type": "content_block_stop", "index": 0}, "content_block_stop")
        yield sse({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}},
                  "message_delta")
        yield sse({"type": "message_stop"}, "message_stop")


def whole_response(status):
    return {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "m",
            "instructions": "be brief " * 100, "tools": [],
            "output": [{"type": "message", "id": "msg_1", "status": status, "role": "assistant", "content": [
                {"type": "output_text", "text": "".join(PIECES), "annotations": []}]}]}


def responses(end):
    number = 0
    start = dict(whole_response("in_progress"), output=[])
    item = {"type": "message", "id": "msg_1", "status": "in_progress", "role": "assistant", "content": []}
    frames = [{"type": "response.created", "response": start}, {"type": "response.in_progress", "response": start},
              {"type": "response.output_item.added", "output_index": 0, "item": item}]
    frames += [{"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0,
                "delta": piece} for piece in PIECES]
    if end:
        frames += [{"type": "response.output_item.done", "output_index": 0,
                    "item": whole_response("completed")["output"][0]},
                   {"type": "response.completed", "response": whole_response("completed")}]
    for frame in frames:
        yield sse({**frame, "sequence_number": number}, frame["type"])
        number += 1


def generate(end):
    for number, piece in enumerate(PIECES):
        candidate = {"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0}
        if end and number == len(PIECES) - 1:
            candidate["finishReason"] = "STOP"
        yield sse({"candidates": [candidate], "modelVersion": "m", "responseId": "r" * 40})


def whole(path):
    text = "".join(PIECES)
    if path.endswith("/messages"):
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
                "stop_sequence": None, "content": [{"type": "text", "text": text}]}
    if path.endswith("/responses"):
        return whole_response("completed")
    if "generateContent" in path:
        return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0,
                                "finishReason": "STOP"}], "modelVersion": "m", "responseId": "r"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}


class Vendor(http.server.BaseHTTPRequestHandler):
    """All four vendors, none of whom counts. A model called "cut" breaks off, one called "silent" never begins."""

    asked = threading.Semaphore(0)

    def do_POST(self):  # noqa: N802
        sent = self.rfile.read(int(self.headers["content-length"]))
        if b'"silent"' in sent:
            Vendor.asked.release()
            self.connection.recv(1)  # until the hub closes it
            return
        streams = b'"stream":true' in sent.replace(b" ", b"") or "streamGenerate" in self.path
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if streams else "application/json")
        self.send_header("connection", "close")
        self.end_headers()
        if not streams:
            absurd = b'"absurd"' in sent or "/absurd:" in self.path
            counts = {} if not absurd else {
                "usage": {"prompt_tokens": -5, "completion_tokens": 3, "input_tokens": -5, "output_tokens": 3},
                "usageMetadata": {"promptTokenCount": -5, "candidatesTokenCount": 3}}
            self.wfile.write(json.dumps({**whole(self.path), **counts}, ensure_ascii=False).encode())
            return
        maker = (messages if self.path.endswith("/messages") else responses if self.path.endswith("/responses")
                 else generate if "Generate" in self.path else chat)
        end = b'"cut"' not in sent and "/cut:" not in self.path
        self.wfile.write("".join(maker(end)).encode())

    def log_message(self, *_):
        pass


def call(client, model, stream, picture):
    """A path and a body for one call in a client's format."""
    if client == "gemini":
        parts = [{"text": QUESTION}]
        if picture:
            parts.append({"inlineData": {"mimeType": "image/png", "data": PICTURE}})
        return ("/v1beta/models/%s:%s" % (model, "streamGenerateContent?alt=sse" if stream else "generateContent"),
                {"contents": [{"role": "user", "parts": parts}]})
    if client == "responses":
        content = [{"type": "input_text", "text": QUESTION}]
        if picture:
            content.append({"type": "input_image", "image_url": "data:image/png;base64," + PICTURE})
        return "/v1/responses", {"model": model, "stream": stream, "input": [{"role": "user", "content": content}]}
    content = [{"type": "text", "text": QUESTION}]
    if client == "anthropic":
        if picture:
            content.append({"type": "image", "source": {"type": "base64", "media_type": "image/png",
                                                        "data": PICTURE}})
        return "/v1/messages", {"model": model, "stream": stream, "max_tokens": 100,
                                "messages": [{"role": "user", "content": content}]}
    if picture:
        content.append({"type": "image_url", "image_url": {"url": "data:image/png;base64," + PICTURE}})
    return "/v1/chat/completions", {"model": model, "stream": stream,
                                    "messages": [{"role": "user", "content": content}]}


class Estimates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vendor = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
        threading.Thread(target=cls.vendor.serve_forever, daemon=True).start()
        cls.hub = Hub(PROGRAM)
        cls.key = cls.hub.key("asks")
        for provider, base in (("openai", "/v1"), ("anthropic", ""), ("google", "")):
            cls.hub.do("provider.put", {"name": provider,
                                        "baseUrl": "http://127.0.0.1:%d%s" % (cls.vendor.server_port, base)})
            cls.hub.do("credential.put", {"provider": provider, "name": "one", "value": "key-of-the-test"})

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.vendor.shutdown()
        cls.vendor.server_close()

    def row_of(self, client, model, stream, picture):
        path, data = call(client, model, stream, picture)
        status, request, said = post(self.hub.port, self.key, json.dumps(data), path)
        self.assertEqual(status, 200, said)
        rows = [row for row in all_rows(self.hub) if row["requestId"] == request]
        self.assertEqual(len(rows), 1)
        return rows[0]

    def test_the_text_alone_counts(self):
        for client in ("openai", "responses", "anthropic", "gemini"):
            for provider in ("openai", "anthropic", "google"):
                for model, stream in (("cut", True), ("whole", True), ("whole", False)):
                    for picture in (False, True):
                        with self.subTest(client=client, provider=provider, model=model, stream=stream,
                                          picture=picture):
                            row = self.row_of(client, provider + "/" + model, stream, picture)
                            self.assertTrue(row["estimated"])
                            self.assertEqual(row["status"], "error" if model == "cut" else "success")
                            self.assertIn(row["outputTokens"], TOKENS)
                            self.assertEqual(row["inputTokens"], 3 + (1024 if picture else 0))

    def test_counts_that_cannot_be_are_flagged(self):
        for client in ("openai", "responses", "anthropic", "gemini"):
            for provider in ("openai", "anthropic", "google"):
                with self.subTest(client=client, provider=provider):
                    row = self.row_of(client, provider + "/absurd", False, False)
                    self.assertTrue(row["estimated"])
                    self.assertIn("usage", row["dropped"])
                    self.assertIn(row["outputTokens"], TOKENS)

    def test_who_leaves_before_the_answer_pays_for_the_prompt(self):
        for stream in (False, True):
            path, data = call("openai", "openai/silent", stream, False)
            caller = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
            caller.request("POST", path, json.dumps(data), {"authorization": "Bearer " + self.key})
            self.assertTrue(Vendor.asked.acquire(timeout=30))
            caller.close()
            for _ in range(300):
                rows = [row for row in all_rows(self.hub, model="silent") if row["streamed"] == stream]
                if rows:
                    break
                time.sleep(0.05)
            self.assertEqual([(row["status"], row["estimated"], row["inputTokens"], row.get("outputTokens"))
                              for row in rows], [("cancelled", True, 3, None)])


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    unittest.main(argv=[sys.argv[0]] + sys.argv[2:])
