# Two servers on one database file, one of them durable: what binds a caller binds over both, and nothing counts twice.
#
# usage: two_hubs_test.py AIGNE_HUB [unittest's arguments]
import hashlib
import hmac
import http.client
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import PATH, Hub, all_rows, billionths, bill, body, post, user_key  # noqa: E402
from hub_fixture import Process  # noqa: E402

PROGRAM = ""
SECRET = "whsec_of_two_hubs"
CLIENTS = 64
CALLS_COVERED = 3000  # by a balance of which so much is free that servers set some of it aside ahead


class TwoHubs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.root = cls.hub.key("root", "admin")
        bill(cls.hub, ["echo", "delay-1000"])
        cls.second = Process([PROGRAM, "serve", "--data", cls.hub.data, "--listen", "127.0.0.1:0", "--threads", "2",
                              "--durable"],
                             env=cls.hub.env)
        cls.ports = (cls.hub.port, int(cls.second.wait_for(r"listening on http://127\.0\.0\.1:(\d+)").group(1)))

    @classmethod
    def tearDownClass(cls):
        cls.second.stop()
        cls.hub.stop()

    def tearDown(self):
        told = self.hub.do("ledger.check")
        self.assertTrue(told["ok"], told)

    def crowd(self, ask):
        """What each of the clients, half of them at either server, was told; all come at once."""
        told, started = [None] * CLIENTS, threading.Barrier(CLIENTS)

        def run(i):
            started.wait()
            told[i] = ask(self.ports[i % 2], i)

        clients = [threading.Thread(target=run, args=(i,)) for i in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return told

    def both_know(self, key):
        """A server sees what the command changed within a second."""
        for port in self.ports:
            for _ in range(100):
                if post(port, key, body("echo/no-such-model", "x"))[0] != 401:
                    break
                time.sleep(0.05)
            else:
                self.fail("a key was not known in time")

    def calls(self, key):
        asked = body("echo/delay-1000", "four words are told", max_tokens=100)
        return self.crowd(lambda port, i: post(port, key, asked))

    def settled(self, verb, arguments):
        for _ in range(100):
            told = self.hub.do(verb, arguments)
            if billionths(told["held"]) == 0:
                return told
            time.sleep(0.05)
        self.fail("held for ever: %s" % told)

    def check_rows(self, user, told, spent):
        """Each call that was answered has one row, under an id that no other call has."""
        rows = all_rows(self.hub, user=user, status="success")
        answered = [request_id for status, request_id, _ in told if status == 200]
        self.assertEqual(sorted(row["requestId"] for row in rows), sorted(answered))
        self.assertEqual(len({row["id"] for row in all_rows(self.hub, user=user)}), CLIENTS)
        self.assertEqual(len({request_id for _, request_id, _ in told}), CLIENTS)
        self.assertEqual(sum(billionths(row["credits"]) for row in rows), billionths(spent))

    def test_a_balance(self):
        key = user_key(self.hub, "rich")
        self.hub.do("credit.grant", {"user": "rich", "amount": "1"})
        self.both_know(key)
        told = self.calls(key)
        self.assertEqual(sorted(status for status, _, _ in told), [200] * 10 + [402] * 54)
        self.check_rows("rich", told, self.settled("account.get", {"user": "rich"})["spent"])

    def spend_all(self, port, key):
        """Call until told that there is not enough: how many calls were answered."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        asked, headers = body("echo/echo", "x"), {"authorization": "Bearer " + key}
        for answered in range(CALLS_COVERED + 1):
            connection.request("POST", PATH, asked, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                break
        connection.close()
        self.assertEqual(answer.status, 402)
        return answered

    def test_a_large_balance(self):
        """Whoever is told last that nothing is left was told the truth: each call it covers was made."""
        self.hub.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "0",
                                 "rates": {"request": "0.01"}})
        key = user_key(self.hub, "large")
        self.hub.do("credit.grant", {"user": "large", "amount": "%g" % (CALLS_COVERED / 100)})
        self.both_know(key)
        told = self.crowd(lambda port, i: self.spend_all(port, key))
        self.assertEqual(sum(told), CALLS_COVERED)
        account = self.settled("account.get", {"user": "large"})
        self.assertEqual((account["balance"], account["available"], account["pending"]), ("0", "0", 0))
        rows = self.hub.do("usage.list", {"user": "large", "status": "success", "pageSize": 1})
        self.assertEqual(rows["count"], CALLS_COVERED)

    def test_a_budget(self):
        self.hub.do("user.put", {"name": "bound"})
        self.hub.do("credit.grant", {"user": "bound", "amount": "1000"})
        self.hub.do("budget.put", {"name": "ten", "on": "user", "id": "bound", "per": "total", "amount": "1"})
        key = user_key(self.hub, "bound")  # last: who knows it knows of the budget
        self.both_know(key)
        told = self.calls(key)
        self.assertEqual(sorted(status for status, _, _ in told), [200] * 10 + [402] * 54)
        self.check_rows("bound", told, self.settled("budget.get", {"name": "ten"})["spent"])

    def test_an_event_told_to_both(self):
        self.hub.do("user.put", {"name": "paid"})
        self.hub.do("payment.put", {"provider": "generic", "webhookSecret": SECRET})
        event = json.dumps({"type": "grant", "payment": "order-1", "user": "paid", "amount": "3"}).encode()
        at = int(time.time())
        proof = hmac.new(SECRET.encode(), b"%d." % at + event, hashlib.sha256).hexdigest()
        headers = {"x-aigne-hub-signature": "t=%d,v1=%s" % (at, proof)}

        def tell(port, _):
            for _ in range(100):  # until this server knows of the secret
                status = post(port, "", event, "/api/payment/webhook/generic", headers=headers)[0]
                if status == 200:
                    return status
                time.sleep(0.05)
            return status

        self.assertEqual(self.crowd(tell), [200] * CLIENTS)
        told = self.hub.do("account.get", {"user": "paid"})
        self.assertEqual((told["balance"], len(told["grants"])), ("3", 1))
        kinds = [item["kind"] for item in self.hub.do("transaction.list", {"user": "paid"})["list"]]
        self.assertEqual(kinds, ["grant"])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
