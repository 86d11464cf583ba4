# A month of calls of every kind and every ending: what the hub says they cost the operator is what the providers
# ask for, to the last billionth.
#
# usage: month_test.py AIGNE_HUB CLOCK_SHIFT_LIBRARY [unittest's arguments]
import datetime
import json
import mmap
import os
import random
import socket
import struct
import sys
import tempfile
import time
import unittest
from decimal import Decimal

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from billing_provider import LATER, PRICES, TIERS, Provider  # noqa: E402
from paid_hub import LONG, Hub, all_rows, billionths, post, user_key  # noqa: E402

PROGRAM = LIBRARY = ""
BEGIN = datetime.datetime(2127, 3, 1, tzinfo=datetime.timezone.utc).timestamp()
DAYS = 31 if LONG else 4
TYPES = {"dall-e-3": "image", "tts-1": "speech", "whisper-1": "transcription", "text-embedding-3-small": "embedding"}
CREDITS = {"inputRate": "0.001", "outputRate": "0.002"}


class Clock:
    """The hub's wall clock, and the providers'."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "clock")
        with open(self.path, "wb") as file:
            file.write(bytes(8))
        self.file = open(self.path, "r+b")
        self.page = mmap.mmap(self.file.fileno(), 8)
        self.shift = 0

    def now(self):
        return time.time() + self.shift / 1000

    def set(self, seconds):
        self.shift = int((seconds - time.time()) * 1000)
        self.page[:] = struct.pack("=q", self.shift)

    def close(self):
        self.page.close()
        self.file.close()


def form(fields, sound):
    parts = [b"--X\r\ncontent-disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n" % (name.encode(), value.encode())
             for name, value in fields.items()]
    parts.append(b"--X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                 b"content-type: audio/wav\r\n\r\n" + sound + b"\r\n--X--\r\n")
    return b"".join(parts)


class Month(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="aigne-month-")
        self.clock = Clock(self.folder.name)
        self.clock.set(BEGIN)
        preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), LIBRARY]))
        self.hub = Hub(PROGRAM, env={"LD_PRELOAD": preload, "CLOCK_SHIFT": self.clock.path,
                                     "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
        self.openai, self.anthropic = Provider(self.clock.now), Provider(self.clock.now)
        self.root = self.hub.key("root", "admin")
        self.admin("settings.put", {"billing": "credits", "starterCredits": "1000000"})
        for name, provider, path in (("openai", self.openai, "/v1"), ("anthropic", self.anthropic, "")):
            self.admin("provider.put", {"name": name, "baseUrl": provider.url + path})
            for key in ("one", "two"):
                self.admin("credential.put", {"provider": name, "name": key, "value": "sk-%s-0123456789" % key})
        for model, prices in PRICES.items():
            self.price(model, prices)
        self.key = user_key(self.hub, "payer")
        self.dice = random.Random(7)

    def tearDown(self):
        self.hub.stop()
        for provider in (self.openai, self.anthropic):
            provider.shutdown()
            provider.server_close()
        self.clock.close()
        self.folder.cleanup()

    def admin(self, verb, arguments):
        status, _, said = post(self.hub.port, self.root, json.dumps(arguments), "/api/admin/" + verb)
        self.assertEqual(status, 200, (verb, said))
        return json.loads(said)

    def price(self, model, prices):
        self.admin("rate.put", {"provider": "anthropic" if model.startswith("claude") else "openai", "model": model,
                                "type": TYPES.get(model, "chat"), "unitCosts": prices,
                                **({"tiers": [TIERS[model]]} if model in TIERS else {}), **CREDITS})

    def call(self, path, body, status=200, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body)
        got, _, said = post(self.hub.port, self.key, data, path, headers=headers)
        self.assertEqual(got, status, said)

    def chat(self, model, words, status=200, **more):
        self.call("/v1/chat/completions", {"model": "openai/" + model, "max_tokens": 500,
                                           "messages": [{"role": "user", "content": words}], **more}, status)

    def leave(self, words, pieces):
        """Until so many pieces came; then nobody is there any more."""
        data = json.dumps({"model": "openai/gpt-month", "stream": True, "max_tokens": 500,
                           "messages": [{"role": "user", "content": words}]}).encode()
        with socket.create_connection(("127.0.0.1", self.hub.port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer " +
                               self.key.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
            came = b""
            while came.count(b'"content":"so ') + came.count(b'"content": "so ') < pieces:
                piece = connection.recv(65536)
                self.assertTrue(piece, came)
                came += piece

    def hours(self):
        """Every kind and every ending once."""
        n = self.dice.randrange
        self.chat("gpt-month", "input=%d cached=%d output=%d" % (n(1, 900), n(900), n(1, 400)))
        self.chat("gpt-month", "input=%d output=%d reasoning=%d" % (n(1, 900), n(1, 99), n(1, 900)))
        self.chat("gpt-month", "input=%d cached=%d output=%d" % (n(1, 900), n(900), n(1, 60)), stream=True)
        self.chat("gpt-odd", "input=%d output=%d" % (n(1, 999), n(1, 999)))
        self.chat("gpt-night", "input=%d output=%d" % (n(1, 999), n(1, 999)))
        self.chat("gpt-long", "input=%d output=9" % self.dice.choice([199999, 200000, 200001, 3]))
        self.chat("gpt-fast", "input=%d output=9" % n(1, 99), service_tier=self.dice.choice(["default", "priority"]))
        self.call("/v1/messages", {"model": "anthropic/claude-month", "max_tokens": 900, "messages": [
            {"role": "user", "content": "read=%d write=%d write1h=%d output=%d" % (n(999), n(999), n(999), n(1, 99))}]},
            headers={"anthropic-version": "2023-06-01"})
        self.call("/v1/messages", {"model": "anthropic/claude-month", "max_tokens": 900, "stream": True, "messages": [
            {"role": "user", "content": "read=%d output=%d" % (n(999), n(1, 99))}]},
            headers={"anthropic-version": "2023-06-01"})
        self.call("/v1/images/generations", {"model": "openai/dall-e-3", "prompt": "a house", "n": 1,
                                             "response_format": "b64_json"})
        self.call("/v1/audio/speech", {"model": "openai/tts-1", "input": "so it is " * n(1, 9), "voice": "alloy"})
        self.call("/v1/audio/transcriptions", form({"model": "openai/whisper-1"}, b"RIFF" + bytes(99)),
                  headers={"content-type": "multipart/form-data; boundary=X"})
        self.call("/v1/embeddings", {"model": "openai/text-embedding-3-small", "input": "so it is"})
        self.openai.fail_next = 1  # another key is tried
        self.chat("gpt-month", "input=%d output=%d" % (n(1, 900), n(1, 400)))
        self.chat("gpt-month", "input=%d output=9 break=%d" % (n(1, 99), n(1, 8)), stream=True)
        pieces = n(1, 8)
        self.leave("input=%d output=9 wait=%d" % (n(1, 99), pieces), pieces)

    def test_the_bills_agree(self):
        for day in range(DAYS):
            if day == DAYS // 2:
                for provider in (self.openai, self.anthropic):
                    provider.later = True
                for model, prices in LATER.items():
                    self.price(model, prices)
            for hour in (2, 18):
                self.clock.set(BEGIN + day * 86400 + hour * 3600)
                self.hours()
        self.agree(17 * 2 * DAYS)

    def agree(self, count):
        bill = {**self.openai.bill, **self.anthropic.bill}
        for _ in range(200):  # who left is settled a moment later
            if self.admin("account.get", {"user": "payer"})["held"] == "0":
                break
            time.sleep(0.05)
        rows = all_rows(self.hub)
        self.assertEqual(len(rows), count)
        self.assertEqual({row["status"] for row in rows}, {"success", "error", "cancelled"})
        self.assertEqual([row for row in rows if row["estimated"]], [])
        recorded = {}
        for row in rows:
            recorded[row["model"]] = recorded.get(row["model"], Decimal(0)) + Decimal(row.get("cost", "0"))
        self.assertEqual(recorded, bill)
        self.clock.set(BEGIN + DAYS * 86400)
        total = self.admin("usage.summary", {"since": int(BEGIN * 1000), "until": int(self.clock.now() * 1000)})["total"]
        self.assertEqual(Decimal(total["cost"]), sum(bill.values()))
        spent = self.admin("account.get", {"user": "payer"})["spent"]
        self.assertEqual(billionths(spent), sum(billionths(row["credits"]) for row in rows if row["credits"]
                                                and row.get("account")))
        top = self.admin("usage.top", {"by": "model", "orderBy": "cost", "since": int(BEGIN * 1000),
                                       "until": int(self.clock.now() * 1000), "limit": 100})["list"]
        self.assertEqual({item["model"]: Decimal(item["cost"]) for item in top}, bill)
        self.assertTrue(self.admin("ledger.check", {})["ok"])


if __name__ == "__main__":
    PROGRAM, LIBRARY = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
