# The database takes no changes: calls go on or are refused, and each record arrives once.
#
# usage: store_fails_test.py AIGNE_HUB [unittest's arguments]
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from paid_hub import Hub, all_rows, billionths, body, post, user_key  # noqa: E402

PROGRAM = ""


class StoreFails(unittest.TestCase):
    def setUp(self):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the server's too: a write beyond the limit just fails
        self.hub = Hub(PROGRAM)
        self.addCleanup(self.hub.stop)
        self.root = self.hub.key("root", "admin")
        self.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "0.001"})
        self.do("settings.put", {"billing": "credits", "starterCredits": "10"})
        self.key = user_key(self.hub, "ann")

    def do(self, verb, arguments=None):
        status, _, said = post(self.hub.port, self.root, json.dumps(arguments or {}), "/api/admin/" + verb)
        self.assertEqual(status, 200, said)
        return json.loads(said)

    def ask(self):
        return post(self.hub.port, self.key, body("echo/echo", "two words", max_tokens=50), seconds=60)

    def recover(self):
        for _ in range(400):
            if self.do("hub.status")["takesChanges"]:
                return
            time.sleep(0.05)
        self.fail("it never took changes again")

    def agree(self, completed):
        """Each completed call is recorded once, and paid once."""
        rows = [row["requestId"] for row in all_rows(self.hub, user="ann", status="success")]
        self.assertEqual(sorted(rows), sorted(completed))
        told = self.hub.do("account.get", {"user": "ann"})
        self.assertEqual((billionths(told["spent"]), told["held"]), (2 * 10**6 * len(completed), "0"))
        self.assertEqual(self.hub.do("ledger.check")["ok"], True)
        self.hub.child.terminate()
        self.hub.child.wait(10)
        self.assertEqual([name for name in self.hub.files() if "spool" in name], [])

    def calls(self, count):
        answers = [self.ask() for _ in range(count)]
        self.assertEqual([answer[0] for answer in answers], [200] * count)
        return [answer[1] for answer in answers]

    def lock(self):
        other = sqlite3.connect(self.hub.data, isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        return other

    def test_locked_and_continued(self):
        self.do("settings.put", {"whenStoreFails": "continue"})
        completed = self.calls(2)
        other = self.lock()
        completed += self.calls(6)
        self.assertEqual(self.do("hub.status")["takesChanges"], False)
        self.assertTrue(any("spool" in name for name in self.hub.files()))
        other.execute("ROLLBACK")
        self.recover()
        completed += self.calls(2)
        self.agree(completed)

    def test_locked_and_refused(self):
        completed = self.calls(1)
        other = self.lock()
        status, _, said = self.ask()
        self.assertEqual(status, 503)
        self.assertIn(b"takes no changes", said)
        started = time.monotonic()
        self.assertEqual(self.ask()[0], 503)
        self.assertLess(time.monotonic() - started, 20)
        other.execute("ROLLBACK")
        self.recover()
        completed += self.calls(1)
        self.agree(completed)

    def test_full_and_killed(self):
        """The file may not grow; the process is killed while records wait; the next one writes them."""
        self.do("settings.put", {"whenStoreFails": "continue"})
        completed = self.calls(2)
        size = os.path.getsize(self.hub.data + "-wal")
        _, hard = resource.prlimit(self.hub.child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.hub.child.pid, resource.RLIMIT_FSIZE, (size, hard))
        completed += self.calls(5)
        self.assertEqual(self.do("hub.status")["takesChanges"], False)
        self.hub.child.kill()
        self.hub.child.wait()
        done = subprocess.run([PROGRAM, "do", "--data", self.hub.data, "hub.status", "{}"], capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.agree(completed)

    def test_a_full_disk(self):
        """Nothing can be written at all: records wait in memory."""
        with tempfile.TemporaryDirectory() as folder:
            if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder],
                                              capture_output=True).returncode:
                self.skipTest("no file system can be mounted here")
            try:
                self.hub.stop()
                self.fill(folder)
            finally:
                subprocess.run(["umount", "-l", folder])

    def fill(self, folder):
        saved = tempfile.tempdir
        tempfile.tempdir = folder
        try:
            self.hub = Hub(PROGRAM)
        finally:
            tempfile.tempdir = saved
        self.root = self.hub.key("root", "admin")
        self.do("rate.put", {"provider": "echo", "model": "echo", "inputRate": "0", "outputRate": "0.001"})
        self.do("settings.put", {"billing": "credits", "starterCredits": "10", "whenStoreFails": "continue"})
        self.key = user_key(self.hub, "ann")
        completed = self.calls(1)
        ballast = os.path.join(folder, "ballast")
        try:
            with open(ballast, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass
        for _ in range(200):
            completed += self.calls(1)
            if not self.do("hub.status")["takesChanges"]:
                break
        completed += self.calls(3)
        os.unlink(ballast)
        self.recover()
        self.agree(completed)
        self.hub.stop()

    def test_paused(self):
        self.do("settings.put", {"pauseRecords": True})
        completed = self.calls(3)
        self.assertEqual(all_rows(self.hub, user="ann"), [])
        self.do("settings.put", {"pauseRecords": False})
        self.recover()
        self.agree(completed)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
