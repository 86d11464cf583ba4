# Payments: signed events grant and take back credits once; buyers are led to Stripe, which stripe-mock plays.
#
# usage: payment_test.py AIGNE_HUB [unittest's arguments]
# stripe-mock is found on PATH or in STRIPE_MOCK; where AIGNE_TEST_CLIENTS=require it is built with go.
import hashlib
import hmac
import http.server
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import Hub, billionths, body, post  # noqa: E402
from hub_fixture import Process  # noqa: E402

PROGRAM = ""
SECRET = "whsec_test_secret"
MOCK = "github.com/stripe/stripe-mock@v0.185.0"


def signed(body, secret=SECRET, at=None, more=""):
    at = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return "t=%d,%sv1=%s" % (at, more, mac)


def find_mock(folder):
    found = os.environ.get("STRIPE_MOCK") or shutil.which("stripe-mock")
    required = os.environ.get("AIGNE_TEST_CLIENTS") == "require"
    if found or not required:
        return found
    subprocess.run(["go", "install", MOCK], check=True, env=dict(os.environ, GOBIN=folder))
    return os.path.join(folder, "stripe-mock")


def ask(url, path, body, headers):
    request = urllib.request.Request(url + path, body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Stripe(http.server.ThreadingHTTPServer):
    """Answers as it is told, in turn, and keeps what it was asked. What stripe-mock would refuse is refused, and its
    objects are what is told; it remembers nothing, so what became of a payment is said here."""
    daemon_threads = True

    def __init__(self, mock):
        super().__init__(("127.0.0.1", 0), Answer)
        self.mock = mock
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        self.answers, self.asked = [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        form = urllib.parse.parse_qs(body.decode())
        self.server.asked.append({"path": self.path, "idempotency-key": self.headers["idempotency-key"],
                                  "form": {name: values[0] for name, values in form.items()}})
        status, said = self.server.answers.pop(0)
        if self.server.mock:
            judged, object = ask(self.server.mock, self.path, body, dict(self.headers))
            status, said = (judged, object) if judged != 200 else (status, dict(object, **said) if status == 200 else said)
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Payment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        program = find_mock(cls.folder.name)
        cls.mock = Process([program, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"]) if program else None
        cls.hub = Hub(PROGRAM)
        cls.root = cls.hub.key("root", "admin")
        cls.do("payment.put", {"provider": "stripe", "secretKey": "sk_test_123", "webhookSecret": SECRET})
        cls.do("payment.put", {"provider": "generic", "webhookSecret": SECRET})

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        if cls.mock:
            cls.mock.stop()
        cls.folder.cleanup()

    @classmethod
    def mock_url(cls):
        """None: it is not here."""
        listens = cls.mock and cls.mock.wait_for(r"Listening for HTTP at address: .*?:(\d+)")
        return listens and "http://127.0.0.1:" + listens.group(1)

    @classmethod
    def do(cls, verb, arguments=None):
        status, _, said = post(cls.hub.port, cls.root, json.dumps(arguments or {}), "/api/admin/" + verb)
        if status != 200:
            raise RuntimeError("%s: %d %s" % (verb, status, said))
        return json.loads(said)

    def tearDown(self):
        self.assertTrue(self.do("ledger.check")["ok"])

    def send(self, event, signature=None, path="stripe", header="stripe-signature"):
        body = json.dumps(event).encode()
        return post(self.hub.port, "", body, "/api/payment/webhook/" + path,
                    headers={header: signature(body) if signature else signed(body)})[0]

    def balance(self, user):
        return self.do("account.get", {"user": user})["balance"]

    def event(self, type, number, user="", credits="", **object):
        data = {"payment_intent": "pi_%s" % number, "metadata": {"user": user, "credits": credits} if user else {}}
        return {"id": "evt_" + type + number, "type": type, "data": {"object": dict(data, **object)}}

    def paid(self, number, user, credits):
        return self.event("checkout.session.completed", number, user, credits, payment_status="paid")

    def test_granted_once(self):
        self.do("user.put", {"name": "ann"})
        for _ in range(3):
            self.assertEqual(self.send(self.paid("1", "ann", "25")), 200)
        self.assertEqual(self.balance("ann"), "25")
        unpaid = self.event("checkout.session.completed", "2", "ann", "25", payment_status="unpaid")
        self.assertEqual((self.send(unpaid), self.balance("ann")), (200, "25"))

    def test_signatures(self):
        self.do("user.put", {"name": "eve"})
        event = self.paid("3", "eve", "5")
        now = int(time.time())
        for wrong in [lambda b: signed(b, "whsec_other"), lambda b: signed(b, at=now - 301),
                      lambda b: signed(b, at=now + 400), lambda b: signed(b + b" "), lambda b: "t=%d" % now,
                      lambda b: signed(b).split(",")[1], lambda b: ""]:
            self.assertEqual(self.send(event, wrong), 400)
        self.assertEqual(self.balance("eve"), "0")
        self.assertEqual(self.send(event, lambda b: signed(b, more="v1=%s," % ("0" * 64))), 200)
        self.assertEqual(self.balance("eve"), "5")
        self.assertEqual(self.send(event, path="nobody"), 404)

    def test_refunds(self):
        self.do("user.put", {"name": "bob"})
        self.send(self.paid("4", "bob", "10"))
        part = self.event("charge.refunded", "4", "bob", "10", amount=1000, amount_refunded=250)
        for _ in range(2):
            self.assertEqual(self.send(part), 200)
        self.assertEqual(self.balance("bob"), "7.5")
        whole = self.event("charge.refunded", "4", "bob", "10", amount=1000, amount_refunded=1000)
        whole["data"]["previous_attributes"] = {"amount_refunded": 250}
        for _ in range(2):
            self.assertEqual(self.send(whole), 200)
        self.assertEqual(self.balance("bob"), "0")

    def test_disputes(self):
        self.do("user.put", {"name": "cyd"})
        self.send(self.paid("5", "cyd", "10"))
        for _ in range(2):
            self.assertEqual(self.send(self.event("charge.dispute.created", "5")), 200)
        self.assertEqual(self.balance("cyd"), "0")
        self.assertEqual(self.send(self.event("charge.dispute.closed", "5", status="lost")), 200)
        self.assertEqual(self.balance("cyd"), "0")
        for _ in range(2):
            self.assertEqual(self.send(self.event("charge.dispute.closed", "5", status="won")), 200)
        self.assertEqual(self.balance("cyd"), "10")
        self.assertEqual(self.send(self.event("charge.dispute.created", "of-somebody-else")), 200)

    def refund(self, number, user, back, before):
        event = self.event("charge.refunded", number, user, "10", amount=1000, amount_refunded=back)
        event["data"]["previous_attributes"] = {"amount_refunded": before}
        return event

    def dispute(self, number, id, status=None):
        return self.event("charge.dispute." + ("closed" if status else "created"), number, id=id,
                          **({"status": status} if status else {"status": "needs_response"}))

    def test_in_any_order(self):
        """Stripe promises none: what comes of a payment is the same in each, and of events that come again."""
        parts = [("a", 250, 0), ("b", 500, 250), ("c", 600, 500)]
        for at, order in enumerate(itertools.permutations(range(4))):
            number, user = "6-%d" % at, "reordered-%d" % at
            self.do("user.put", {"name": user})
            events = [self.paid(number, user, "10")] + [self.refund(number, user, *part[1:]) for part in parts]
            for i in order + order:
                self.assertEqual(self.send(events[i]), 200)
            self.assertEqual(self.balance(user), "4", order)

    def test_disputed_before_it_was_told_of(self):
        self.do("user.put", {"name": "early"})
        for event in (self.dispute("7", "du_1"), self.paid("7", "early", "10")):
            self.assertEqual(self.send(event), 200)
        self.assertEqual(self.balance("early"), "0")
        self.send(self.dispute("7", "du_1", "won"))
        self.assertEqual(self.balance("early"), "10")

    def test_disputed_again(self):
        self.do("user.put", {"name": "again"})
        self.send(self.paid("8", "again", "10"))
        for event, left in ((self.dispute("8", "du_2"), "0"), (self.dispute("8", "du_2", "won"), "10"),
                            (self.dispute("8", "du_2"), "10"), (self.dispute("8", "du_3"), "0"),
                            (self.refund("8", "again", 300, 0), "0"), (self.dispute("8", "du_3", "warning_closed"), "7"),
                            (self.dispute("8", "du_4"), "0"), (self.dispute("8", "du_4", "won"), "7"),
                            (self.refund("8", "again", 1000, 300), "0"), (self.paid("8", "again", "10"), "0"),
                            (self.dispute("8", "du_4", "won"), "0")):
            for _ in range(2):
                self.assertEqual(self.send(event), 200)
                self.assertEqual(self.balance("again"), left, event)

    def test_what_was_spent_is_owed(self):
        self.do("user.put", {"name": "spender"})
        self.do("settings.put", {"billing": "credits"})
        self.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "1"})
        self.send(self.paid("9", "spender", "10"))
        key = self.hub.command("key", "create", "--data", self.hub.data, "--name", "s", "--user", "spender")
        self.assertEqual(post(self.hub.port, key.stdout.decode().strip(),
                              body("echo/echo", "one two three", max_tokens=9))[0], 200)
        spent = billionths(self.do("account.get", {"user": "spender"})["spent"])
        self.assertGreater(spent, 0)
        self.send(self.refund("9", "spender", 1000, 0))
        self.assertEqual(billionths(self.balance("spender")), -spent)
        self.do("settings.put", {"billing": "off"})

    def test_top_up(self):
        """Bought by itself below a threshold: once at a time, once for each purchase, no more than allowed."""
        stripe = Stripe(self.mock_url())
        self.do("payment.put", {"provider": "stripe", "secretKey": "sk_test_123", "webhookSecret": SECRET,
                                "url": stripe.url, "currency": "usd"})
        self.do("settings.put", {"billing": "credits"})
        self.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "1"})
        user = self.do("user.put", {"name": "auto"})["id"]
        key = self.hub.command("key", "create", "--data", self.hub.data, "--name", "a", "--user", "auto")
        self.auto = key.stdout.decode().strip()
        try:
            self.do("credit.grant", {"user": "auto", "amount": "10"})
            self.assertIn("monthly", self.refused("topup.put", {"user": "auto", "below": "20", "amount": "30"}))
            self.do("topup.put", {"user": "auto", "below": "20", "amount": "30", "monthly": "60", "customer": "cus_1",
                                  "paymentMethod": "pm_1"})
            stripe.answers = [(500, {}), (200, {"id": "pi_a", "status": "succeeded"})]
            self.calls_until(lambda: stripe.asked, 20)
            self.assertIn("under way", self.refused("topup.put", {"user": "auto", "amount": "40"}))
            self.calls_until(lambda: self.do("account.get", {"user": "auto"})["granted"] == "40", 90)
            self.assertEqual(len({asked["idempotency-key"] for asked in stripe.asked}), 1, stripe.asked)
            asked = stripe.asked[-1]["form"]
            self.assertEqual({name: asked[name] for name in ("amount", "currency", "customer", "payment_method",
                                                             "off_session", "confirm", "metadata[user]",
                                                             "metadata[credits]")},
                             {"amount": "3000", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1",
                              "off_session": "true", "confirm": "true", "metadata[user]": user,
                              "metadata[credits]": "30"})
            event = self.event("payment_intent.succeeded", "a", user, "30", id="pi_a")
            event["data"]["object"]["metadata"]["topUp"] = asked["metadata[topUp]"]
            for _ in range(2):
                self.assertEqual(self.send(event), 200)
            self.assertEqual(self.do("account.get", {"user": "auto"})["granted"], "40")
            stripe.answers = [(402, {"error": {"code": "card_declined"}})]
            self.do("topup.put", {"user": "auto", "below": "1000"})
            self.calls_until(lambda: "failedAt" in self.do("topup.list")["list"][0], 20)
            self.assertEqual(self.do("topup.list")["list"][0]["used"], "30")  # what was refused does not count
            before = len(stripe.asked)
            self.assertIn("less than an hour", self.refused("topup.begin", {"user": "auto"}))
            self.do("topup.delete", {"user": "auto"})
            self.do("topup.put", {"user": "auto", "below": "1000", "amount": "30", "monthly": "45"})
            stripe.answers = [(200, {"id": "pi_b", "status": "succeeded"})]
            self.calls_until(lambda: self.do("account.get", {"user": "auto"})["granted"] == "70", 20)
            self.calls_until(lambda: "pending" not in self.do("topup.list")["list"][0], 20)
            self.assertIn("allowed in a month", self.refused("topup.begin", {"user": "auto"}))
            self.assertEqual(len(stripe.asked), before + 1)
        finally:
            self.do("topup.delete", {"user": "auto"})
            self.do("settings.put", {"billing": "off"})
            stripe.shutdown()
            stripe.server_close()

    def refused(self, verb, arguments):
        status, _, said = post(self.hub.port, self.root, json.dumps(arguments), "/api/admin/" + verb)
        self.assertIn(status, (400, 409), said)
        return said.decode()

    def calls_until(self, reached, seconds):
        end = time.monotonic() + seconds
        while not reached():
            self.assertLess(time.monotonic(), end)
            post(self.hub.port, self.auto, body("echo/echo", "a", max_tokens=2))
            time.sleep(0.2)

    def test_generic(self):
        self.do("user.put", {"name": "dan"})
        event = {"type": "grant", "payment": "order-7", "user": "dan", "amount": "3"}
        at = dict(path="generic", header="x-aigne-hub-signature")
        self.assertEqual([self.send(event, **at) for _ in range(2)], [200, 200])
        self.assertEqual(self.balance("dan"), "3")
        self.assertEqual(self.send({"type": "revoke", "payment": "order-7"}, **at), 200)
        self.assertEqual(self.balance("dan"), "0")
        for _ in range(2):
            self.assertEqual(self.send({"type": "restore", "payment": "order-7"}, **at), 200)
        self.assertEqual(self.balance("dan"), "3")
        self.assertEqual(self.send({"type": "revoke", "payment": "order-7", "dispute": "2"}, **at), 200)
        self.assertEqual(self.balance("dan"), "0")
        self.assertEqual(self.send({"type": "what"}, **at), 400)

    def test_secrets_stay_inside(self):
        said = json.dumps(self.do("credential.list")) + json.dumps(
            self.do("payment.put", {"provider": "stripe", "secretKey": "sk_test_123", "webhookSecret": SECRET}))
        files = b"".join(self.hub.files().values())
        for secret in (SECRET, "sk_test_123"):
            self.assertNotIn(secret, said)
            self.assertNotIn(secret.encode(), files)

    def test_checkout(self):
        """What is asked is what Stripe's own description of its API takes."""
        url = self.mock_url()
        if not url:
            self.skipTest("stripe-mock is not here")
        self.do("payment.put", {"provider": "stripe", "secretKey": "sk_test_123", "webhookSecret": SECRET, "url": url,
                                "currency": "eur", "returnUrl": "https://example.com/thanks?a=1&b=2"})
        self.do("user.put", {"name": "buyer"})
        self.do("team.put", {"name": "buyers", "members": ["buyer"]})
        for more in ({"user": "buyer"}, {"team": "buyers"}, {"user": "buyer", "save": True}):
            told = self.do("payment.checkout", {"amount": "12.5", **more})
            self.assertTrue(told["id"].startswith("cs_"), told)
        self.do("payment.put", {"provider": "stripe", "secretKey": "wrong", "webhookSecret": SECRET, "url": url,
                                "currency": "usd"})
        status, _, said = post(self.hub.port, self.root, json.dumps({"user": "buyer", "amount": "1"}),
                               "/api/admin/payment.checkout")
        self.assertEqual((status, b"401" in said), (502, True), said)

    def test_top_up_that_is_not_paid_yet(self):
        """stripe-mock's payments wait for a card: nothing is granted before Stripe tells that they were paid."""
        url = self.mock_url()
        if not url:
            self.skipTest("stripe-mock is not here")
        self.do("payment.put", {"provider": "stripe", "secretKey": "sk_test_123", "webhookSecret": SECRET, "url": url})
        self.do("settings.put", {"billing": "credits"})
        self.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "1"})
        user = self.do("user.put", {"name": "waits"})["id"]
        key = self.hub.command("key", "create", "--data", self.hub.data, "--name", "w", "--user", "waits")
        self.auto = key.stdout.decode().strip()
        self.do("credit.grant", {"user": "waits", "amount": "100"})
        self.do("topup.put", {"user": "waits", "below": "200", "amount": "30", "monthly": "60", "customer": "cus_1",
                              "paymentMethod": "pm_1"})
        try:
            self.calls_until(lambda: "failedAt" in self.do("topup.list")["list"][0], 30)
            self.assertEqual(self.do("account.get", {"user": "waits"})["granted"], "100")
            event = self.event("payment_intent.succeeded", "w", user, "30", id="pi_w")
            for _ in range(2):
                self.assertEqual(self.send(event), 200)
            self.assertEqual(self.do("account.get", {"user": "waits"})["granted"], "130")
        finally:
            self.do("topup.delete", {"user": "waits"})
            self.do("settings.put", {"billing": "off"})


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
