# Public lists of prices become rates: each format against another reading of the same list, and what is told of
# rates that are not what they should be.
#
# usage: lists_test.py AIGNE_HUB PRICES_JSON [unittest's arguments]; AIGNE_TEST_PRICE_LISTS may name a folder with
# whole lists by the names of the excerpts.
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "share"))
import price_lists  # noqa: E402
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import hub_fixture  # noqa: E402

PROGRAM = SHIPPED = ""
FOLDER = os.environ.get("AIGNE_TEST_PRICE_LISTS") or os.path.join(HERE, "lists")
KNOWN = {"openai", "azure", "anthropic", "google", "bedrock", "deepseek", "ollama", "openrouter", "xai", "doubao",
         "poe", "groq", "mistral", "ideogram", "aignehub", "echo"}


class Hub:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="aigne-lists-")
        self.data = os.path.join(self.folder.name, "hub.db")

    def run(self, verb, arguments, *options):
        return subprocess.run([PROGRAM, "do", "--data", self.data, *options, verb, "-"],
                              input=json.dumps(arguments, default=str).encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def do(self, verb, arguments, *options):
        done = self.run(verb, arguments, *options)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def rates(self):
        return {(r["provider"], r["model"], r["type"]): r for r in self.do("rate.list", {})["list"]}


def usual(rate):
    """The two usual rates by what they stand for."""
    return rate["inputRate"], rate["outputRate"]


def models_of(name):
    with open(os.path.join(FOLDER, name + ".json"), encoding="utf-8") as f:
        listed = json.load(f, parse_float=Decimal)
    found = {}
    for model in price_lists.FORMATS[name](listed):
        if model.provider in KNOWN and model.priced() and not model.free() and len(model.model) <= 200:
            found.setdefault((model.provider, model.model, model.kind), model)
    return found


class Lists(unittest.TestCase):
    def setUp(self):
        self.hub = Hub()

    def tearDown(self):
        self.hub.folder.cleanup()

    def imported(self, name, **more):
        return self.hub.do("catalog.import", {"file": os.path.join(FOLDER, name + ".json"), **more})

    def compare(self, name):
        wanted = models_of(name)
        self.assertGreater(len(wanted), 4)
        tried = self.imported(name, dryRun=True)
        self.assertEqual((tried["created"], tried["source"]["format"]), (len(wanted), name))
        self.assertEqual(self.hub.rates(), {})
        self.assertEqual(self.imported(name)["created"], len(wanted))
        rates = self.hub.rates()
        self.assertEqual(set(rates), set(wanted))
        for key, model in wanted.items():
            rate = rates[key]
            self.assertEqual(rate["unitCosts"], price_lists.costs_json(model.costs), key)
            tiers = [price_lists.tier_json(*tier) for tier in model.ordered()]
            self.assertEqual([{k: v for k, v in tier.items() if k != "rates"} for tier in rate.get("tiers", [])],
                             tiers, key)
            limits = {"maxTokens": model.output, "contextWindow": model.context}
            self.assertEqual(rate.get("modelMetadata", {}), {k: v for k, v in limits.items() if v}, key)
        again = self.imported(name)
        self.assertEqual((again["created"], again["updated"], again["unchanged"]), (0, 0, len(wanted)))
        return rates

    def test_litellm(self):
        rates = self.compare("litellm")
        self.assertEqual(usual(rates["openai", "whisper-1", "transcription"]), ("0.0001", "0"))
        self.assertEqual(usual(rates["openai", "tts-1", "speech"]), ("0.000015", "0"))
        services = {tier.get("service") for tier in rates["openai", "gpt-5", "chat"]["tiers"]}
        self.assertTrue({"flex", "priority"} <= services, services)

    def test_openrouter(self):
        self.compare("openrouter")

    def test_models_dev(self):
        rates = self.compare("models.dev")
        self.assertEqual([t["above"] for t in rates["openai", "gpt-5.4", "chat"]["tiers"]], [272000])

    def test_genai_prices(self):
        rates = self.compare("genai-prices")
        hours = [t for r in rates.values() for t in r.get("tiers", []) if "from" in t]
        self.assertIn(("00:30", "16:30"), {(t["from"], t["to"]) for t in hours})

    def test_what_is_shipped(self):
        """It is found beside the program, also where nothing is installed."""
        found = self.hub.do("catalog.import", {"source": "shipped", "margin": "0.25", "dryRun": True})
        self.assertGreater(found["created"], 500)
        done = self.hub.do("catalog.import", {"source": "shipped", "margin": "0.25", "creditPrice": "0.01"},
                           "--price-list", SHIPPED)
        self.assertGreater(done["created"], 500)
        self.assertEqual((done["unpriced"], done["free"], done["unknownProvider"]), (0, 0, 0))
        self.assertEqual((done["source"]["license"], done["source"]["date"][:2]), ("MIT", "20"))
        rate = self.hub.rates()["openai", "gpt-4o", "chat"]
        self.assertEqual((rate["unitCosts"]["input"], rate["inputRate"]), ("0.0000025", "0.0003125"))
        self.assertEqual(rate["source"]["source"], done["source"]["source"])
        with open(SHIPPED, encoding="utf-8") as f:
            self.assertEqual(len(json.load(f)["prices"]), done["created"])
        self.hub.do("settings.put", {"creditPrice": "0.01"})
        told = self.hub.do("catalog.drift", {"source": "shipped"}, "--price-list", SHIPPED)
        self.assertEqual((told["normal"], told["list"]), (done["created"], []))

    def test_a_tier_speaks_of_what_its_base_speaks_of(self):
        """Where images are charged one by one, tokens of a tier's answers are not the price of an image."""
        batch = {"service": "batch"}
        entries = [
            ("image", {"input": "1", "output": "2", "image": "9"}, {"input": "0.5", "output": "1"}, {"input": "0.5"}),
            ("image", {"input": "1", "output": "2", "image": "9"}, {"output": "1", "image": "4"}, {"output": "4"}),
            ("speech", {"input": "1", "character": "3"}, {"character": "2"}, {"character": "2"}),
            ("speech", {"character": "3"}, {"character": "2"}, {"input": "2"}),
            ("transcription", {"input": "1", "second": "3"}, {"input": "0.5", "second": "2"},
             {"input": "0.5", "second": "2"})]
        listed = [{"provider": "openai", "model": "m%d" % at, "type": type, "unitCosts": costs,
                   "tiers": [{**batch, "costs": tier}]} for at, (type, costs, tier, _) in enumerate(entries)]
        self.hub.do("catalog.import", {"body": {"prices": listed}})
        rates = self.hub.rates()
        for at, (type, _, _, wanted) in enumerate(entries):
            self.assertEqual(rates["openai", "m%d" % at, type]["tiers"][0]["rates"], wanted, listed[at])
        self.assertEqual(self.hub.do("catalog.drift", {"body": {"prices": listed}})["list"], [])

    def test_costs_are_followed_and_rates_when_told(self):
        entries = [{"provider": "openai", "modelId": "m", "inputCostPerToken": 1e-6, "outputCostPerToken": 2e-6,
                    "cachedInputCostPerToken": 0, "isNew": True}]
        self.assertEqual(self.hub.do("catalog.import", {"body": entries, "profitMargin": 50})["created"], 1)
        rate = self.hub.rates()["openai", "m", "chat"]
        self.assertEqual((rate["inputRate"], rate["unitCosts"]), ("0.0000015", {"input": "0.000001", "output": "0.000002"}))
        entries[0]["inputCostPerToken"] = 4e-6
        self.assertEqual(self.hub.do("catalog.import", {"body": entries})["updated"], 1)
        rate = self.hub.rates()["openai", "m", "chat"]
        self.assertEqual((rate["inputRate"], rate["unitCosts"]["input"]), ("0.0000015", "0.000004"))
        self.hub.do("catalog.import", {"body": entries, "applyRates": True})
        self.assertEqual(self.hub.rates()["openai", "m", "chat"]["inputRate"], "0.000004")
        kinds = [r["kind"] for r in self.hub.do("rate.history", {"model": "m"})["list"]]
        self.assertEqual(kinds, ["bulk_sync", "bulk_sync", "bulk_create"])

    def test_drift_is_told_in_dollars(self):
        self.hub.do("settings.put", {"creditPrice": "0.01"})
        costs = {"input": "0.000001", "output": "0.000002", "cachedWrite": "0.00000125"}
        for model, rate, noted in (("fine", "0.0003", costs), ("cheap", "0.000002", costs),
                                   ("moved", "0.0003", {**costs, "input": "0.0000009"}), ("gone-2024-08-06", "1", costs),
                                   ("dated-2024-08-06", "0.0003", costs)):
            self.hub.do("rate.put", {"provider": "openai", "model": model, "inputRate": rate, "outputRate": "0.0004",
                                     "caching": {"writeRate": "0.0003"}, "unitCosts": noted})
        entries = {"prices": [{"provider": "openai", "model": m, "type": "chat", "unitCosts": costs}
                              for m in ("fine", "cheap", "moved", "dated")]}
        told = self.hub.do("catalog.drift", {"body": entries, "record": True})
        self.assertEqual([told[k] for k in ("normal", "belowCost", "drifted", "unmatched", "alarm")],
                         [2, 1, 1, 1, True])
        found = {item["model"]: item for item in told["list"]}
        self.assertEqual((found["cheap"]["status"], found["cheap"]["part"], found["cheap"]["dollars"],
                          found["cheap"]["cost"]), ("belowCost", "input", "0.00000002", "0.000001"))
        self.assertEqual((found["moved"]["status"], found["gone-2024-08-06"]["status"]), ("drifted", "unmatched"))
        self.assertEqual(self.hub.do("rate.history", {"model": "cheap"})["list"][0]["kind"], "source_drift")
        self.assertEqual(self.hub.do("catalog.drift", {"body": entries, "raise": True})["raised"], 1)
        rate = self.hub.rates()["openai", "cheap", "chat"]
        self.assertEqual((rate["inputRate"], rate["outputRate"]), ("0.0001", "0.0004"))
        self.assertEqual(self.hub.do("rate.history", {"model": "cheap"})["list"][0]["kind"], "auto_update")
        self.assertEqual(self.hub.do("catalog.drift", {"body": entries})["belowCost"], 0)
        self.assertEqual(self.hub.do("catalog.drift", {})["unmatched"], 0)  # by the costs that were noted

    def test_dear_tiers_are_below_cost_too(self):
        self.hub.do("rate.put", {"provider": "openai", "model": "m", "inputRate": "2", "outputRate": "2"})
        entries = {"prices": [{"provider": "openai", "model": "m", "type": "chat", "unitCosts": {"input": "1"},
                               "tiers": [{"above": 200000, "costs": {"input": "3"}}]}]}
        told = self.hub.do("catalog.drift", {"body": entries})
        self.assertEqual((told["belowCost"], told["list"][0]["above"]), (1, 200000))

    def test_from_an_address(self):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=FOLDER)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = "http://127.0.0.1:%d/" % server.server_address[1]
        done = self.hub.do("catalog.import", {"url": base + "openrouter.json"})
        self.assertGreater(done["created"], 4)
        self.assertEqual(done["source"]["url"], base + "openrouter.json")
        for url, word in ((base + "none.json", "404"), (base, "not JSON"), ("http://127.0.0.1:1/", "")):
            failed = self.hub.run("catalog.import", {"url": url})
            self.assertNotEqual(failed.returncode, 0)
            self.assertIn(word, failed.stderr.decode())
            self.assertIn("prices: the list was not taken", failed.stderr.decode())
        taken = self.hub.do("hub.status", {})["prices"]
        self.assertEqual((taken["format"], taken["url"]), ("openrouter", base + "openrouter.json"))
        self.hub.do("catalog.drift", {"url": base + "litellm.json", "dryRun": True})
        self.assertEqual(self.hub.do("hub.status", {})["prices"], taken)
        self.hub.do("catalog.drift", {"url": base + "litellm.json"})
        self.assertEqual(self.hub.do("hub.status", {})["prices"]["format"], "litellm")
        server.shutdown()
        server.server_close()

    def test_a_server_takes_it_by_itself_and_tells_when_it_cannot(self):
        with open(os.path.join(FOLDER, "openrouter.json"), "rb") as f:
            good = f.read()
        answers = {"status": 200, "body": good}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(answers["status"])
                self.send_header("content-length", str(len(answers["body"])))
                self.end_headers()
                self.wfile.write(answers["body"])

            def log_message(self, *arguments):
                pass

        lists = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=lists.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d/prices?token=hidden" % lists.server_address[1]
        hub = hub_fixture.Hub(PROGRAM, ["--price-import", json.dumps({"url": url, "margin": "1"}), "--price-interval", "1"])
        try:
            admin = re.search(rb"admin key: (\S+)", hub.all_output()).group(1).decode()

            def verb(name, arguments=None):
                return hub_fixture.request(hub.port, "POST", "/api/admin/" + name, json.dumps(arguments or {}),
                                           {"authorization": "Bearer " + admin}).json()

            def event(state, word):
                since = verb("event.list")["last"]
                hub_fixture.wait_until(lambda: [e for e in verb("event.list", {"since": since})["list"]
                                                if e.get("state") == state and word in e.get("reason", "")])
                return [e for e in verb("event.list", {"since": since})["list"] if e["state"] == state][0]

            self.assertEqual(event("taken", "")["prices"], "catalog.import")
            self.assertGreater(len(verb("rate.list")["list"]), 4)
            answers["status"] = 503
            self.assertEqual(event("failed", "503")["prices"], "catalog.import")
            self.assertIn(b"warning prices: the list was not taken: ", hub.all_output())
            last = verb("hub.status")["prices"]
            self.assertEqual(last["url"], url)
            answers.update(status=200, body=b'{"a": 1}')
            self.assertIn("none of the formats", event("failed", "formats")["reason"])
            answers["body"] = good[:-20]
            self.assertIn("not JSON", event("failed", "JSON")["reason"])
            self.assertEqual(verb("hub.status")["prices"], last)
            answers["body"] = good
            event("taken", "")
            self.assertGreater(verb("hub.status")["prices"]["importedAt"], last["importedAt"])
            # Another fault is not the list's.
            since = verb("event.list")["last"]
            self.assertIn("nonsense", verb("catalog.import", {"url": url, "nonsense": 1})["error"]["message"])
            self.assertFalse([e for e in verb("event.list", {"since": since})["list"] if "nonsense" in e.get("reason", "")])
            cheap = next(r for r in verb("rate.list")["list"] if Decimal(r["unitCosts"].get("input", 0)) > 0)
            verb("rate.put", {"provider": cheap["provider"], "model": cheap["model"], "type": cheap["type"], "inputRate": "0.000000000001"})
            event("alarm", "1 rates are below cost")  # after the next import
            hub.child.terminate()
            self.assertEqual(hub.child.wait(20), 0)
        finally:
            hub.stop()
            lists.shutdown()
            lists.server_close()

    def test_what_is_no_list(self):
        for arguments, word in (({"file": "/nowhere"}, "cannot be read"), ({"body": {"a": 1}}, "none of the formats"),
                                ({}, "Say which list"), ({"body": {"prices": []}, "creditPrice": 0}, "more than 0")):
            failed = self.hub.run("catalog.import", arguments)
            self.assertNotEqual(failed.returncode, 0, arguments)
            self.assertIn(word, failed.stderr.decode())


if __name__ == "__main__":
    PROGRAM, SHIPPED = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
