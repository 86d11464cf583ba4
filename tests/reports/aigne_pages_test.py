# AIGNE Hub's pages about accounts, usage, providers and rates, in its shapes, without its faults.
#
# usage: aigne_pages_test.py AIGNE_HUB [unittest's arguments]
import csv
import io
import json
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "money")]
from hub_fixture import Hub, request  # noqa: E402
from paid_hub import bill, body, post, user_key  # noqa: E402

PROGRAM = ""
DECIMAL = r"\A-?\d+(\.\d+)?\Z"
SECRET = "sk-abcdefgh12345678"


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM, flags=["--mount-point", "/ai-kit"])
        bill(cls.hub, ["echo", "fail-500"], purchaseUrl="https://pay.example/", creditPrefix="$", starterCredits="10")
        cls.admin = cls.hub.key("root", "admin")
        cls.key = user_key(cls.hub, "bob")
        cls.other = user_key(cls.hub, "eve")
        cls.bob = cls.hub.do("user.get", {"name": "bob"})["id"]
        for _ in range(3):
            post(cls.hub.port, cls.key, body("echo/echo", "five words are told here"),
                 headers={"x-aigne-hub-client-did": "my%20app"})
        post(cls.hub.port, cls.key, body("echo/fail-500", "no"))

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()

    def call(self, method, path, content=None, key=None, status=200):
        headers = {} if key == "" else {"authorization": "Bearer " + (key or self.key)}
        text = None if content is None else json.dumps(content)
        answer = request(self.hub.port, method, "/ai-kit" + path, text, headers)
        self.assertEqual(answer.status, status, (method, path, answer.body[:500]))
        return json.loads(answer.body)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def test_info(self):
        told = self.get("/api/user/info")
        self.assertEqual(told["user"], {"did": self.bob, "fullName": "bob", "email": None, "avatar": None})
        self.assertTrue(told["enableCredit"])
        self.assertEqual(told["creditPrefix"], "$")
        self.assertTrue(told["paymentLink"].startswith("https://pay.example/"))
        self.assertEqual(set(told["creditBalance"]), {"balance", "total", "grantCount", "pendingCredit"})
        for name in ("balance", "total", "pendingCredit"):
            self.assertRegex(told["creditBalance"][name], DECIMAL)
        self.assertEqual(told["creditBalance"]["total"], "10")
        units = self.get("/api/user/credit/balance")
        self.assertEqual(int(units["total"]), 10 * 10 ** units["currency"]["decimal"])
        self.assertEqual(self.get("/api/user/credit/payment-link"), told["paymentLink"])

    def test_history(self):
        grants = self.get("/api/user/credit/grants?page=1&pageSize=10")
        self.assertEqual((grants["count"], grants["paging"]), (1, {"page": 1, "pageSize": 10}))
        self.assertEqual((grants["list"][0]["amount"], grants["list"][0]["category"]), ("10", "starter"))
        self.hub.do("credit.grant", {"user": "eve", "amount": "1"})
        pages = [self.get("/api/user/credit/grants?pageSize=1&page=%d" % page, key=self.other) for page in (1, 2, 3)]
        self.assertEqual([(page["count"], len(page["list"])) for page in pages], [(2, 1), (2, 1), (2, 0)])
        told = self.get("/api/user/credit/transactions")
        self.assertEqual({item["kind"] for item in told["list"]}, {"grant", "usage"})
        self.get("/api/user/credit/transactions?pageSize=101", status=400)
        for page in ("grants", "transactions"):
            path = "/api/user/credit/" + page
            all_of, now = self.get(path), int(time.time())
            self.assertGreater(all_of["count"], 0)
            for span, count in (("start=1&end=%d" % (now + 60), all_of["count"]), ("start=%d" % (now + 60), 0),
                                ("end=%d" % (now - 86400), 0), ("end=0", 0)):
                told = self.get(path + "?" + span)
                self.assertEqual((told["count"], len(told["list"])), (count, min(count, len(all_of["list"]))), span)
            self.get(path + "?start=yesterday", status=400)
            self.get(path + "?end=-1", status=400)

    def test_calls(self):
        told = self.get("/api/user/model-calls?pageSize=2")
        self.assertEqual((told["count"], len(told["list"]), told["paging"]), (4, 2, {"page": 1, "pageSize": 2}))
        row = told["list"][1]
        for name in ("id", "providerId", "model", "type", "totalUsage", "usageMetrics", "credits", "status", "duration",
                     "appDid", "userDid", "requestId", "traceId", "createdAt", "provider", "userInfo"):
            self.assertIn(name, row)
        self.assertEqual((row["appDid"], row["userInfo"]["fullName"], row["status"]), ("my app", "bob", "success"))
        self.assertRegex(row["credits"], DECIMAL)
        self.assertEqual(row["usageMetrics"]["totalTokens"], row["totalUsage"])
        self.assertEqual(told["list"][0]["status"], "failed")
        self.assertEqual(self.get("/api/user/model-calls?status=failed")["count"], 1)
        self.assertEqual(self.get("/api/user/model-calls?search=FAIL-5")["count"], 1)
        self.assertEqual(self.get("/api/user/model-calls?minDurationSeconds=500")["count"], 0)
        self.assertEqual(self.get("/api/user/model-calls", key=self.other)["count"], 0)
        self.assertEqual(self.get("/api/user/model-calls?userDid=%s" % self.bob, key=self.other)["count"], 0)
        self.get("/api/user/model-calls?allUsers=true", status=403)
        self.assertEqual(self.get("/api/user/model-calls?allUsers=true", key=self.admin)["count"], 4)
        self.get("/api/user/model-calls?startTime=tomorrow", status=400)

    def test_export(self):
        answer = request(self.hub.port, "GET", "/ai-kit/api/user/model-calls/export", headers={
            "authorization": "Bearer " + self.key})
        rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
        self.assertEqual((answer.status, len(rows)), (200, 4))
        self.assertEqual((rows[1]["User Name"], rows[1]["App DID"]), ("bob", "my app"))
        answer = request(self.hub.port, "GET", "/ai-kit/api/user/model-calls/export", headers={
            "authorization": "Bearer " + self.other})
        self.assertEqual(answer.body.count(b"\r\n"), 1)

    def test_stats(self):
        told = self.get("/api/user/usage-stats")["modelStats"]
        self.assertEqual(told["totalModelCount"], 2)
        self.assertEqual((told["list"][0]["model"], told["list"][0]["totalCalls"], told["list"][0]["provider"]["name"]),
                         ("echo", 3, "echo"))
        self.get("/api/user/admin/user-stats", status=403)
        self.assertGreaterEqual(self.get("/api/user/admin/user-stats", key=self.admin)["modelStats"]["totalModelCount"], 2)
        users = self.call("POST", "/api/user/admin/user-info", {"userDids": [self.bob, "nobody"]}, key=self.admin)["users"]
        self.assertEqual([user["fullName"] for user in users], ["bob", "Unknown User"])
        self.call("POST", "/api/user/admin/user-info", {"userDids": []}, key=self.admin, status=400)

    def test_quota(self):
        told = self.get("/api/usage/quota")
        self.assertEqual(told["total"], "10")
        for name in ("total", "remaining", "used", "pendingCredit", "dailyAvgCredits"):
            self.assertRegex(told[name], DECIMAL)
        self.assertEqual(self.get("/api/usage/quota", key=self.other)["estimatedDaysRemaining"], 999)

    def test_dashboards(self):
        told = self.get("/api/usage/projects?sortBy=totalCredits")
        self.assertEqual((told["total"], told["page"], told["pageSize"]), (2, 1, 20))
        mine = [item for item in told["projects"] if item["appDid"] == "my app"][0]
        self.assertEqual((mine["totalCalls"], mine["successRate"]), (3, 100))
        self.assertLess(abs(mine["lastCallTime"] - time.time()), 600)
        self.assertIn("bob", [item["appName"] for item in told["projects"]])  # a key that said nothing
        drawn = self.get("/api/usage/projects/group-trends?timezoneOffset=-480")
        self.assertEqual((drawn["granularity"], len(drawn["projects"])), ("day", 2))
        self.assertEqual(sum(bucket["byProject"]["my app"]["totalCalls"] for bucket in drawn["trends"]), 3)
        self.assertTrue(all((bucket["timestamp"] + 8 * 3600) % 86400 == 0 for bucket in drawn["trends"]))
        day = int(time.time()) - 86000
        one = self.get("/api/usage/projects/trends?appDid=my%%20app&startTime=%d" % day)
        self.assertEqual((one["project"]["appDid"], one["granularity"]), ("my app", "hour"))
        self.assertEqual((len(one["trends"]) in (24, 25), sum(bucket["calls"] for bucket in one["trends"])), (True, 3))
        calls = self.get("/api/usage/projects/calls?appDid=my%20app&page=2&pageSize=2")
        self.assertEqual((calls["count"], len(calls["list"]), calls["page"], calls["pageSize"]), (3, 1, 2, 2))
        self.get("/api/usage/projects/calls", status=400)
        self.get("/api/usage/trends", status=403)
        all_ = self.get("/api/usage/trends?allUsers=1", key=self.admin)
        self.assertEqual(sum(bucket["calls"] for bucket in all_["trends"]), 4)
        for bucket in all_["trends"]:
            self.assertRegex(bucket["totalCredits"], DECIMAL)
        self.assertEqual(self.call("POST", "/api/usage/stats/backfill", {"startDate": "x"}, key=self.admin)["ranges"], [])

    def test_providers(self):
        for path in ("/api/ai-providers", "/api/ai/"):
            self.get(path, key="", status=401)
            self.get(path, status=403)
        made = self.call("POST", "/api/ai-providers", {"name": "openai", "displayName": "O", "baseUrl": "http://127.0.0.1:9/v1"},
                         key=self.admin)
        self.assertEqual(made["id"], "openai")
        self.call("POST", "/api/ai-providers", {"name": "openai"}, key=self.admin, status=409)
        self.call("PUT", "/api/ai/openai", {"displayName": "Open"}, key=self.admin)
        self.call("PUT", "/api/ai/nobody", {"displayName": "x"}, key=self.admin, status=404)
        added = self.call("POST", "/api/ai/openai/credentials",
                          {"name": "main", "value": {"api_key": SECRET}, "credentialType": "api_key"}, key=self.admin)
        self.call("POST", "/api/ai/openai/credentials", {"name": "bad", "value": SECRET, "testModel": "gpt-4o-mini"},
                  key=self.admin, status=400)
        self.call("POST", "/api/ai/openai/credentials/test", {"value": SECRET}, key=self.admin, status=400)
        listed = [p for p in self.get("/api/ai?includeModelRates=true", key=self.admin) if p["name"] == "openai"][0]
        self.assertEqual([c["name"] for c in listed["credentials"]], ["main"])
        self.assertEqual((listed["displayName"], listed["modelRates"]), ("Open", []))
        self.assertNotIn(SECRET, json.dumps(listed))
        self.assertNotIn("sealed", json.dumps(listed))
        self.call("PUT", "/api/ai/openai/credentials/%s" % added["id"], {"value": SECRET + "9"}, key=self.admin)
        self.get("/api/ai/openai/credentials/%s/check" % added["id"], key=self.admin, status=400)
        self.call("DELETE", "/api/ai/echo/credentials/%s" % added["id"], key=self.admin, status=404)
        health = self.get("/api/ai/health")
        self.assertIn("main", health["providers"]["openai"])
        self.assertRegex(health["timestamp"], r"\A\d{4}-\d\d-\d\dT")
        self.call("DELETE", "/api/ai/openai/credentials/%s" % added["id"], key=self.admin)
        self.call("DELETE", "/api/ai/openai", key=self.admin)
        self.call("DELETE", "/api/ai/openai", key=self.admin, status=404)

    def test_rates(self):
        rate = {"model": "pace-50", "type": "chat", "inputRate": "0.00000015", "outputRate": 0.0000006,
                "unitCosts": {"input": "0.0000001", "output": "0.0000005"}}
        made = self.call("POST", "/api/ai/echo/model-rates", rate, key=self.admin)
        self.assertEqual((made["inputRate"], made["outputRate"], made["providerId"], made["caching"]),
                         ("0.00000015", "0.0000006", "echo", None))
        self.call("POST", "/api/ai/echo/model-rates", rate, key=self.admin, status=409)
        self.call("POST", "/api/ai/model-rates", {**rate, "providers": ["echo"]}, key=self.admin, status=409)
        both = self.call("POST", "/api/ai/model-rates", {**rate, "model": "loud", "providers": ["echo"]}, key=self.admin)
        self.assertEqual(both["summary"], {"total": 1})
        changed = self.call("PUT", "/api/ai/echo/model-rates/%s" % made["id"], {"inputRate": "1"}, key=self.admin)
        self.assertEqual((changed["inputRate"], changed["outputRate"]), ("1", "0.0000006"))
        self.assertIn(made["id"], [item["id"] for item in self.get("/api/ai/echo/model-rates", key=self.admin)])
        told = self.get("/api/ai/model-rates?pageSize=1&providerId=echo", key=self.admin)
        self.assertEqual((len(told["list"]), told["paging"]["pageSize"]), (1, 1))
        for search in ("q", "model"):
            told = self.get("/api/ai/model-rates?providerId=openai,echo&%s=ace-5" % search, key=self.admin)
            self.assertEqual([row["model"] for row in told["list"]], ["pace-50"])
        self.assertEqual((told["list"][0]["provider"], told["list"][0]["status"]),
                         ({"id": "echo", "name": "echo", "displayName": "echo"}, None))
        for query in ("providerId=openai,google", "model=pace-51", "q=pace-51"):
            self.assertEqual(self.get("/api/ai/model-rates?" + query, key=self.admin)["count"], 0)
        told = self.call("POST", "/api/ai/bulk-rate-update", {"profitMargin": 20, "creditPrice": 1, "model": "pace-50"},
                         key=self.admin)
        self.assertEqual((told["message"], told["parameters"], told["updated"], told["skipped"]),
                         ("Rates updated", {"profitMargin": 20, "creditPrice": "1"}, 1, 0))
        self.assertEqual((told["summary"][0]["oldInputRate"], told["summary"][0]["newInputRate"]), ("1", "0.00000012"))
        self.assertEqual([item["inputRate"] for item in self.get("/api/ai/echo/model-rates", key=self.admin)
                          if item["id"] == made["id"]], ["0.00000012"])
        self.call("POST", "/api/ai/bulk-rate-update", {"mode": "sync"}, key=self.admin, status=400)
        grouped = {item["model"]: item for item in self.get("/api/ai/chat/models?type=chat")}
        self.assertEqual(grouped["pace-50"]["providers"][0]["id"], "echo")
        self.call("DELETE", "/api/ai/echo/model-rates/%s" % made["id"], key=self.admin)
        self.call("POST", "/api/ai/echo/model-rates", rate, status=403)

    def test_what_a_vendor_has_no_more_is_deprecated(self):
        self.hub.do("provider.put", {"name": "mine", "type": "echo"})
        for model, kind in (("echo", "chat"), ("pace-9", "chat"), ("pace-8", "image")):
            self.hub.do("rate.put", {"provider": "mine", "model": model, "type": kind, "inputRate": "0.001",
                                     "outputRate": "0.001"})

        def entry(model, **more):
            return {"provider": "mine", "modelId": model, "inputCostPerToken": 1e-6, "outputCostPerToken": 4e-6, **more}

        def sync(*entries, **more):
            told = self.call("POST", "/api/ai-providers/bulk-rate-update",
                             {"mode": "sync", "entries": entries, **more}, key=self.admin)
            self.assertEqual((told["errors"], told["dryRun"]), ([], more.get("dryRun", False)))
            for name, count in told["summary"].items():
                self.assertEqual(len(told[name]), count, name)
            return {name: {(item["provider"], item["model"]) for item in told[name]} for name in told["summary"]}

        def shown(query=""):
            return {row["model"]: row for row in self.get("/api/ai/mine/model-rates" + query, key=self.admin)}

        def asks(model):
            return post(self.hub.port, self.key, body("mine/" + model, "no"))[0]
        told = sync(entry("echo"), entry("later"), deprecateUnmatched=True, dryRun=True)
        self.assertEqual((told["updated"], told["deprecated"]), ({("mine", "echo")}, {("mine", "pace-9")}))
        self.assertEqual(told["created"], set())
        self.assertLessEqual({("mine", "later"), ("mine", "pace-8"), ("echo", "echo")}, told["unmatched"])
        self.assertEqual((set(shown()), asks("pace-9")), ({"echo", "pace-9", "pace-8"}, 200))
        told = sync(entry("echo"), entry("new", isNew=True), deprecateUnmatched=True, applyRates=True, profitMargin=0)
        self.assertEqual((told["created"], told["deprecated"]), ({("mine", "new")}, {("mine", "pace-9")}))
        self.assertEqual(set(shown()), {"echo", "new", "pace-8"})
        row = shown("?includeDeprecated=true")["pace-9"]
        self.assertEqual((row["deprecated"], row["deprecatedReason"]), (True, "Not in the list of prices"))
        self.assertRegex(row["deprecatedAt"], r"\A\d{4}-\d\d-\d\dT")
        self.assertEqual((shown()["echo"]["deprecated"], shown()["echo"]["deprecatedAt"]), (False, None))
        listed = self.get("/api/ai/models?type=chat", key="")
        self.assertEqual({m["model"] for m in listed if m["provider"] == "mine"}, {"echo", "new"})
        self.assertEqual(asks("pace-9"), 503)
        self.assertEqual(self.hub.do("catalog.drift", {})["deprecated"], 1)
        kinds = [item["kind"] for item in self.hub.do("rate.history", {"provider": "mine", "model": "pace-9"})["list"]]
        self.assertEqual(kinds, ["bulk_sync", "manual_update"])
        self.assertEqual(sync(entry("echo"), entry("new"), deprecateUnmatched=True)["deprecated"], set())
        self.assertEqual(sync(entry("pace-9", isNew=True))["updated"], {("mine", "pace-9")})
        self.assertEqual((shown()["pace-9"]["deprecated"], asks("pace-9")), (False, 200))
        self.hub.do("rate.put", {"provider": "mine", "model": "pace-9", "deprecated": True, "note": "too old"})
        self.assertEqual(shown("?includeDeprecated=true")["pace-9"]["deprecatedReason"], "too old")
        self.assertEqual(asks("pace-9"), 503)
        self.hub.do("rate.put", {"provider": "mine", "model": "pace-9", "deprecated": False})
        self.assertEqual(asks("pace-9"), 200)
        for model, kind in (("echo", "chat"), ("pace-9", "chat"), ("new", "chat"), ("pace-8", "image")):
            self.hub.do("rate.delete", {"provider": "mine", "model": model, "type": kind})
        self.hub.do("provider.delete", {"name": "mine"})

    def test_the_old_service_is_this_one(self):
        for page in ("balance", "grants", "transactions", "payment-link"):
            self.assertEqual(self.get("/api/user/service/credit/" + page), self.get("/api/user/credit/" + page))
            self.get("/api/user/service/credit/" + page, key="", status=401)

    def test_upkeep(self):
        self.hub.do("rate.put", {"provider": "echo", "model": "dear", "inputRate": "9", "outputRate": "9",
                                 "unitCosts": {"input": "1", "output": "1"}})
        for method, path in (("GET", "/api/ai-providers/test-models"), ("POST", "/api/ai-providers/trigger-rate-check"),
                             ("POST", "/api/user/cleanup-daily-stats")):
            self.call(method, path, status=403)
            self.call(method, path, key="", status=401)
        told = self.get("/api/ai/test-models", key=self.admin)
        self.assertEqual(list(told), ["echo"])
        self.assertNotEqual(told["echo"], "dear")
        told = self.call("POST", "/api/ai/trigger-rate-check", key=self.admin)
        self.assertEqual(told["message"], "Rate check triggered")
        self.assertRegex(told["timestamp"], r"\A\d{4}-\d\d-\d\dT")
        self.call("POST", "/api/user/cleanup-daily-stats", key=self.admin)
        self.hub.do("rate.delete", {"provider": "echo", "model": "dear"})

    def test_nobody_sees_what_others_did(self):
        """Whatever another's key asks for by names that are not its own."""
        row = self.get("/api/user/model-calls")["list"][0]
        for query in ("userDid=" + self.bob, "user=" + self.bob, "appDid=my%20app", "search=" + row["requestId"],
                      "userDid[]=" + self.bob, "key=" + row["keyId"], "allUsers=", "allUsers=0&allUsers=1"):
            for path in ("/api/user/model-calls", "/api/usage/projects/calls"):
                answer = request(self.hub.port, "GET", "/ai-kit%s?%s" % (path, query), None,
                                 {"authorization": "Bearer " + self.other})
                self.assertIn(answer.status, (200, 400, 403), query)
                self.assertNotIn(row["requestId"].encode(), answer.body, (path, query))
        for path in ("/api/usage/projects", "/api/usage/projects/group-trends", "/api/usage/quota",
                     "/api/user/usage-stats", "/api/user/credit/transactions", "/api/user/model-calls/export"):
            answer = request(self.hub.port, "GET", "/ai-kit%s?userDid=%s&user=%s" % (path, self.bob, self.bob), None,
                             {"authorization": "Bearer " + self.other})
            self.assertEqual(answer.status, 200, path)
            for told in (b"my app", b"my%20app", self.bob.encode(), row["requestId"].encode()):
                self.assertNotIn(told, answer.body, path)

    def test_refused(self):
        for method, path, status in (("GET", "/api/user/nothing", 404), ("DELETE", "/api/user/info", 405),
                                     ("GET", "/api/usage/", 404), ("PUT", "/api/ai", 405), ("GET", "/api/ai/a/b/c/d/e/f", 404)):
            error = self.call(method, path, {} if method == "PUT" else None, status=status)["error"]
            self.assertTrue(error["message"] and error["type"], error)
        for path in ("/api/user/info", "/api/usage/quota", "/api/ai/health"):
            self.assertIn("message", self.get(path, key="", status=401)["error"])
        answer = request(self.hub.port, "POST", "/ai-kit/api/ai", "{", {"authorization": "Bearer " + self.admin})
        self.assertEqual(answer.status, 400)
        self.assertEqual(request(self.hub.port, "GET", "/api/user/info", headers={
            "authorization": "Bearer " + self.key}).status, 200)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
