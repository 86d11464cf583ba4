# A server that is killed again and again under load: each call that a client saw complete is in the ledger
# once, accounts and rows agree, and the database is whole.
#
# usage: crash_test.py AIGNE_HUB; AIGNE_TEST_LONG=1 kills it 200 times.
import collections
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import LONG, Hub, all_rows, bill, billionths, body, post, user_key  # noqa: E402

KILLS = 200 if LONG else 10
CLIENTS = 8
GRANTED = 100_000


class Server:
    """The hub of a database that outlives it."""

    def __init__(self, program, data):
        self.program, self.data, self.port, self.child = program, data, 0, None

    def start(self):
        self.child = subprocess.Popen(
            [self.program, "serve", "--data", self.data, "--listen", "127.0.0.1:%d" % self.port, "--threads", "2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while True:
            line = self.child.stdout.readline().decode()
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return
            if not line:
                raise SystemExit("the server does not start")

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.child.stdout.close()


class Client(threading.Thread):
    def __init__(self, server, key):
        super().__init__()
        self.server, self.key, self.seen, self.over = server, key, [], False

    def run(self):
        dice = random.Random()
        while not self.over:
            streaming = dice.random() < 0.5
            text = " ".join(["word"] * dice.randrange(1, 20))
            try:
                status, call, said = post(self.server.port, self.key,
                                          body("echo/echo", text, stream=streaming, max_tokens=100), seconds=10)
            except Exception:  # the server is gone
                time.sleep(0.01)
                continue
            whole = said.rstrip().endswith(b"[DONE]") if streaming else said.rstrip().endswith(b"}")
            if status == 200 and whole:
                self.seen.append(call)


def main():
    program, folder = sys.argv[1], tempfile.mkdtemp(prefix="aigne-crash-")
    hub = Hub(program)  # sets up the database; its server is then replaced by ours
    bill(hub, ["echo"])
    keys = [user_key(hub, "user%d" % i) for i in range(4)]
    for i in range(4):
        hub.do("credit.grant", {"user": "user%d" % i, "amount": GRANTED})
    hub.child.kill()
    hub.child.wait()
    server = Server(program, hub.data)
    server.start()
    clients = [Client(server, keys[i % 4]) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        time.sleep(random.uniform(0.05, 0.6))
        server.kill()
        server.start()
    time.sleep(0.3)
    for client in clients:
        client.over = True
    for client in clients:
        client.join()
    server.kill()
    server.start()
    time.sleep(0.2)
    wrong = judge(hub, [call for client in clients for call in client.seen])
    server.kill()
    hub.stop()
    shutil.rmtree(folder, ignore_errors=True)
    sys.exit(wrong)


def judge(hub, seen):
    rows = all_rows(hub)
    count = collections.Counter(row["requestId"] for row in rows if row["status"] == "success")
    status = collections.Counter(row["status"] for row in rows)
    print("%d kills, %d calls seen complete, rows: %s" % (KILLS, len(seen), dict(status)))
    lost = [call for call in seen if count[call] != 1]
    if lost or len(set(seen)) != len(seen):
        return "%d of %d complete calls are not in the ledger once" % (len(lost), len(seen))
    if max(collections.Counter(row["id"] for row in rows).values()) > 1:
        return "a row is there twice"
    check = hub.do("ledger.check")
    if not check["ok"] or check["holds"]:
        return "the ledger does not agree: %s" % check
    paid = sum(billionths(row["credits"]) for row in rows if row.get("account"))
    spent = left = 0
    for account in hub.do("account.list")["list"]:
        spent += billionths(account["spent"])
        left += billionths(account["balance"])
    if paid != spent or left != 4 * GRANTED * 10**9 - spent:
        return "paid %d, spent %d, left %d" % (paid, spent, left)
    with sqlite3.connect(hub.data) as database:
        whole = database.execute("PRAGMA integrity_check").fetchone()[0]
    return 0 if whole == "ok" and len(seen) > KILLS else "integrity: %s, %d seen" % (whole, len(seen))


main()
