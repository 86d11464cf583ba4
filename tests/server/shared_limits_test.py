# Several servers on one data file: what a limit lets through it lets through once, whichever of them is asked.
#
# usage: shared_limits_test.py AIGNE_HUB [unittest's arguments]
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, Process  # noqa: E402

PROGRAM = ""
CLIENTS = 64


class SharedLimits(unittest.TestCase):
    def setUp(self):
        self.hub = Hub(PROGRAM)
        self.file = os.stat(self.hub.data)
        self.root = self.hub.key("root", "admin")
        self.servers = [self.hub]
        self.ports = [self.hub.port]
        self.addCleanup(self.end)

    def end(self):
        for server in reversed(self.servers):
            server.stop()
        self.assertEqual(self.segments(), [])  # the last one took it away

    def segments(self):
        own = "-%x-%x-%x-" % (os.major(self.file.st_dev), os.minor(self.file.st_dev), self.file.st_ino)
        return [name for name in os.listdir("/dev/shm") if name.startswith("aignehub-") and own in name]

    def more(self, count=1, before=()):
        for _ in range(count):
            server = Process([*before, PROGRAM, "serve", "--data", self.hub.data, "--listen", "127.0.0.1:0",
                              "--threads", "2"], env=self.hub.env)
            self.servers.append(server)
            self.ports.append(int(server.wait_for(r"listening on http://127\.0\.0\.1:(\d+)").group(1)))

    def post(self, port, path, key, body, app=""):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", path, json.dumps(body),
                               {"authorization": "Bearer " + key, "x-aigne-hub-client-did": app})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def chat(self, port, key, model, app="", **more):
        return self.post(port, "/v1/chat/completions", key, {
            "model": model, "messages": [{"role": "user", "content": "four words are told"}], **more}, app)

    def do(self, port, verb, arguments):
        status, said = self.post(port, "/api/admin/" + verb, self.root, arguments)
        self.assertEqual(status, 200, said)
        return json.loads(said)

    def limited(self, **limit):
        """A key with this limit, once all servers know of both."""
        made = self.hub.do("key.create", {"name": "limited"})
        self.hub.do("limit.put", {"name": "limit-" + made["id"], "on": "key", "id": made["id"], **limit})
        self.hub.do("user.put", {"name": made["id"]})  # what they know last
        for port in self.ports:
            self.until(lambda: made["id"] in json.dumps(self.do(port, "user.list", {})))
        return made["key"], "limit-" + made["id"]

    def until(self, fits, seconds=10):
        end = time.monotonic() + seconds
        while not fits():
            self.assertLess(time.monotonic(), end, "it did not come")
            time.sleep(0.02)

    def crowd(self, ask, clients=CLIENTS):
        """What each of the clients was told; they come at once, spread over the servers."""
        told, started = [None] * clients, threading.Barrier(clients)

        def run(i):
            started.wait()
            told[i] = ask(self.ports[i % len(self.ports)])

        threads = [threading.Thread(target=run, args=(i,)) for i in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(status for status, _ in told)

    def state(self, port, limit):
        told = self.do(port, "limit.get", {"name": limit})
        self.assertTrue(told["shared"])
        return told

    def check(self, key, limit, ask, admitted):
        told = self.crowd(lambda port: ask(port, key))
        self.assertEqual(len(self.segments()), 1)
        self.assertEqual(told, [200] * admitted + [429] * (CLIENTS - admitted))
        for port in self.ports:  # each of them knows it, and the command beside them
            state = self.state(port, limit)
            self.assertEqual((state["running"], state["tokensHeld"], state["requests"]), (0, 0, admitted))
        self.assertEqual(self.hub.do("limit.get", {"name": limit})["requests"], admitted)

    def check_all_kinds(self):
        def quick(port, key):
            return self.chat(port, key, "echo/echo")

        def slow(port, key):
            return self.chat(port, key, "echo/delay-3000", max_tokens=100)

        key, limit = self.limited(requestsPerMinute=20)
        self.check(key, limit, quick, 20)
        key, limit = self.limited(concurrent=7)
        self.check(key, limit, slow, 7)
        key, limit = self.limited(tokensPerMinute=10**9)
        one = threading.Thread(target=slow, args=(self.ports[0], key))
        one.start()
        self.until(lambda: self.state(self.ports[-1], limit)["tokensHeld"])
        held = self.state(self.ports[-1], limit)["tokensHeld"]
        one.join()
        self.assertGreater(held, 100)
        key, limit = self.limited(tokensPerMinute=held * 12 - 1)
        self.check(key, limit, slow, 11)

    def test_two_servers(self):
        self.more()
        self.check_all_kinds()

    def test_three_servers(self):
        self.more(2)
        self.check_all_kinds()

    def test_a_queue_over_both(self):
        self.more()
        key, limit = self.limited(concurrent=8, queue=100, queueTime=60000)
        seen, over = [], threading.Event()

        def look():
            while not over.is_set():
                state = self.state(self.ports[0], limit)
                seen.append((state["running"], state["waiting"]))

        looker = threading.Thread(target=look)
        looker.start()
        told = self.crowd(lambda port: self.chat(port, key, "echo/delay-100"))
        over.set()
        looker.join()
        self.assertEqual(told, [200] * CLIENTS)
        self.assertLessEqual(max(running for running, _ in seen), 8)
        self.assertGreater(max(waiting for _, waiting in seen), 8)

    def test_servers_that_are_replaced_one_by_one(self):
        """A new one finds nothing of the memory of the one whose place it takes."""
        self.more()
        key, _ = self.limited(concurrent=4, queue=100, queueTime=60000)
        for _ in range(4):
            self.assertEqual(self.crowd(lambda port: self.chat(port, key, "echo/delay-10")), [200] * CLIENTS)
            self.ports.pop()
            self.assertEqual(self.servers.pop().stop(), 0)
            self.more()
        self.assertEqual(self.crowd(lambda port: self.chat(port, key, "echo/delay-10")), [200] * CLIENTS)

    def test_what_a_killed_server_held_comes_back(self):
        self.more()
        key, limit = self.limited(concurrent=6, queue=4)
        lost = []

        def ask_and_lose():
            try:
                lost.append(self.chat(self.ports[1], key, "echo/delay-30000", max_tokens=100))
            except (OSError, http.client.HTTPException) as error:
                lost.append(error)

        clients = [threading.Thread(target=ask_and_lose) for _ in range(9)]
        for client in clients:
            client.start()
        self.until(lambda: (self.state(self.ports[0], limit)["running"],
                            self.state(self.ports[0], limit)["waiting"]) == (6, 3))
        waiting = threading.Thread(target=lambda: lost.append(self.chat(self.ports[0], key, "echo/echo")))
        waiting.start()  # behind those that will be gone
        self.until(lambda: self.state(self.ports[0], limit)["waiting"] == 4)
        self.servers[1].child.kill()
        waiting.join()
        for client in clients:
            client.join()
        self.assertEqual([answer[0] for answer in lost if isinstance(answer, tuple)], [200])
        state = self.state(self.ports[0], limit)
        self.assertEqual((state["running"], state["waiting"], state["tokensHeld"]), (0, 0, 0))
        self.ports.pop()
        told = self.crowd(lambda port: self.chat(port, key, "echo/delay-1000"), 12)
        self.assertEqual(told, [200] * 10 + [429] * 2)  # six go on and four wait
        self.more()  # its place is free, too
        told = self.crowd(lambda port: self.chat(port, key, "echo/delay-1000"), 12)
        self.assertEqual(told, [200] * 10 + [429] * 2)

    def test_without_memory_to_share_each_counts_for_itself(self):
        self.more(before=("sh", "-c", 'ulimit -f 800; exec "$@"', "sh"))  # half kilobytes
        key, limit = self.limited(requestsPerMinute=5)
        for port in reversed(self.ports):  # who is not allowed so much comes first
            self.assertEqual([self.chat(port, key, "echo/echo")[0] for _ in range(6)], [200] * 5 + [429])
        self.servers[1].wait_for("limits hold for this process alone.*File too large")
        self.assertEqual([self.do(port, "limit.get", {"name": limit})["shared"] for port in self.ports], [True, False])
        self.assertTrue(self.servers[1].running())

    def with_little(self, size):
        """A server for which the memory to share is so small."""
        own = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=%s tmpfs /dev/shm && exec "$@"' % size, "sh"]
        if subprocess.run([*own, "true"], capture_output=True).returncode:
            self.skipTest("this machine lets nobody mount a folder of its own")
        self.more(before=own)
        return self.ports[-1]

    def test_a_full_folder_is_an_error_and_no_signal(self):
        port = self.with_little("100k")
        key, limit = self.limited(requestsPerMinute=5)
        self.assertEqual([self.chat(port, key, "echo/echo")[0] for _ in range(6)], [200] * 5 + [429])
        self.servers[1].wait_for("limits hold for this process alone.*No space left on device")
        self.assertEqual(self.do(port, "limit.get", {"name": limit})["shared"], False)

    def test_a_folder_that_fills_makes_newcomers_share_a_counter(self):
        port = self.with_little("600k")
        self.hub.do("limit.put", {"name": "apps", "on": "app", "id": "*", "requestsPerMinute": 10})
        key, _ = self.limited(requestsPerMinute=10**6)
        told = [self.chat(port, key, "echo/echo", app="app-%d" % i)[0] for i in range(200)]
        self.assertTrue(self.servers[1].running())
        shown = self.do(port, "limit.state", {"name": "apps"})
        self.assertTrue(100 < shown["count"] < 128, shown["count"])
        self.assertEqual(told, [200] * (shown["count"] - 1 + 10) + [429] * (200 - shown["count"] + 1 - 10))
        self.assertEqual(shown["shared"], True)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
