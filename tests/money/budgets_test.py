# Budgets and teams: whom they bind, exactly how far, and how a refusal is told.
#
# usage: budgets_test.py AIGNE_HUB [unittest's arguments]
import http.client
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import Hub, PATH, all_rows, billionths, body, post, user_key  # noqa: E402

PROGRAM = ""
MODELS = ["echo", "delay-1000"]


class Budgets(unittest.TestCase):
    """Billing is off: budgets alone count, at the rates there are."""

    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.root = cls.hub.key("root", "admin")
        for model in MODELS:
            cls.do("rate.put", {"provider": "echo", "model": model, "inputRate": "0", "outputRate": "0.001"})

    @classmethod
    def admin(cls, verb, arguments=None):
        """In the server itself, so that the next call knows."""
        status, _, said = post(cls.hub.port, cls.root, json.dumps(arguments or {}), "/api/admin/" + verb)
        return status, json.loads(said)

    @classmethod
    def do(cls, verb, arguments=None):
        status, said = cls.admin(verb, arguments)
        if status != 200:
            raise RuntimeError("%s: %d %s" % (verb, status, said))
        return said

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()

    def tearDown(self):
        for budget in self.do("budget.list")["list"]:
            self.do("budget.delete", {"name": budget["name"]})
        told = self.do("ledger.check")
        self.assertTrue(told["ok"], told)

    def put(self, name, on, about, amount, per="total", **more):
        return self.do("budget.put", {"name": name, "on": on, "id": about, "per": per, "amount": amount, **more})

    def settled(self, name):
        for _ in range(100):
            told = self.do("budget.get", {"name": name})
            if told["held"] == "0":
                return told
            time.sleep(0.05)
        self.fail("held for ever: %s" % told)

    def ask(self, key, model="echo/echo", text="four words are told", path=PATH, headers=None, **more):
        return post(self.hub.port, key, body(model, text, max_tokens=100, **more), path, headers=headers)

    def test_exactly_ten_of_64(self):
        self.put("ten calls", "user", user_key(self.hub, "crowd") and "crowd", "1")
        key = user_key(self.hub, "crowd")
        statuses, started = [], threading.Barrier(64)

        def call():
            started.wait()
            statuses.append(self.ask(key, "echo/delay-1000")[0])

        clients = [threading.Thread(target=call) for _ in range(64)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual(sorted(statuses), [200] * 10 + [402] * 54)
        told, rows = self.settled("ten calls"), all_rows(self.hub, user="crowd", status="success")
        self.assertEqual(len(rows), 10)
        self.assertEqual(billionths(told["spent"]), sum(billionths(row["credits"]) for row in rows))
        refused = all_rows(self.hub, user="crowd", status="refused")
        self.assertEqual((len(refused), {row.get("credits") for row in refused}), (54, {None}))
        self.assertIn("ten calls", refused[0]["error"])

    def test_told_in_every_format(self):
        key = user_key(self.hub, "told")
        self.put("for the month", "user", "told", "0.01", "month")
        renews = self.do("budget.get", {"name": "for the month"})["renewsAt"]
        text = body("echo/echo", "hi", max_tokens=100)
        aigne = json.dumps({"input": {"messages": [{"role": "user", "content": "hi"}],
                                      "modelOptions": {"model": "echo/echo", "maxTokens": 100}}})
        gemini = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}],
                             "generationConfig": {"maxOutputTokens": 100}})
        version = {"anthropic-version": "2023-06-01"}
        for path, data, headers, kind in [
                (PATH, text, {}, ("code", "budget_exceeded")), ("/api/v2/chat", aigne, {}, ("type", "NOT_ENOUGH")),
                ("/v1/messages", text, version, ("type", "rate_limit_error")),
                ("/v1beta/models/echo/echo:generateContent", gemini, {}, ("status", "RESOURCE_EXHAUSTED"))]:
            status, _, said = post(self.hub.port, key, data, path, headers=headers)
            error = json.loads(said)["error"]
            self.assertEqual((status, error[kind[0]]), (429, kind[1]), said)
            self.assertIn('The budget "for the month" of 0.01 credits (month)', error["message"])
            self.assertIn(renews, error["message"])
        connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
        connection.request("POST", PATH, text, {"authorization": "Bearer " + key})
        answer = connection.getresponse()
        self.assertGreater(int(answer.getheader("retry-after")), 0)
        self.assertEqual(answer.getheader("x-should-retry"), "false")
        connection.close()

    def test_a_soft_one_warns(self):
        key = user_key(self.hub, "warned")
        self.put("gentle", "user", "warned", "0.004", kind="soft")
        for spent, warned in [("0.004", "gentle"), ("0.008", "gentle")]:
            connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
            connection.request("POST", PATH, body("echo/echo", "four words are told", max_tokens=100),
                               {"authorization": "Bearer " + key})
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.getheader("x-aigne-hub-budget")), (200, warned))
            connection.close()
            told = self.do("budget.get", {"name": "gentle"})
            self.assertEqual((told["spent"], told["held"], told["exceeded"]), (spent, "0", True))
        self.hub.wait_for('budget "gentle" is used up')
        events = [e for e in self.do("event.list")["list"] if e.get("budget") == "gentle"]
        self.assertEqual([e["state"] for e in events], ["used up"])

    def test_whom_it_binds(self):
        """A rich user with a poor key; an app, a model and each user of their own."""
        rich, other = user_key(self.hub, "rich"), user_key(self.hub, "other")
        keys = self.do("key.list", {"user": "rich"})["list"]
        self.put("poor key", "key", keys[0]["id"], "0.1")
        self.assertEqual([self.ask(rich)[0] for _ in range(2)], [200, 402])
        self.put("poor key", "key", keys[0]["id"], "100")
        self.put("one app", "app", "did:app", "0.1")
        app = {"x-aigne-hub-client-did": "did:app"}
        self.assertEqual([self.ask(rich, headers=app)[0] for _ in range(2)], [200, 402])
        self.assertEqual(self.ask(rich)[0], 200)
        self.put("each app", "app", "*", "0.1")
        for name in ("did:1", "did:2"):  # seen for the first time
            did = {"x-aigne-hub-client-did": name}
            self.assertEqual([self.ask(other, headers=did)[0] for _ in range(2)], [200, 402])
        each = self.do("budget.get", {"name": "each app"})["each"]
        self.assertEqual({(e["id"], e["spent"]) for e in each if e["id"] in ("did:1", "did:2")},
                         {("did:1", "0.004"), ("did:2", "0.004")})
        self.do("budget.delete", {"name": "each app"})
        self.put("each user", "user", "*", "0.1", "day")
        self.assertEqual([self.ask(key)[0] for key in (rich, rich, other, other)], [200, 429, 200, 429])
        self.do("budget.delete", {"name": "each user"})
        self.put("the model", "model", "echo/echo", "0.1", "week")
        self.assertEqual([self.ask(key)[0] for key in (rich, other)], [200, 429])
        self.do("budget.delete", {"name": "the model"})
        self.put("wherever it is", "model", "echo", "0.1")
        self.assertEqual([self.ask(key)[0] for key in (rich, other)], [200, 402])

    def test_every_way_in(self):
        key = user_key(self.hub, "ways")
        self.put("nothing", "user", "ways", "0")
        gemini = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
        self.assertEqual(post(self.hub.port, key, gemini, "/v1beta/models/echo/echo:generateContent")[0], 402)
        self.assertEqual(self.ask(key, user="somebody-else")[0], 402)
        self.assertEqual(self.ask(key, stream=True)[0], 402)
        self.assertEqual(self.ask(key, path="/v1/messages")[0], 402)
        connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
        connection.request("POST", PATH, body("echo/echo", "hi"), {"x-api-key": key})
        self.assertEqual(connection.getresponse().status, 402)
        connection.close()

    def test_no_price_no_call(self):
        key = user_key(self.hub, "unpriced")
        self.put("hard", "user", "unpriced", "5")
        self.assertEqual(self.ask(key, "echo/nobody-priced-it")[0], 503)

    def test_a_team(self):
        for name in ("tom", "tim"):
            self.do("user.put", {"name": name})
        team = self.do("team.put", {"name": "blue", "members": ["tom", "tim"]})
        self.assertEqual(self.do("team.get", {"team": "blue"})["members"], team["members"])
        self.assertNotEqual(self.admin("team.put", {"name": "red", "members": ["tom"]})[0], 200)
        keys = [user_key(self.hub, name) for name in ("tom", "tim")]
        self.put("of the team", "team", "blue", "0.107")
        self.assertEqual([self.ask(key)[0] for key in keys * 2], [200, 200, 402, 402])
        self.assertEqual(self.settled("of the team")["spent"], "0.008")

    def test_a_team_pays(self):
        self.do("settings.put", {"billing": "credits"})
        try:
            for name in ("ada", "bea"):
                self.do("user.put", {"name": name})
            self.do("team.put", {"name": "green", "members": ["ada", "bea"]})
            self.do("user.put", {"name": "ada", "team": "green"})
            self.do("credit.grant", {"team": "green", "amount": "1"})
            ada, bea = user_key(self.hub, "ada"), user_key(self.hub, "bea")
            of_team = self.do("key.create", {"name": "service", "team": "green"})["key"]
            of_bea = self.do("key.create", {"name": "work", "user": "bea", "team": "green"})["key"]
            self.assertEqual([self.ask(key)[0] for key in (ada, bea, of_team, of_bea)], [200, 402, 200, 200])
            self.assertEqual(self.do("account.get", {"team": "green"})["spent"], "0.012")
            self.do("team.put", {"name": "green", "members": []})
            self.assertEqual([self.ask(key)[0] for key in (ada, of_bea, of_team)], [402, 402, 200])
        finally:
            self.do("settings.put", {"billing": "off"})


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
