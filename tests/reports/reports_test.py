# Reports against the rows added up one by one, in several zones, while rows come and the process is killed.
#
# usage: reports_test.py REPORT_DRIVER [unittest's arguments]
import bisect
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import usage_book as book  # noqa: E402

PROGRAM = ""
STEPS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib", "store", "schema", "")
LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
DAY = 86_400_000
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
         "America/Havana", "Pacific/Apia", "America/Sao_Paulo"]
BEGIN = 1_729_000_000_000  # October 2024: clocks change in both halves of the world


class Reports(unittest.TestCase):
    def setUp(self):
        self.folder, self.path, self.driver, self.db = book.opened(PROGRAM)
        self.rng = book.dice(5)

    def tearDown(self):
        self.db.close()
        self.assertEqual(self.driver.close(), 0)
        self.folder.cleanup()

    def fill(self, count, days, crowd=7):
        self.rows = book.make_rows(self.rng, count, BEGIN, BEGIN + days * DAY, crowd)
        book.insert(self.db, self.rows)
        self.now = self.rows[-1]["place"] // 2**20 + 1

    def roll(self, later=0):
        """Until all that is settled is added up."""
        for _ in range(100):
            self.driver.roll(self.now + later)

    def same(self, told, rows):
        wanted = book.add_up(rows)
        self.assertEqual({name: told.get(name) for name in wanted}, wanted)
        for name, values in book.times(rows).items():
            if not values:
                self.assertNotIn(name, told)
                continue
            self.assertAlmostEqual(told[name]["average"], sum(values) / len(values), delta=1)
            for percent in (50, 90, 95, 99):
                true = book.percentile(values, percent)
                if "p50" in told[name]:
                    self.assertAlmostEqual(told[name]["p%d" % percent], true, delta=true / 30 + 1)

    def check_series(self, unit, zone, since, until, **filters):
        told = self.driver.ask("series", self.now, bucket=unit, timeZone=zone, since=since, until=until, **filters)
        edges = book.buckets(unit, zone, since // book.QUARTER * book.QUARTER, until)
        self.assertEqual([b["start"] for b in told["list"]], [book.iso(e) for e in edges[:-1]], (unit, zone))
        rows = sorted((row for row in self.rows if book.fits(row, filters)), key=lambda row: row["started_ms"])
        starts = [row["started_ms"] for row in rows]
        cuts = [bisect.bisect_left(starts, edge) for edge in edges]
        for bucket, begin, end in zip(told["list"], cuts, cuts[1:]):
            self.same(bucket, rows[begin:end])

    def check_all(self):
        until = BEGIN + 90 * DAY
        for zone in ZONES:
            self.check_series("day", zone, BEGIN, until)
            self.check_series("month", zone, BEGIN, until)
        for zone in [zone for zone in ZONES if "Lord_Howe" not in zone]:
            self.check_series("hour", zone, BEGIN + 10 * DAY, BEGIN + 30 * DAY)
        for filters in ({"user": "user-1"}, {"key": "user-2-key-0"}, {"app": "app-1"}, {"model": "model-2"},
                        {"provider": "provider-0", "status": "error"}, {"user": "user-1", "model": "model-1"},
                        {"app": "app-1", "type": "image"}, {"app": "app-0", "user": "user-3"},
                        {"model": "model-3", "app": "app-3"}, {"user": "nobody"}):
            self.check_series("day", "UTC", BEGIN, until, **filters)
            self.check_series("day", "Europe/Berlin", BEGIN, until, **filters)
        for _ in range(200 if LONG else 15):
            self.check_random()

    def check_random(self):
        since = BEGIN + self.rng.randrange(60 * DAY)
        until = since + 1 + self.rng.randrange(40 * DAY)
        filters = {name: self.rng.choice(self.rows)[book.COLUMNS[name]]
                   for name in self.rng.sample(book.NAMES, self.rng.choice([0, 0, 1, 2]))}
        low = since // book.QUARTER * book.QUARTER
        high = -(-until // book.QUARTER) * book.QUARTER
        inside = [row for row in self.rows if book.fits(row, filters)]
        told = self.driver.ask("summary", self.now, since=since, until=until, **filters)
        self.same(told["total"], [row for row in inside if low <= row["started_ms"] < high])
        self.same(told["before"], [row for row in inside if 2 * low - high <= row["started_ms"] < low])
        by = self.rng.choice(book.NAMES + ["user", "key"])
        told = self.driver.ask("top", self.now, since=since, until=until, by=by, limit=1000, **filters)
        names = [by, "provider"] if by == "model" else [by]
        groups = book.group([row for row in inside if low <= row["started_ms"] < high], *names)
        self.assertEqual(told["count"], len(groups))
        self.assertEqual({tuple(item[name] for name in names) for item in told["list"]}, set(groups))
        for item in told["list"]:
            self.same(item, groups[tuple(item[name] for name in names)])
        counts = [item["calls"] for item in told["list"]]
        self.assertEqual(counts, sorted(counts, reverse=True))

    def test_sums_from_before_there_were_those_of_who_called(self):
        self.fill(1500, 40)
        self.roll(60_000)
        self.db.execute("DELETE FROM rollup WHERE cut BETWEEN 12 AND 17")
        with open(STEPS + "011.sql", encoding="utf-8") as file:
            self.db.executescript(file.read())
        for _ in range(10):
            self.check_random()

    def test_sums_from_before_there_were_those_of_many_days(self):
        """In the middle of a stretch, and some of its calls end afterwards."""
        self.fill(1500, 40)
        later = [row for row in self.rows if row["started_ms"] > BEGIN + 17 * DAY]
        self.db.execute("DELETE FROM usage WHERE started_ms > %d" % (BEGIN + 17 * DAY))
        self.roll(60_000)
        self.db.execute("DELETE FROM rollup WHERE cut > 17")
        self.db.execute("ALTER TABLE rollup_state DROP COLUMN long_from")
        for step in ("013.sql", "015.sql"):
            with open(STEPS + step, encoding="utf-8") as file:
                self.db.executescript(file.read())
        book.insert(self.db, later)
        self.roll(60_000)
        for _ in range(40):
            self.check_random()

    def test_a_level_of_service_is_no_count(self):
        self.fill(2, 1)
        self.rows = [{**self.rows[0], "units": None}]
        sums = []
        for units in (None, '{"serviceTier":"priority"}'):
            self.db.execute("DELETE FROM usage")
            self.db.execute("DELETE FROM rollup")
            self.db.execute("UPDATE rollup_state SET place = 0")
            book.insert(self.db, [{**self.rows[0], "units": units}])
            self.roll(60_000)
            sums.append([bytes(row[0]) for row in self.db.execute("SELECT sums FROM rollup")])
        self.assertTrue(sums[0])
        self.assertEqual(sums[0], sums[1])

    def test_newest_rows_only(self):
        self.fill(1500, 80)
        self.check_all()

    def test_added_up(self):
        self.fill(20000 if LONG else 3000, 80)
        self.roll(later=60_000)
        self.assertEqual(self.db.execute("SELECT place FROM rollup_state").fetchone()[0], self.rows[-1]["place"])
        self.check_all()

    def test_some_added_up(self):
        self.fill(3000, 80)
        self.now = self.rows[2000]["place"] // 2**20
        self.roll()
        mark = self.db.execute("SELECT place FROM rollup_state").fetchone()[0]
        self.assertTrue(0 < mark < self.rows[-1]["place"])
        self.check_all()

    def test_killed_while_adding(self):
        """Whatever a step was doing when it was killed, each row is in the sums once."""
        stop = threading.Event()
        self.rows, self.now = [], BEGIN + 81 * DAY

        def record():
            db = book.connect(self.path)
            while not stop.is_set():
                rows = book.make_rows(self.rng, 400, BEGIN + len(self.rows), BEGIN + len(self.rows) + 1)
                for i, row in enumerate(rows):
                    row["place"] = (BEGIN << 20) + len(self.rows) + i
                    row["started_ms"] = BEGIN + self.rng.randrange(80 * DAY)
                book.insert(db, rows)
                self.rows += rows
            db.close()
        recorder = threading.Thread(target=record)
        recorder.start()
        kills = 60 if LONG else 12
        for i in range(kills):
            driver = book.Driver(PROGRAM, self.path)
            for _ in range(50):
                driver.send("roll %d" % (self.now + i))
            time.sleep(self.rng.random() * 0.1)
            driver.child.kill()
            driver.child.wait()
            driver.child.stdout.close()
            try:
                driver.child.stdin.close()
            except OSError:
                pass
        stop.set()
        recorder.join()
        self.roll(later=3_600_000)
        self.assertEqual(self.db.execute("SELECT place FROM rollup_state").fetchone()[0], self.rows[-1]["place"])
        self.check_series("day", "UTC", BEGIN, BEGIN + 80 * DAY)
        for _ in range(10):
            self.check_random()
        self.assertEqual(self.db.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_many_at_once(self):
        """Several processes that add up the same rows."""
        self.fill(5000, 80)
        drivers = [book.Driver(PROGRAM, self.path) for _ in range(3)]
        for _ in range(20):
            for driver in drivers:
                driver.send("roll %d" % (self.now + 60_000))
        for driver in drivers:
            for _ in range(20):
                self.assertEqual(driver.receive(), {})
            self.assertEqual(driver.close(), 0)
        self.check_series("day", "Asia/Kolkata", BEGIN, BEGIN + 80 * DAY)

    def test_a_clock_that_was_ahead(self):
        """Rows of next year: they are added up once nobody can come before them, whatever the clock says."""
        self.rows = book.make_rows(self.rng, 100, BEGIN, BEGIN + DAY)
        for i, row in enumerate(self.rows):
            row["place"] = (BEGIN + 400 * DAY << 20) + i
        book.insert(self.db, self.rows)
        for step in range(4):
            self.driver.roll(BEGIN + step * 11_000)
        self.assertEqual(self.db.execute("SELECT place FROM rollup_state").fetchone()[0], self.rows[-1]["place"])

    def test_refused(self):
        self.rows, self.now = [], BEGIN
        for arguments in ({"timeZone": "Mars/Olympus"}, {"timeZone": "../../etc/passwd"}, {"timeZone": "+05:07"},
                          {"timeZone": ""}, {"bucket": "hour", "since": DAY, "until": BEGIN}, {"since": 5000000000, "until": 4000000000},
                          {"since": "yesterday"}):
            self.assertIn("failed", self.driver.ask("series", BEGIN, **arguments), arguments)
        for arguments in ({"by": "colour"}, {"orderBy": "size"}, {"limit": 0}, {"limit": 1001}):
            self.assertIn("failed", self.driver.ask("top", BEGIN, **arguments), arguments)

    def test_nothing(self):
        self.rows, self.now = [], BEGIN + DAY
        self.check_series("hour", "UTC", BEGIN, BEGIN + DAY)
        told = self.driver.ask("summary", self.now)
        self.assertEqual((told["total"]["calls"], told["changePercent"]["calls"]), (0, None))
        self.assertEqual(self.driver.ask("top", self.now)["list"], [])

    def test_years_to_come(self):
        """Where the zone's file has no more changes, but a rule."""
        self.rows, self.now = [], BEGIN
        for zone in ZONES + ["America/Nuuk", "Africa/Casablanca", "Australia/Sydney", "Asia/Gaza"]:
            for begin in (2_370_000_000_000, 2_392_000_000_000):
                self.check_series("day", zone, begin, begin + 60 * DAY)
            self.check_series("month", zone, 2_370_000_000_000, 2_450_000_000_000)

    def test_offsets(self):
        self.fill(500, 5)
        for offset, zone in (("+05:30", "Asia/Kolkata"), (345, "Asia/Kathmandu"), ("-03:00", "America/Bahia"),
                             ("0", "UTC")):
            told = self.driver.ask("series", self.now, timeZone=offset, since=BEGIN, until=BEGIN + 5 * DAY)
            named = self.driver.ask("series", self.now, timeZone=zone, since=BEGIN, until=BEGIN + 5 * DAY)
            self.assertEqual(told["list"], named["list"])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
