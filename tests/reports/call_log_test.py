# The list of calls against plain SQL over the same rows, with every filter, page and order: while rows are added up
# and moved to archives, where calls ended long after they began, and where a clock was put back. A search reads so
# much and no more, says where it stopped, and goes on from there. AIGNE_TEST_LONG=1 makes it longer.
#
# usage: call_log_test.py REPORT_DRIVER [unittest's arguments]
import datetime
import os
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import usage_book as book  # noqa: E402

PROGRAM = ""
LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
HOUR = 3_600_000
DAY = 24 * HOUR
BEGIN = 1_735_000_000_000 - 3 * DAY  # ten days before a quarter ends at which rows go to another archive
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def call_id(rng, made):
    """As the library makes them: ten digits of the time, sixteen by chance."""
    time = "".join(DIGITS[made >> 5 * (9 - i) & 31] for i in range(10))
    return time + "".join(rng.choice(DIGITS) for _ in range(16))


def milliseconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class CallLog(unittest.TestCase):
    def setUp(self):
        self.folder, self.path, self.driver, self.db = book.opened(PROGRAM)
        self.rng = book.dice(11)
        self.plain = sqlite3.connect(":memory:", isolation_level=None)
        self.plain.execute("CREATE TABLE usage AS SELECT * FROM (%s) WHERE 0" % self.empty())

    def tearDown(self):
        self.plain.close()
        self.db.close()
        self.assertEqual(self.driver.close(), 0)
        self.folder.cleanup()

    def empty(self):
        names = [row[1] for row in self.db.execute("PRAGMA table_info(usage)")]
        return "SELECT " + ", ".join("NULL AS %s" % name for name in names)

    def add(self, rows):
        book.insert(self.db, rows)
        book.insert(self.plain, rows)

    def edge(self, at):
        """In the first or the last quarter hour of that day."""
        return at - at % DAY + self.rng.choice([0, DAY - book.QUARTER]) + self.rng.randrange(book.QUARTER)

    def odd_rows(self, count, days):
        """As they come, and some that do not: at the edges of quarter hours and days, many in the first and the last
        quarter hour of a day, at one moment, of calls that took hours and days, written down a day late, and from
        before the clock was put back."""
        rows = book.make_rows(self.rng, count, BEGIN, BEGIN + days * DAY)
        for row in rows:
            chance = self.rng.random()
            if chance < .1:
                row["started_ms"] -= row["started_ms"] % self.rng.choice([book.QUARTER, DAY])
            elif chance < .15:
                row["started_ms"] += book.QUARTER - row["started_ms"] % book.QUARTER - 1
            elif chance < .25:
                row["started_ms"] = BEGIN + self.rng.randrange(3) * 5 * DAY
            elif chance < .35:
                row["started_ms"] = self.edge(row["started_ms"])
            if .1 < chance < .13:
                row["duration_us"] = self.rng.randrange(40 * HOUR) * 1000
            late = self.rng.choice([0, 0, 0, 0, 0, 0, 0, 0, 0, 26 * HOUR, 3 * DAY, -HOUR // 2])
            row["recorded"] = row["started_ms"] + row["duration_us"] // 1000 + (late if chance < .5 else 0)
            row["call_id"] = call_id(self.rng, row["started_ms"] - self.rng.randrange(2) * 1000)
            row["user"] = self.rng.choice([row["user"], "user-rare-%d" % self.rng.randrange(200)])
            row["key_id"] = row["user"] + row["key_id"][-2:]
        rows.sort(key=lambda row: row["recorded"])
        last = 0
        for row in rows:
            last = row["place"] = max(last + 1, row.pop("recorded") << 20)
        return rows

    def condition(self, filters):
        said = {"since": "started_ms >= ?", "until": "started_ms < ?", "minDurationMs": "duration_us >= 1000 * ?",
                "requestId": "call_id = ?", "search": "instr(lower(model || char(10) || requested || char(10) || "
                "call_id || char(10) || id || char(10) || user || char(10) || app || char(10) || error), lower(?))"}
        where = [said.get(name) or book.COLUMNS[name] + " = ?" for name in filters]
        return " AND ".join(["1"] + where), list(filters.values())

    def check(self, page=1, size=50, order="desc", **filters):
        where, values = self.condition(filters)
        told = self.driver.ask("list", page=page, pageSize=size, order=order, **filters)
        wanted = self.plain.execute(
            "SELECT id FROM usage WHERE %s ORDER BY started_ms %s, place %s LIMIT ? OFFSET ?" % (where, order, order),
            values + [size, (page - 1) * size]).fetchall()
        count = self.plain.execute("SELECT count(*) FROM usage WHERE " + where, values).fetchone()[0]
        about = (page, size, order, filters)
        self.assertNotIn("complete", told, about)
        self.assertEqual(told.get("count"), count, (about, told))
        self.assertEqual([row["id"] for row in told["list"]], [row[0] for row in wanted], about)
        return count

    def moment(self, days):
        at = BEGIN - DAY + self.rng.randrange((days + 3) * DAY)
        return self.rng.choice([at, at - at % DAY, at - at % book.QUARTER, at - at % book.QUARTER + 1,
                                self.edge(at), self.edge(at), self.rng.choice(self.rows)["started_ms"]])

    def check_random(self, days):
        row = self.rng.choice(self.rows)
        names = self.rng.sample(book.NAMES, self.rng.choice([0, 1, 1, 2, 3]))
        filters = {name: row[book.COLUMNS[name]] if self.rng.random() < .9 else "nobody" for name in names}
        if self.rng.random() < .5:
            filters["since"] = self.moment(days)
        if self.rng.random() < .5:
            filters["until"] = self.moment(days)
        more = self.rng.random()
        if more < .1:
            filters["minDurationMs"] = self.rng.choice([1, 1000, HOUR])
        elif more < .2:
            filters["search"] = self.rng.choice([row["id"][3:9], row["call_id"].lower(), "USER-RARE-1", "Failed, \"b", "%"])
        elif more < .3:
            filters["requestId"] = self.rng.choice([row["call_id"], row["call_id"], "call", call_id(self.rng, BEGIN)])
        size = self.rng.choice([1, 7, 50, 100])
        order = self.rng.choice(["asc", "desc"])
        count = self.check(1, size, order, **filters)
        last = max(1, -(-count // size))
        for page in {last, last + 1, (last + 1) // 2, min(2, last), self.rng.randint(1, last)}:
            self.check(page, size, order, **filters)

    def check_cut_days(self):
        """Every page, where an end lies inside the first or the last quarter hour of a day, or a moment beside it."""
        middle = sorted(row["started_ms"] for row in self.rows)[len(self.rows) // 2]
        midnight = middle - middle % DAY
        for off in (1, 60_000, book.QUARTER - 1, book.QUARTER):
            for since, until in ((midnight + off, midnight + DAY - off), (midnight - DAY + off, midnight + DAY - off),
                                 (midnight - off, midnight + DAY + off), (midnight + off, midnight + off + 60_000)):
                for order in ("asc", "desc"):
                    self.check_pages(23, order, since=since, until=until)
        self.check_pages(97, "desc", until=midnight - 60_000)
        self.check_pages(97, "asc", since=midnight + 60_000)

    def check_pages(self, size, order, **filters):
        count = self.check(1, size, order, **filters)
        for page in range(2, -(-count // size) + 2):
            self.check(page, size, order, **filters)

    def check_all(self, days=25):
        for order in ("asc", "desc"):
            self.check_pages(100, order)
        self.check_cut_days()
        for _ in range(1500 if LONG else 100):
            self.check_random(days)

    def fill(self, count=3000, days=25):
        self.rows = self.odd_rows(count, days)
        self.add(self.rows)

    def roll(self, now=BEGIN + 300 * DAY):
        for _ in range(20):
            self.driver.roll(now)

    def archive(self, until=BEGIN + 300 * DAY):
        while self.step(until):
            pass

    def step(self, until):
        self.driver.send("archive %d" % until)
        return self.driver.receive()

    def test_newest(self):
        self.fill()
        self.check_all()

    def test_added_up(self):
        self.fill()
        self.roll()
        self.assertEqual(self.db.execute("SELECT place FROM rollup_state").fetchone()[0], self.rows[-1]["place"])
        self.check_all()

    def test_some_added_up(self):
        self.fill()
        self.roll(self.rows[2000]["place"] >> 20)
        mark = self.db.execute("SELECT place FROM rollup_state").fetchone()[0]
        self.assertTrue(0 < mark < self.rows[-1]["place"])
        self.check_all()

    def test_archives(self):
        self.fill()
        self.roll()
        self.step(BEGIN + 20 * DAY)
        self.check_all()
        self.archive()
        self.assertEqual(self.db.execute("SELECT count(*) FROM usage").fetchone()[0], 0)
        self.assertEqual(self.db.execute("SELECT count(*) FROM archives").fetchone()[0], 2)
        self.check_all()

    def test_an_archive_that_was_put_away(self):
        """Its rows are told no more, and all others still are, though the sums know of both."""
        self.rows = book.make_rows(self.rng, 3000, BEGIN, BEGIN + 25 * DAY)
        self.add(self.rows)
        self.roll()
        self.archive()
        os.remove(self.path + ".archive-2024-Q4")
        last = self.db.execute("SELECT last FROM archives WHERE quarter = '2024-Q4'").fetchone()[0]
        self.plain.execute("DELETE FROM usage WHERE place <= ?", (last,))
        self.rows = [row for row in self.rows if row["place"] > last]
        self.assertGreater(len(self.rows), 500)
        self.check_all()

    def test_rows_that_are_gone(self):
        """What is in the sums and nowhere else is not told, and nothing waits for it."""
        self.fill(500)
        self.roll()
        self.db.execute("DELETE FROM usage WHERE place <= ?", (self.rows[200]["place"],))
        told = self.driver.ask("list", pageSize=100, page=2)
        self.assertEqual(len(told["list"]), 100)
        self.assertTrue(self.driver.ask("list", pageSize=100, order="asc", search="row")["list"])

    def fill_many(self):
        self.rows = book.make_rows(self.rng, 1000, BEGIN, BEGIN + 5 * DAY)
        for row in self.rows:
            row["call_id"] = call_id(self.rng, row["started_ms"])
        self.add(self.rows)
        names = [row[1] for row in self.db.execute("PRAGMA table_info(usage)")]
        told = {"place": "place + (i << 40) + i * 1000", "started_ms": "started_ms + (i << 20)", "id": "id || '-' || i"}
        for db in (self.db, self.plain):
            db.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 350) INSERT INTO usage"
                       " SELECT %s FROM (SELECT * FROM usage ORDER BY place LIMIT 1000), n" %
                       ", ".join(told.get(name, name) for name in names))

    def test_a_search_that_stops(self):
        self.fill_many()
        for filters in ({"search": "-777-"}, {"minDurationMs": HOUR, "type": "chat"}):
            for order in ("desc", "asc"):
                where, values = self.condition(filters)
                wanted = self.plain.execute("SELECT id FROM usage WHERE %s ORDER BY started_ms %s, place %s" %
                                            (where, order, order), values).fetchall()
                self.assertEqual(self.searched(order, filters), [row[0] for row in wanted])

    def searched(self, order, filters):
        found, on, stops = [], {}, 0
        while True:
            page = 1
            while True:
                told = self.driver.ask("list", page=page, pageSize=100, order=order, **filters, **on)
                found += [row["id"] for row in told["list"]]
                if page * 100 >= told["count"]:
                    break
                page += 1
            if told.get("complete", True):
                self.assertNotIn("stoppedAt", told)
                self.assertGreater(stops, 0)
                return found
            stops += 1
            on = {"until" if order == "desc" else "since": milliseconds(told["stoppedAt"])}

    def test_a_request_is_found_at_once(self):
        """By its id's time, among more rows than a search reads."""
        self.fill_many()
        late = self.rows[-1]["started_ms"] + 3 * DAY
        told = self.driver.ask("list", requestId=call_id(self.rng, late))
        self.assertEqual((told["count"], told.get("complete", True)), (0, True))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
