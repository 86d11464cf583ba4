# Whatever a provider, a client or its headers say, a call that was answered has its row, whole or with less in it.
#
# usage: odd_records_test.py AIGNE_HUB [unittest's arguments]
import itertools
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, request  # noqa: E402
from upstream import STREAM_HEAD, Upstream, chunk  # noqa: E402

PROGRAM = ""
USAGES = [None, [], "many", {}, {"prompt_tokens": -5, "completion_tokens": 3},
          {"prompt_tokens": 1e300, "completion_tokens": 2**70}, {"prompt_tokens": "7", "completion_tokens": None},
          {"prompt_tokens": 1, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}]
NAMES = ["gpt-\u00e4\U0001f600", "x" * 3000, "with\u0000zero", 7, None, {"a": []}]  # what it says that its model is
TAGS = [b"\xff\xfe", b"a" * 3000, b"<script>\"',;", b"=cmd()", "\u00e4".encode()]


def complete(name, usage):
    return {"id": "x", "object": "chat.completion", "created": 1, "model": name, "usage": usage, "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}


def pieces(name, usage):
    told = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": name}
    yield {**told, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}]}
    yield {**told, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield {**told, "choices": [], "usage": usage}


class OddRecords(unittest.TestCase):
    def setUp(self):
        self.oddity = (None, None)
        upstream = Upstream(self.answer)
        self.addCleanup(upstream.close)
        self.hub = Hub(PROGRAM)
        self.addCleanup(self.hub.stop)
        self.hub.do("provider.put", {"name": "deepseek", "baseUrl": upstream.url})
        self.hub.do("credential.put", {"provider": "deepseek", "name": "main", "value": "sk-test"})
        self.key = self.hub.key("test").encode()
        end = time.monotonic() + 10
        while self.ask("GET", "/v1/models").status != 200 and time.monotonic() < end:
            time.sleep(0.05)

    def answer(self, connection, asked):
        name, usage = self.oddity
        if asked.get("stream"):
            events = [b"data: %s\n\n" % json.dumps(piece).encode() for piece in pieces(name, usage)]
            data = STREAM_HEAD + b"".join(map(chunk, events + [b"data: [DONE]\n\n", b""]))
        else:
            body = json.dumps(complete(name, usage)).encode()
            data = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        connection.sendall(data)

    def ask(self, method, path, body=None, tag=b"app"):
        head = {"authorization": b"Bearer " + self.key, "x-aigne-hub-client-did": tag, "content-type": "application/json"}
        return request(self.hub.port, method, path, body and json.dumps(body), headers=head)

    def test_each_has_its_row(self):
        messages = [{"role": "user", "content": "Hi"}]
        asked = []
        oddities = [("deepseek-chat", usage, b"app") for usage in USAGES] + [(name, USAGES[7], b"app") for name in NAMES] + \
                   [("deepseek-chat", USAGES[7], tag) for tag in TAGS]
        for (name, usage, tag), stream in itertools.product(oddities, (False, True)):
            self.oddity = (name, usage)
            for path, body in (
                    ("/v1/chat/completions", {"model": "deepseek/deepseek-chat", "messages": messages, "stream": stream}),
                    ("/v1/responses", {"model": "deepseek/deepseek-chat", "input": "Hi", "stream": stream}),
                    ("/v1/messages", {"model": "deepseek/deepseek-chat", "messages": messages, "max_tokens": 9, "stream": stream})):
                told = self.ask("POST", path, body, tag)
                asked.append((path, stream, name, usage, tag, told.status, told.headers.get("x-request-id")))
        rows = {}
        for page in range(1, 99):
            listed = self.hub.do("usage.list", {"page": page, "pageSize": 100})["list"]
            for row in listed:
                rows.setdefault(row["requestId"], []).append(row)
            if not listed:
                break
        for call in asked:
            self.assertTrue(call[-1], call)
            self.assertEqual(len(rows.get(call[-1], [])), 1, call)
            row = rows[call[-1]][0]
            self.assertEqual(call[-2] == 200, row["status"] == "success", (call, row))
            for count in ("inputTokens", "outputTokens"):
                self.assertLess(row.get(count, 0), 10**13, (call, row))
                self.assertGreaterEqual(row.get(count, 0), 0, (call, row))
        self.assertEqual(len(rows), len(asked))
        self.assertTrue(all(call[-2] == 200 for call in asked if call[2] == "deepseek-chat"), asked)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
