# Old rows move to archives, each exactly once, whenever the process is killed; lists, exports, reports and
# accounts are the same before, meanwhile and after.
#
# usage: archive_test.py REPORT_DRIVER [unittest's arguments]
import json
import os
import stat
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import usage_book as book  # noqa: E402

PROGRAM = ""
LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
DAY = 86_400_000
BEGIN = 1_729_000_000_000  # in the last quarter of 2024
UNTIL = BEGIN + 150 * DAY


class Archives(unittest.TestCase):
    def setUp(self):
        self.folder, self.path, self.driver, self.db = book.opened(PROGRAM)
        self.rows = book.make_rows(book.dice(3), 6000, BEGIN, BEGIN + 200 * DAY)
        for row in self.rows:
            row["account"] = row["user"] if row["credits"] else ""
        book.insert(self.db, self.rows)
        spent = book.group([row for row in self.rows if row["account"]], "user")
        for (user,), rows in spent.items():
            sum_ = sum(row["credits"] for row in rows)
            self.db.execute("INSERT INTO accounts VALUES (?, ?, 0, 0, ?, 0, 0, 0, 9223372036854775807)", (user, -sum_, sum_))
        for _ in range(10):
            self.driver.roll(BEGIN + 300 * DAY)

    def tearDown(self):
        self.db.close()
        self.assertEqual(self.driver.close(), 0)
        self.folder.cleanup()

    def listed(self, **filters):
        ids, page = [], 1
        while True:
            told = self.driver.ask("list", page=page, pageSize=100, **filters)
            ids += [row["id"] for row in told["list"]]
            if len(told["list"]) < 100:
                self.assertEqual(told["count"], len(ids))
                return ids
            page += 1

    def by_start(self, wanted=lambda row: True):
        rows = sorted(self.rows, key=lambda row: (row["started_ms"], row["place"]))
        return [row["id"] for row in rows if wanted(row)]

    def check(self):
        self.assertTrue(self.driver.ask("check", 0)["ok"])
        everything = self.by_start()
        self.assertEqual(self.listed(order="asc"), everything)
        self.assertEqual(self.listed(), everything[::-1])
        some = self.by_start(lambda row: row["user"] == "user-1" and row["status"] == "error")
        self.assertEqual(self.listed(user="user-1", status="error", order="asc"), some)
        since = BEGIN + 70 * DAY
        self.assertEqual(self.listed(since=since, until=since + 40 * DAY, order="asc"),
                         self.by_start(lambda row: since <= row["started_ms"] < since + 40 * DAY))
        told = self.driver.ask("summary", BEGIN + 200 * DAY, since=BEGIN, until=BEGIN + 201 * DAY)
        self.assertEqual(told["total"]["calls"], len(self.rows))

    def archive(self):
        moved = 1
        while moved:
            self.driver.send("archive %d" % UNTIL)
            moved = self.driver.receive()
            self.assertNotIsInstance(moved, dict, moved)
            self.assertLessEqual(moved, 500)

    def moved_rows(self):
        return sum(row["place"] < UNTIL << 20 for row in self.rows)

    def test_moved(self):
        self.archive()
        self.assertEqual(self.db.execute("SELECT count(*) FROM usage").fetchone()[0], len(self.rows) - self.moved_rows())
        files = sorted(name for name in os.listdir(self.folder.name) if "archive" in name)
        self.assertEqual(files, ["hub.db.archive-2024-Q4", "hub.db.archive-2025-Q1"])
        for name in files:
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder.name, name)).st_mode), 0o600)
        self.check()

    def test_killed(self):
        rng = book.dice(9)
        for _ in range(100 if LONG else 15):
            driver = book.Driver(PROGRAM, self.path)
            for _ in range(3):
                driver.send("archive %d" % UNTIL)
            time.sleep(rng.random() * 0.06)
            driver.child.kill()
            driver.child.wait()
            driver.child.stdout.close()
            try:
                driver.child.stdin.close()
            except OSError:
                pass
            self.assertTrue(self.driver.ask("check", 0)["ok"])
            self.assertEqual(self.driver.ask("list", pageSize=1)["count"], len(self.rows))
        self.archive()
        self.check()

    def test_together(self):
        """Two that move the same rows."""
        other = book.Driver(PROGRAM, self.path)
        for _ in range(12):
            for driver in (self.driver, other):
                driver.send("archive %d" % UNTIL)
            for driver in (self.driver, other):
                driver.receive()
        self.assertEqual(other.close(), 0)
        self.archive()
        self.check()

    def test_not_yet_added_up(self):
        """What reports would lose stays."""
        self.db.execute("UPDATE rollup_state SET place = ?", (self.rows[100]["place"],))
        self.archive()
        self.assertEqual(self.db.execute("SELECT count(*) FROM usage").fetchone()[0], len(self.rows) - 101)

    def test_a_column_more(self):
        """An archive of a version before this one."""
        self.driver.send("archive %d" % UNTIL)
        self.driver.receive()
        self.db.execute("ALTER TABLE usage ADD COLUMN later INTEGER")
        self.archive()
        self.assertEqual(self.listed(order="asc"), self.by_start())

    def test_put_away(self):
        """Without its file an archive's rows are not told, and nothing fails."""
        self.archive()
        os.remove(self.path + ".archive-2024-Q4")
        told = self.driver.ask("list", order="asc", pageSize=1)
        self.assertTrue(0 < told["count"] < len(self.rows), json.dumps(told))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
