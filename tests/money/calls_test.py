# Calls that are paid: admitted as far as the balance goes, each ending settled, refusals in each format.
#
# usage: calls_test.py AIGNE_HUB [unittest's arguments]
import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from billing_provider import Provider  # noqa: E402
from paid_hub import Hub, all_rows, bill, billionths, body, post, user_key  # noqa: E402

PROGRAM = ""
LINK = "https://pay.example/buy?a=1"
MODELS = ["echo", "delay-1000", "pace-50", "fail-500", "cut-3"]


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        bill(cls.hub, MODELS, purchaseUrl=LINK, creditPrefix="$", starterCredits="1")

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()

    def tearDown(self):
        told = self.hub.do("ledger.check")
        self.assertTrue(told["ok"], told)

    def account(self, user):
        return self.hub.do("account.get", {"user": user})

    def settled(self, user):
        """The account once nothing is held for calls any more."""
        for _ in range(100):
            told = self.account(user)
            if told["held"] == "0":
                return told
            time.sleep(0.05)
        self.fail("held for ever: %s" % told)

    def starters(self, name, credential=None):
        """What a user that is made now has, and how many grants."""
        self.hub.do("user.put", {"name": name, **(credential or {})})
        told = self.account(name)
        return told["balance"], len(told["grants"])

    def test_starter_credits_are_no_farm(self):
        self.assertEqual(self.starters("farmer"), ("1", 1))
        self.assertEqual(self.starters("farmer", {"email": "farmer@example.com"}), ("1", 1))
        for _ in range(3):
            self.hub.do("user.delete", {"name": "farmer"})
            self.assertEqual(self.starters("farmer"), ("0", 0))
        key = user_key(self.hub, "farmer")
        self.assertEqual(post(self.hub.port, key, body("echo/echo", "x", max_tokens=9))[0], 402)
        self.assertEqual(self.starters("neighbour"), ("1", 1))

    def test_a_name_that_was_taken_later_is_not_new_either(self):
        self.assertEqual(self.starters("seed"), ("1", 1))
        user = self.hub.do("user.get", {"name": "seed"})["id"]
        self.hub.do("user.put", {"id": user, "name": "crop"})
        self.hub.do("user.delete", {"name": "crop"})
        self.assertEqual(self.starters("crop"), ("0", 0))
        self.assertEqual(self.starters("seed"), ("0", 0))

    def test_who_was_there_before_starter_credits_is_not_new(self):
        self.hub.do("settings.put", {"starterCredits": None})
        try:
            self.assertEqual(self.starters("elder"), ("0", 0))
        finally:
            self.hub.do("settings.put", {"starterCredits": "1"})
        self.hub.do("user.delete", {"name": "elder"})
        self.assertEqual(self.starters("elder"), ("0", 0))
        self.assertNotIn("elder", json.dumps(self.hub.do("account.list")))

    def test_exactly_ten_of_64(self):
        key = user_key(self.hub, "crowd")
        statuses, started = [], threading.Barrier(64)

        def call():
            started.wait()
            statuses.append(post(self.hub.port, key, body("echo/delay-1000", "five words are told here",
                                                          max_tokens=100))[0])

        clients = [threading.Thread(target=call) for _ in range(64)]
        for client in clients:
            client.start()
        time.sleep(0.7)
        self.assertEqual(self.account("crowd")["held"], "1")
        for client in clients:
            client.join()
        self.assertEqual(sorted(statuses), [200] * 10 + [402] * 54)
        told, rows = self.settled("crowd"), all_rows(self.hub, user="crowd", status="success")
        self.assertEqual(len(rows), 10)
        self.assertEqual(billionths(told["spent"]), sum(billionths(row["credits"]) for row in rows))
        self.assertEqual(billionths(told["balance"]), 10**9 - billionths(told["spent"]))

    def test_refused_in_every_format(self):
        key = user_key(self.hub, "poor")
        long = body("echo/echo", "hi", max_tokens=5000)
        openai = post(self.hub.port, key, long)
        self.assertEqual(openai[0], 402)
        self.assertEqual(json.loads(openai[2])["error"]["code"], "insufficient_quota")
        self.assertIn(LINK, json.loads(openai[2])["error"]["message"])
        aigne = post(self.hub.port, key, json.dumps(
            {"input": {"messages": [{"role": "user", "content": "hi"}],
                       "modelOptions": {"model": "echo/echo", "maxTokens": 5000}}}), "/api/v2/chat")
        error = json.loads(aigne[2])["error"]
        self.assertEqual((aigne[0], list(error)), (402, ["message", "timestamp", "type", "link"]))
        self.assertEqual((error["type"], error["link"]), ("NOT_ENOUGH", LINK))
        self.assertEqual(error["message"], "Hello, in order to continue using AI services, please first buy some "
                         "credits in the link below. " + LINK)
        anthropic = post(self.hub.port, key, long, "/v1/messages", headers={"anthropic-version": "2023-06-01"})
        self.assertEqual((anthropic[0], json.loads(anthropic[2])["error"]["type"]), (402, "billing_error"))
        gemini = post(self.hub.port, key, json.dumps(
            {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 5000}}),
            "/v1beta/models/echo/echo:generateContent")
        self.assertEqual(gemini[0], 402)
        self.assertIn(LINK, json.loads(gemini[2])["error"]["message"])
        self.assertEqual(self.account("poor")["balance"], "1")
        rows = all_rows(self.hub, user="poor")
        self.assertEqual([(row["status"], row.get("credits")) for row in rows], [("refused", None)] * 4)

    def test_no_price_no_call(self):
        key = user_key(self.hub, "unpriced")
        status, _, said = post(self.hub.port, key, body("echo/nobody-priced-it", "hi"))
        self.assertEqual(status, 503)
        self.assertIn(b"rate.put", said)
        self.hub.do("rate.put", {"provider": "echo", "model": "nobody-priced-it", "inputRate": "0", "outputRate": "0.001"})
        self.assertEqual(post(self.hub.port, key, body("echo/nobody-priced-it", "hi", max_tokens=9))[0], 200)

    def test_an_error_costs_nothing(self):
        key = user_key(self.hub, "failed")
        self.assertGreaterEqual(post(self.hub.port, key, body("echo/fail-500", "hi", max_tokens=100))[0], 500)
        told = self.settled("failed")
        self.assertEqual((told["balance"], told["spent"]), ("1", "0"))
        self.assertEqual([row["status"] for row in all_rows(self.hub, user="failed")], ["error"])

    def test_who_leaves_pays_for_what_came(self):
        key = user_key(self.hub, "left")
        data = body("echo/pace-50", "word " * 200, stream=True, max_tokens=500).encode()
        with socket.create_connection(("127.0.0.1", self.hub.port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer " +
                               key.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
            while connection.recv(4096).count(b"word") == 0:
                pass
            time.sleep(0.5)
        told = self.settled("left")
        for _ in range(100):
            rows = all_rows(self.hub, user="left")
            if rows:
                break
            time.sleep(0.05)
        told = self.settled("left")
        self.assertEqual((rows[0]["status"], rows[0]["estimated"]), ("cancelled", True))
        self.assertEqual(billionths(told["spent"]), billionths(rows[0]["credits"]))
        self.assertTrue(0 < billionths(told["spent"]) < 10**9 / 2, told)

    def test_what_a_cut_stream_brought_is_paid(self):
        key = user_key(self.hub, "cut")
        post(self.hub.port, key, body("echo/cut-3", "one two three four five six", stream=True, max_tokens=100))
        told, rows = self.settled("cut"), all_rows(self.hub, user="cut")
        self.assertEqual((rows[0]["status"], rows[0]["estimated"]), ("error", True))
        self.assertEqual(billionths(told["spent"]), billionths(rows[0]["credits"]))
        self.assertGreater(billionths(told["spent"]), 0)

    def test_credits_are_told_to_aigne_clients(self):
        key = user_key(self.hub, "told")
        status, _, said = post(self.hub.port, key, json.dumps(
            {"input": {"messages": [{"role": "user", "content": "hi there"}],
                       "modelOptions": {"model": "echo/echo", "maxTokens": 100}}}), "/api/v2/chat")
        usage = json.loads(said)["usage"]
        self.assertEqual((status, usage["aigneHubCredits"], usage["creditPrefix"]), (200, 0.002, "$"))

    def test_grants(self):
        self.hub.do("user.put", {"name": "granted"})
        given = {"user": "granted", "amount": "2.5", "id": "order-1", "source": "purchase"}
        self.hub.do("credit.grant", given)
        self.hub.do("credit.grant", given)
        soon = self.hub.do("credit.grant", {"user": "granted", "amount": 4, "expiresAt": time.time_ns() // 10**6 + 1500})
        self.assertEqual(self.account("granted")["balance"], "7.5")
        self.assertEqual(self.account("granted")["grants"][0]["id"], soon["id"])
        self.hub.do("credit.revoke", {"id": "order-1", "spent": True})
        self.assertEqual(self.account("granted")["balance"], "5")
        time.sleep(3.5)
        told = self.account("granted")
        self.assertEqual((told["balance"], told["expired"], told["revoked"]), ("1", "4", "2.5"))
        kinds = [t["kind"] for t in self.hub.do("transaction.list", {"user": "granted"})["list"]]
        self.assertEqual(kinds, ["expiry", "revocation", "grant", "grant", "grant"])
        self.assertNotEqual(self.hub.try_do("credit.revoke", {"id": "nothing"}).returncode, 0)


class Attempts(unittest.TestCase):
    """A stream that breaks off after five of its tokens, then a spare; who of them is paid."""

    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.root = cls.hub.key("root", "admin")
        cls.broken = Provider(time.time)
        bill(cls.hub, ["echo", "delay-1000"])
        cls.hub.do("provider.put", {"name": "openai", "baseUrl": cls.broken.url + "/v1"})
        cls.hub.do("credential.put", {"provider": "openai", "name": "a", "value": "sk-broken-0001"})
        cls.hub.do("rate.put", {"provider": "openai", "model": "gpt-odd", "inputRate": "0.0001", "outputRate": "0.001"})
        for on_cut in ("error", "hold", "resume"):
            for pays_for in ("answer", "attempts"):
                cls.route("%s-%s" % (on_cut, pays_for), ["openai/gpt-odd", "echo/echo"], onCut=on_cut, paysFor=pays_for)

    @classmethod
    def tearDownClass(cls):
        cls.broken.shutdown()
        cls.broken.server_close()
        cls.hub.stop()

    @classmethod
    def do(cls, verb, arguments):
        """In the server itself, so that the next call knows."""
        status, _, said = post(cls.hub.port, cls.root, json.dumps(arguments), "/api/admin/" + verb)
        assert status == 200, said
        return json.loads(said)

    @classmethod
    def route(cls, name, models, **policy):
        cls.do("route.put", {"name": name, "targets": [{"model": model} for model in models], "policy": policy})

    def tearDown(self):
        told = self.hub.do("ledger.check")
        self.assertTrue(told["ok"], told)

    def paid(self, model, paid_rows):
        """What is paid is what these rows cost, of account and budget alike."""
        user = "for-" + model
        key = user_key(self.hub, user)
        self.hub.do("credit.grant", {"user": user, "amount": "10"})
        self.do("budget.put", {"name": user, "on": "user", "id": user, "per": "total", "amount": "10"})
        self.do("health.reset", {})
        data = json.dumps({"input": {"messages": [{"role": "user", "content": "input=100 output=9 break=5"}],
                                     "modelOptions": {"model": model, "maxTokens": 50}}, "options": {"streaming": True}})
        status, _, said = post(self.hub.port, key, data, "/api/v2/chat")
        self.assertEqual(status, 200)
        rows = all_rows(self.hub, user=user)
        self.assertEqual([row["status"] for row in rows], ["error", "success"][:len(rows)], rows)
        told, wanted = self.hub.do("account.get", {"user": user}), sum(billionths(rows[at]["credits"]) for at in paid_rows)
        self.assertEqual((billionths(told["spent"]), told["held"]), (wanted, "0"), rows)
        self.assertEqual(billionths(self.hub.do("budget.get", {"name": user})["spent"]), wanted)
        self.assertEqual(billionths(rows[0]["credits"]), 10**9 * 15 // 1000)
        return said.decode(), told["spent"]

    def test_the_one_that_answered(self):
        said, spent = self.paid("hold-answer", [1])
        self.assertIn('"aigneHubCredits":%s}' % spent, said)

    def test_each(self):
        said, spent = self.paid("hold-attempts", [0, 1])
        self.assertIn('"aigneHubCredits":%s}' % spent, said)

    def test_all_that_an_answer_is_made_of(self):
        for model in ("resume-answer", "resume-attempts"):
            said, spent = self.paid(model, [0, 1])
            self.assertIn('"aigneHubCredits":%s}' % spent, said)

    def test_what_was_delivered_is_paid(self):
        for model in ("error-answer", "error-attempts"):
            self.paid(model, [0])

    def test_the_level_of_service_that_was_asked_for(self):
        """Where the provider does not say which it was; the request is passed on unread."""
        key = user_key(self.hub, "hurried")
        self.hub.do("credit.grant", {"user": "hurried", "amount": "10"})
        self.do("rate.put", {"provider": "openai", "model": "gpt-fast", "inputRate": "0.001", "outputRate": "0.001",
                             "tiers": [{"service": "priority", "rates": {"input": "0.01"}}]})
        for words, asked, wanted in (("", {"service_tier": "priority"}, 105), ("mute=1", {"service_tier": "priority"}, 105),
                                     ("mute=1", {}, 15)):
            status = post(self.hub.port, key, body("openai/gpt-fast", "input=10 output=5 " + words, max_tokens=9, **asked))[0]
            row = all_rows(self.hub, user="hurried")[-1]
            self.assertEqual((status, billionths(row["credits"])), (200, wanted * 10**6), row)

    def test_who_leaves_between_attempts_pays_for_none(self):
        """Nothing of the one that failed was delivered, and the next one was not made."""
        key, calls = user_key(self.hub, "impatient"), self.broken.calls.get("gpt-odd", 0)
        self.hub.do("credit.grant", {"user": "impatient", "amount": "10"})
        self.route("again", ["openai/gpt-odd"], onCut="hold", retries=5, repeatSent=True)
        self.do("health.reset", {})
        data = body("again", "input=100 output=9 break=5", stream=True, max_tokens=50).encode()
        with socket.create_connection(("127.0.0.1", self.hub.port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer " +
                               key.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
            while self.broken.calls.get("gpt-odd", 0) == calls:
                time.sleep(0.01)
            time.sleep(0.05)
        rows = []
        while not rows:
            rows = all_rows(self.hub, user="impatient")
        told = self.hub.do("account.get", {"user": "impatient"})
        self.assertEqual(([row["status"] for row in rows], told["spent"], told["held"]), (["error"], "0", "0"))

    def test_as_much_is_held_as_may_be_paid(self):
        """Fifty tokens at most for each answer, a thousandth each; prompts cost nothing here."""
        key = user_key(self.hub, "holder")
        self.hub.do("credit.grant", {"user": "holder", "amount": "1"})
        for name, policy, times in (("one", {}, 1), ("each", {"paysFor": "attempts"}, 2),
                                    ("thrice", {"paysFor": "attempts", "retries": 5, "attempts": 3}, 3)):
            self.route("echo/delay-1000", [], **policy)
            statuses = []
            call = threading.Thread(target=lambda: statuses.append(
                post(self.hub.port, key, body("echo/delay-1000", "hi", max_tokens=50))))
            call.start()
            held = "0"
            while call.is_alive() and held == "0":
                held = self.do("account.get", {"user": "holder"})["held"]
            call.join()
            self.assertEqual(statuses[0][0], 200, statuses)
            self.assertEqual(billionths(held), times * 10**9 // 20, name)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
