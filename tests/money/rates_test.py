# Rates over time: their history, margins over costs, and past calls priced again when a rate was wrong.
#
# usage: rates_test.py AIGNE_HUB [unittest's arguments]
import contextlib
import json
import os
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import Hub, all_rows, bill, billionths, body, post, user_key  # noqa: E402

PROGRAM = ""
BEGINNING = "2020-01-01"


class Rates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        bill(cls.hub, ["echo"], starterCredits="1")
        cls.admin = cls.hub.command("key", "create", "--data", cls.hub.data, "--name", "ops", "--role",
                                    "admin").stdout.decode().strip()

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()

    def tearDown(self):
        told = self.hub.do("ledger.check")
        self.assertTrue(told["ok"], told)

    def put(self, model, output, **more):
        """By the server itself, which then knows it at once."""
        status, _, said = post(self.hub.port, self.admin, json.dumps(
            {**{"provider": "echo", "model": model, "inputRate": "0", "outputRate": output}, **more}),
            "/api/admin/rate.put")
        self.assertEqual(status, 200, said)

    def call(self, key, model="echo", text="five words are told here"):
        return post(self.hub.port, key, body("echo/" + model, text, max_tokens=50))[0]

    def account(self, user):
        for _ in range(100):
            told = self.hub.do("account.get", {"user": user})
            if told["held"] == "0":
                return told
            time.sleep(0.05)
        self.fail("held for ever: %s" % told)

    def rerate(self, model, **more):
        return self.hub.do("rate.rerate", {"from": BEGINNING, "model": model, **more})

    def test_a_wrong_price_is_put_right(self):
        model, key = "pace-1", user_key(self.hub, "overcharged")
        self.put(model, "0.01")  # ten times too much
        self.assertEqual(self.call(key, model), 200)
        self.assertEqual(self.call(key, model), 200)
        before = self.account("overcharged")
        rows = all_rows(self.hub, user="overcharged")
        tokens = sum(row["outputTokens"] for row in rows)
        self.assertEqual(billionths(before["spent"]), tokens * 10**7)
        self.put(model, "0.1")  # and worse: nobody can afford it
        self.assertEqual(self.call(key, model), 402)
        self.put(model, "0.001", since=BEGINNING, note="a zero was missing")
        tried = self.rerate(model, dryRun=True)
        self.assertEqual((tried["changed"], tried["dryRun"], "run" in tried), (2, True, False))
        self.assertEqual(self.account("overcharged")["spent"], before["spent"])
        done = self.rerate(model)
        self.assertEqual((done["calls"], done["changed"], done["complete"]), (2, 2, True))
        self.assertEqual(billionths(done["difference"]), -tokens * 9 * 10**6)
        self.assertEqual(done["list"][0]["difference"], done["difference"])
        after = self.account("overcharged")
        self.assertEqual(billionths(after["spent"]), tokens * 10**6)
        self.assertEqual(billionths(after["balance"]), 10**9 - tokens * 10**6)
        self.assertEqual(after["granted"], "1")
        self.assertEqual(self.rerate(model)["changed"], 0)  # once
        self.assertEqual(self.account("overcharged"), after)
        booked = [t for t in self.hub.do("transaction.list", {"user": "overcharged"})["list"]
                  if t["kind"] == "adjustment"]
        self.assertEqual([billionths(t["amount"]) for t in booked], [tokens * 9 * 10**6])
        each = self.hub.do("adjustment.list", {"user": "overcharged"})
        self.assertEqual(each["count"], 2)
        self.assertEqual({j["requestId"] for j in each["list"]}, {row["requestId"] for row in rows})
        self.assertEqual({j["run"] for j in each["list"]}, {done["run"]})
        self.assertEqual(self.call(key, model), 200)

    def test_too_little_is_taken_later(self):
        model, key = "pace-2", user_key(self.hub, "undercharged")
        self.put(model, "0.0001")
        self.assertEqual(self.call(key, model), 200)
        row = all_rows(self.hub, user="undercharged")[0]
        self.account("undercharged")
        self.put(model, "0.5", since=BEGINNING)
        self.rerate(model)
        told = self.account("undercharged")
        self.assertEqual(billionths(told["spent"]), row["outputTokens"] * 5 * 10**8)
        self.assertLess(billionths(told["balance"]), 0)  # a debt, which the next grant pays
        self.put(model, "0.0001", since=BEGINNING)
        self.rerate(model)
        told = self.account("undercharged")
        self.assertEqual(billionths(told["spent"]), row["outputTokens"] * 10**5)
        self.assertEqual(billionths(told["balance"]), 10**9 - row["outputTokens"] * 10**5)

    def test_rows_in_archives_are_priced_again_too(self):
        model, key = "pace-9", user_key(self.hub, "long-ago")
        self.put(model, "0.001")
        self.assertEqual([self.call(key, model) for _ in range(2)], [200, 200])
        spent = billionths(self.account("long-ago")["spent"])
        with contextlib.closing(sqlite3.connect(self.hub.data, timeout=20, isolation_level=None)) as db:
            db.execute("UPDATE rollup_state SET place = (SELECT max(place) FROM usage)")  # as if long ago
        self.assertGreaterEqual(self.hub.do("usage.archive", {"olderThan": int(time.time() * 1000) + 60000})["moved"], 2)
        self.assertEqual(self.call(key, model), 200)
        spent = billionths(self.account("long-ago")["spent"])
        self.put(model, "0.002", since=BEGINNING)
        tried = self.rerate(model, dryRun=True)
        self.assertEqual((tried["calls"], tried["changed"]), (3, 3))
        done = self.rerate(model)
        self.assertEqual((done["calls"], done["changed"], billionths(done["difference"])), (3, 3, spent))
        self.assertEqual(billionths(self.account("long-ago")["spent"]), 2 * spent)
        self.assertEqual(self.rerate(model)["changed"], 0)

    def test_a_change_counts_from_when_it_is_made(self):
        model, key = "pace-3", user_key(self.hub, "changed")
        self.put(model, "0.001")
        self.assertEqual(self.call(key, model), 200)
        spent = self.account("changed")["spent"]
        time.sleep(0.01)
        self.put(model, "0.002")
        self.assertEqual(self.call(key, model), 200)
        self.assertEqual(self.rerate(model)["changed"], 0)
        self.assertEqual(self.rerate(model, current=True, dryRun=True)["changed"], 1)
        told = self.account("changed")
        self.assertEqual(billionths(told["spent"]), 3 * billionths(spent))

    def test_history_tells_who_and_why(self):
        self.put("told", "2", note="new")
        self.put("told", "3")
        self.hub.do("rate.delete", {"provider": "echo", "model": "told"})
        last, change, first = self.hub.do("rate.history", {"provider": "echo", "model": "told"})["list"]
        self.assertEqual((first["kind"], first["who"], first["note"], "before" in first),
                         ("manual_update", "ops", "new", False))
        self.assertEqual((change["before"]["outputRate"], change["after"]["outputRate"]), ("2", "3"))
        self.assertEqual((last["before"]["outputRate"], "after" in last), ("3", False))

    def test_margins(self):
        for model, cost in (("margin-a", "0.000003"), ("margin-b", "0.000001")):
            self.put(model, "9", unitCosts={"input": cost, "output": "0.00001", "cachedRead": "0.0000003"},
                     tiers=[{"above": 1000, "costs": {"input": "0.000006"}}])
        wanted = {"margin": "0.2", "creditPrice": "0.7", "provider": "echo"}
        tried = self.hub.do("rate.margin", {**wanted, "dryRun": True})
        self.assertEqual((tried["updated"], tried["dryRun"]), (2, True))
        self.assertEqual(self.hub.do("rate.get", {"provider": "echo", "model": "margin-a"})["outputRate"], "9")
        done = self.hub.do("rate.margin", {"profitMargin": 20, "creditPrice": 0.7, "model": "margin-a"})
        self.assertEqual((done["updated"], done["margin"]), (1, "0.2"))
        rate = self.hub.do("rate.get", {"provider": "echo", "model": "margin-a"})
        self.assertEqual((rate["inputRate"], rate["outputRate"], rate["caching"]["readRate"]),
                         ("0.000005142857142857", "0.000017142857142857", "0.000000514285714286"))
        self.assertEqual(rate["tiers"], [{"above": 1000, "rates": {"input": "0.000010285714285714"},
                                          "costs": {"input": "0.000006"}}])
        self.assertEqual(self.hub.do("rate.history", {"model": "margin-a"})["list"][0]["kind"], "bulk_update")
        self.assertEqual(self.hub.do("rate.margin", {**wanted, "model": "margin-a"})["unchanged"], 1)
        self.assertGreater(self.hub.do("rate.margin", {**wanted, "model": "echo"})["skipped"], 0)

    def test_no_kind_of_call_is_free_by_accident(self):
        key = user_key(self.hub, "kinds")
        sound = b"--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\necho/KIND\r\n--b\r\ncontent-disposition: " \
                b"form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n" + b"x" * 64000 + b"\r\n--b--\r\n"
        calls = {"embedding": ("/v1/embeddings", {"input": "some words"}),
                 "image": ("/v1/images/generations", {"prompt": "a cat", "n": 2}),
                 "speech": ("/v1/audio/speech", {"input": "hello", "voice": "alloy"}),
                 "transcription": ("/v1/audio/transcriptions", sound)}
        for kind, (path, said) in calls.items():
            model, headers = "kind-" + kind, {"content-type": "application/json"}
            data = json.dumps({"model": "echo/" + model, **said}) if isinstance(said, dict) else \
                said.replace(b"KIND", model.encode())
            if isinstance(said, bytes):
                headers = {"content-type": "multipart/form-data; boundary=b"}
            self.put(model, "0.001")  # a rate of another kind is none for this one
            status, _, told = post(self.hub.port, key, data, path, headers=headers)
            self.assertEqual((kind, status, b"rate.put" in told), (kind, 503, True), told)
            self.put(model, "0.001", type=kind, inputRate="0.0001")
            status, _, told = post(self.hub.port, key, data, path, headers=headers)
            self.assertEqual((kind, status), (kind, 200), told[:200])
            rows = [row for row in all_rows(self.hub, user="kinds", status="success") if row["type"] == kind]
            self.assertEqual(len(rows), 1)
            self.assertGreater(billionths(rows[0]["credits"]), 0, rows[0])
        self.account("kinds")

    def test_aignes_clients_send_prices(self):
        entries = [{"provider": "openai", "modelId": "sent", "inputCostPerToken": 1e-6, "outputCostPerToken": 4e-6,
                    "modelType": "chat", "isNew": True}]
        status, _, said = post(self.hub.port, self.admin, json.dumps(
            {"mode": "sync", "entries": entries, "applyRates": True, "profitMargin": 25, "creditPrice": 0.5}),
            "/api/ai-providers/bulk-rate-update")
        self.assertEqual((status, [item["model"] for item in json.loads(said)["created"]]), (200, ["sent"]), said)
        rate = self.hub.do("rate.get", {"provider": "openai", "model": "sent"})
        self.assertEqual((rate["inputRate"], rate["outputRate"]), ("0.0000025", "0.00001"))

    def test_what_a_rate_may_not_say(self):
        for wrong, word in (({"unitCosts": {"inputt": 1}}, "inputt"), ({"rates": {"image": -1}}, "image"),
                            ({"tiers": [{"abov": 5}]}, "abov"), ({"tiers": [{"from": "9:00"}]}, "from"),
                            ({"tiers": [{"from": "09:00", "rates": {}}]}, "to"),
                            ({"tiers": [{"service": "slow"}]}, "service"), ({"since": "2999-01-01"}, "since"),
                            ({"tiers": [{"rates": {"input": "x"}}]}, "input"), ({"tiers": [1]}, "object")):
            said = self.hub.try_do("rate.put", {"provider": "echo", "model": "w", "inputRate": 1, "outputRate": 1,
                                                **wrong})
            self.assertNotEqual(said.returncode, 0, wrong)
            self.assertIn(word, said.stderr.decode() + said.stdout.decode())


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
