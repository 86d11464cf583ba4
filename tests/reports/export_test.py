# Exports over HTTP: every row once, quoted so that Python's csv reads the same back, as fast as the client is,
# in bounded memory.
#
# usage: export_test.py AIGNE_HUB [unittest's arguments]
import csv
import datetime
import http.client
import io
import json
import os
import socket
import sys
import unittest
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import usage_book as book  # noqa: E402
from hub_fixture import Hub, request  # noqa: E402

PROGRAM = ""
BEGIN = 1_729_000_000_000
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\ttab", "a,b", 'say "no"', '"', "two\r\nlines", "line\nfeed", "ünïcode ✓",
           "'", "", " blank ", "=cmd|' /C calc'!A0"]
PATH = "/api/admin/usage/export"


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.admin = cls.hub.key("root", "admin")
        cls.key = cls.hub.key("plain")
        cls.user = cls.hub.do("user.put", {"name": '=HYPERLINK("x")', "email": "a@example.org"})["id"]
        rng = book.dice(7)
        cls.rows = book.make_rows(rng, 3000, BEGIN, BEGIN + 10**9)
        for i, row in enumerate(cls.rows[:600]):
            row["model"] = HOSTILE[i % len(HOSTILE)]
            row["error"] = HOSTILE[i // 7 % len(HOSTILE)]
            row["user"] = cls.user if i % 3 else row["user"]
            row["output_tokens"] = 0
        db = book.connect(cls.hub.data)
        book.insert(db, cls.rows)
        db.close()

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()

    def get(self, key=None, path=PATH, method="GET", **query):
        return request(self.hub.port, method, path + "?" + urllib.parse.urlencode(query),
                       headers={"authorization": "Bearer " + (key or self.admin)})

    def read(self, **query):
        answer = self.get(**query)
        self.assertEqual((answer.status, answer.whole), (200, True), answer.body[:300])
        return answer

    def plain(self, text):
        return text[1:] if text[:1] == "'" and text[1:2] and text[1] in "=+-@\t\r\n|%" else text

    def test_csv(self):
        answer = self.read(format="csv")
        self.assertEqual(answer.headers["content-type"], "text/csv; charset=utf-8")
        self.assertRegex(answer.headers["content-disposition"], r'attachment; filename="model-calls-\d{4}-\d\d-\d\d\.csv"')
        found = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
        self.assertEqual(len(found), len(self.rows))
        for told, row in zip(found, reversed(self.rows)):
            self.assertEqual(self.plain(told["Model"]), row["model"])
            self.assertEqual(self.plain(told["Error"]), row["error"])
            self.assertEqual((told["Request ID"], told["User DID"], told["Status"]),
                             (row["call_id"], row["user"], row["status"]))
            self.assertEqual(told["Timestamp"], book.iso(row["started_ms"]))
            self.assertEqual(told["Credits"], "" if row["credits"] is None else book.decimal(row["credits"]))
            self.assertEqual(told["Output Tokens"], "" if row["output_tokens"] < 0 else str(row["output_tokens"]))
            self.assertAlmostEqual(float(told["Duration(s)"]), row["duration_us"] / 1e6, places=6)
            if row["user"] == self.user:
                self.assertEqual((told["User Name"], told["User Email"]), ("'=HYPERLINK(\"x\")", "a@example.org"))
        for told in found:
            for text in told.values():
                self.assertNotRegex(text, r"\A[=+@\t\r]")
        self.assertEqual(list(found[0])[:15], [
            "Timestamp", "Request ID", "User DID", "User Name", "User Email", "Model", "Provider", "Type", "Status",
            "Input Tokens", "Output Tokens", "Total Usage", "Credits", "Duration(s)", "App DID"])

    def test_json_lines(self):
        answer = self.read(format="jsonl")
        self.assertEqual(answer.headers["content-type"], "application/x-ndjson")
        found = [json.loads(line) for line in answer.body.decode().split("\n")[:-1]]
        self.assertEqual([item["id"] for item in found], [row["id"] for row in reversed(self.rows)])
        self.assertEqual([item["model"] for item in found], [row["model"] for row in reversed(self.rows)])

    def test_filters(self):
        for filters in ({"user": self.user}, {"app": "app-1", "status": "error"}, {"search": "SAY \"NO"},
                        {"since": book.iso(BEGIN + 5 * 10**8)}, {"user": "nobody"}):
            found = [json.loads(line)["id"] for line in self.read(format="jsonl", **filters).body.decode().split("\n")[:-1]]
            listed = self.hub.do("usage.list", {**filters, "pageSize": 1})["count"]
            self.assertEqual(len(found), listed, filters)
            self.assertEqual(len(set(found)), len(found))

    def test_who_may(self):
        self.assertEqual(self.get(key=self.key).status, 403)
        self.assertEqual(self.get(key="aigne-nobody").status, 401)
        self.assertEqual(self.get(since="yesterday").status, 400)
        self.assertEqual(self.get(method="HEAD").body, b"")
        self.assertEqual(request(self.hub.port, "POST", PATH, headers={"authorization": "Bearer " + self.admin}).status, 404)

    def test_in_pieces_by_the_verb(self):
        text, cursor, pieces = "", {}, 0
        while cursor is not None:
            told = self.hub.do("usage.export", {"limit": 999, **cursor})
            text += told["data"]
            pieces += 1
            cursor = {"cursor": told["cursor"]} if "cursor" in told else None
        self.assertEqual((text, pieces), (self.read().body.decode(), 4))

    def forget(self, db, user):
        """As if those rows had never been there: the sums are made again."""
        db.executescript("BEGIN IMMEDIATE; DELETE FROM usage WHERE user = '%s'; DELETE FROM rollup;"
                         " UPDATE rollup_state SET place = 0; COMMIT" % user)

    def test_counts_of_many(self):
        """Those that the sums know are told exactly; a search tells what it found before it stopped, and where."""
        db = book.connect(self.hub.data)
        names = [row[1] for row in db.execute("PRAGMA table_info(usage)")]
        told = [{"place": "place + (i << 50) + i", "started_ms": "started_ms + (i << 30)", "id": "id || '-' || i",
                 "user": "'many'"}.get(name, name) for name in names]
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO usage"
                   " SELECT %s FROM (SELECT * FROM usage ORDER BY place LIMIT 1000), n" % ", ".join(told))
        for filters in ({}, {"user": "many"}, {"user": "many", "status": "error"}):
            where = " AND ".join(["1"] + ["%s = '%s'" % item for item in filters.items()])
            self.assertEqual(self.hub.do("usage.list", filters)["count"],
                             db.execute("SELECT count(*) FROM usage WHERE " + where).fetchone()[0])
        told = self.hub.do("usage.list", {"search": "row", "user": "many"})
        self.assertIs(told["complete"], False)
        stopped = datetime.datetime.fromisoformat(told["stoppedAt"].replace("Z", "+00:00")).timestamp() * 1000
        self.assertEqual(told["count"], db.execute("SELECT count(*) FROM usage WHERE user = 'many' AND started_ms >= ?",
                                                   (stopped,)).fetchone()[0])
        self.assertTrue(0 < told["count"] < 300_000)
        self.forget(db, "many")
        db.close()

    def test_slow_reader(self):
        """Who reads slowly keeps nobody waiting, and nothing piles up."""
        db = book.connect(self.hub.data)
        last = self.rows[-1]["place"]
        names = [row[1] for row in db.execute("PRAGMA table_info(usage)")]
        told = [{"place": "place + (i << 44)", "id": "id || i", "user": "'slow'"}.get(name, name) for name in names]
        db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) INSERT INTO usage"
                   " SELECT %s FROM usage, n WHERE place <= ? AND place >= ? AND user <> 'slow'" % ", ".join(told),
                   (last, self.rows[2000]["place"]))
        wanted = db.execute("SELECT count(*) FROM usage WHERE user = 'slow'").fetchone()[0]
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.connect(("127.0.0.1", self.hub.port))
        connection.sendall(b"GET %s?user=slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer %s\r\n\r\n"
                           % (PATH.encode(), self.admin.encode()))
        response = http.client.HTTPResponse(connection)
        before = self.memory()
        response.begin()
        for _ in range(20):
            self.assertEqual(len(response.read(1000)), 1000)
            self.assertEqual(self.get(limit=1, status="success", search="no such thing").status, 200)
        self.assertLess(self.memory() - before, 24)
        rest = response.read()
        lines = rest.count(b"\r\n")
        self.assertGreater(lines, wanted * 0.99)
        self.assertLess(self.memory() - before, 24)
        connection.close()
        gone = socket.create_connection(("127.0.0.1", self.hub.port))
        gone.sendall(b"GET %s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %s\r\n\r\n" % (PATH.encode(), self.admin.encode()))
        gone.recv(100)
        gone.close()
        self.forget(db, "slow")
        db.close()
        self.assertTrue(self.hub.alive())

    def memory(self):
        with open("/proc/%d/status" % self.hub.child.pid) as file:
            return int(file.read().split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
