# Whatever a provider, a client or its headers say, a call that was answered has its row, whole or with less in it.
#
# usage: odd_records_test.py AIGNE_HUB [unittest's arguments]
import itertools
import json
import os
import re
import sqlite3
import sys
import threading
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

    def test_a_row_that_the_store_refuses_takes_no_other_with_it(self):
        store = sqlite3.connect(self.hub.data, isolation_level=None, timeout=10)
        self.addCleanup(store.close)
        store.execute("CREATE TRIGGER refusing BEFORE INSERT ON usage WHEN new.app = 'refused'"
                      " BEGIN SELECT RAISE(ABORT, 'no such app'); END")
        self.oddity = ("deepseek-chat", {"prompt_tokens": 7, "completion_tokens": 3})
        told, started = {"refused": [], "app": []}, threading.Barrier(8)

        def run(app):
            started.wait()
            for _ in range(25):
                answer = self.ask("POST", "/v1/chat/completions", {
                    "model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": "Hi"}]}, app.encode())
                told[app].append((answer.status, answer.headers.get("x-request-id")))

        clients = [threading.Thread(target=run, args=(app,)) for app in ("refused", "app") * 4]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual({status for answers in told.values() for status, _ in answers}, {200})
        rows = []
        for page in (1, 2):
            rows += self.hub.do("usage.list", {"page": page, "pageSize": 100})["list"]
        self.assertEqual(sorted(row["requestId"] for row in rows), sorted(request_id for _, request_id in told["app"]))
        store.execute("DROP TRIGGER refusing")
        last = self.ask("POST", "/v1/chat/completions", {  # the store is not taken for one that fails
            "model": "deepseek/deepseek-chat", "messages": [{"role": "user", "content": "Hi"}]}, b"refused")
        self.assertEqual(self.hub.do("usage.list", {"requestId": last.headers.get("x-request-id")})["count"], 1)
        # What could not be a row is a line of the log, with all that a bill needs, once.
        lost = re.findall(rb"call (\S+) lost: 7 prompt and 3 answer tokens, \d+ billionths of a credit: .*constraint failed",
                          self.hub.all_output())
        self.assertEqual(sorted(lost), sorted(request_id.encode() for _, request_id in told["refused"]))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
