# Knows how usage rows are made up and added up the plain way, apart from the library; refuses to know how the
# library does it.
import collections
import datetime
import json
import os
import random
import sqlite3
import subprocess
import tempfile
import zoneinfo

UNIT = 10**9
QUARTER = 900_000
NAMES = ["user", "key", "app", "model", "provider", "type", "status"]
COLUMNS = {"user": "user", "key": "key_id", "app": "app", "model": "model", "provider": "provider", "type": "type",
           "status": "status"}
TOKENS = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens",
          "reasoning_tokens"]
UNITS = 8 * [None] + ['{"images":2}', '{"serviceTier":"priority"}']


class Driver:
    """A store in a process of its own."""

    def __init__(self, program, path):
        self.child = subprocess.Popen([str(program), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True)

    def send(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def receive(self):
        return json.loads(self.child.stdout.readline())

    def ask(self, verb, now=None, **arguments):
        words = [verb] + ([] if now is None else [str(now)])
        self.send(" ".join(words + [json.dumps(arguments)]))
        return self.receive()

    def roll(self, now):
        self.send("roll %d" % now)
        return self.receive()

    def close(self):
        self.child.stdin.close()
        status = self.child.wait()
        self.child.stdout.close()
        return status


def connect(path):
    db = sqlite3.connect(path, timeout=20, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def opened(program):
    """A new database: its folder, its path, the store's driver on it, and a connection beside it."""
    folder = tempfile.TemporaryDirectory()
    path = os.path.join(folder.name, "hub.db")
    driver = Driver(program, path)
    driver.roll(0)
    return folder, path, driver, connect(path)


def make_rows(rng, count, since, until, crowd=7):
    """Rows as the library records them: they begin between `since` and `until`, in the order they end."""
    rows = []
    for i in range(count):
        began = rng.randrange(since, until)
        duration = int(rng.lognormvariate(13, 1.5))
        user = "user-%d" % (rng.randrange(crowd))
        done = rng.random() < 0.8
        rows.append({
            "id": "row-%d-%d" % (rng.getrandbits(40), i), "call_id": "call-%d" % i, "user": user,
            "key_id": "%s-key-%d" % (user, rng.randrange(2)), "app": "app-%d" % rng.randrange(5),
            "type": rng.choice(["chat", "chat", "chat", "image"]), "ingress": "openai",
            "model": "model-%d" % rng.randrange(6), "requested": "a/b", "provider": "provider-%d" % rng.randrange(3),
            "credential": "c", "status": "success" if done else rng.choice(["error", "cancelled"]),
            "error": "" if done else "AIGNE_E_MODEL: it failed, \"badly\"", "request_id": "", "started_ms": began,
            "http_status": 200, "attempt": rng.choice([1, 1, 1, 2]), "streamed": 1, "estimated": int(rng.random() < .1),
            "credits": rng.randrange(10**7) if rng.random() < .9 else None, "duration_us": duration,
            "first_byte_us": duration // 3 if done else -1, "dropped": "",
            "units": rng.choice(UNITS), "account": "", "cost": rng.randrange(10**6) if rng.random() < .5 else None,
            **{name: rng.choice([-1, rng.randrange(3000)]) for name in TOKENS}})
    rows.sort(key=lambda row: row["started_ms"] + row["duration_us"] // 1000)
    last = 0
    for row in rows:
        last = max(last + 1, (row["started_ms"] + row["duration_us"] // 1000) << 20)
        row["place"] = last
    return rows


def insert(db, rows):
    names = ["place"] + [name for name in rows[0] if name != "place"]
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO usage (%s) VALUES (%s)" % (", ".join(names), ", ".join("?" * len(names))),
                   [[row[name] for name in names] for row in rows])
    db.execute("COMMIT")


def decimal(billionths):
    whole, part = divmod(billionths, UNIT)
    return str(whole) + (("." + "%09d" % part).rstrip("0") if part else "")


def add_up(rows):
    """What an object of a report must say, its percentiles left out."""
    def known(row, *names):
        return sum(max(0, row[name]) for name in names)
    told = {
        "calls": len(rows), "succeeded": sum(row["status"] == "success" for row in rows),
        "retries": sum(row["attempt"] > 1 for row in rows), "estimated": sum(row["estimated"] for row in rows),
        "inputTokens": sum(known(row, "input_tokens") for row in rows),
        "outputTokens": sum(known(row, "output_tokens") for row in rows),
        "cacheReadInputTokens": sum(known(row, "cache_read_tokens") for row in rows),
        "cacheCreationInputTokens": sum(known(row, "cache_write_5m_tokens", "cache_write_1h_tokens") for row in rows),
        "reasoningTokens": sum(known(row, "reasoning_tokens") for row in rows),
        "totalTokens": sum(known(row, *TOKENS) for row in rows),
        "credits": decimal(sum(row["credits"] or 0 for row in rows)),
        "cost": decimal(sum(row["cost"] or 0 for row in rows)),
    }
    images = sum(json.loads(row["units"] or "{}").get("images", 0) for row in rows)
    if images:
        told["images"] = images
    return told


def percentile(values, percent):
    values = sorted(values)
    return values[max(0, -(-len(values) * percent // 100) - 1)]


def times(rows):
    return {"durationMs": [row["duration_us"] / 1000 for row in rows],
            "firstByteMs": [row["first_byte_us"] / 1000 for row in rows if row["first_byte_us"] >= 0]}


def fits(row, filters):
    return all(row[COLUMNS[name]] == wanted for name, wanted in filters.items())


def buckets(unit, zone, since, until):
    """Where hours, days or months of a zone begin, in milliseconds; the last is an end."""
    tz = zoneinfo.ZoneInfo(zone)
    utc = datetime.timezone.utc
    at = datetime.datetime.fromtimestamp(since / 1000, tz)
    edges = []

    def moment(wall):
        # A time that the clock skips is when it skips it; one that it shows twice is the first.
        return int(wall.replace(tzinfo=tz, fold=0).astimezone(utc).timestamp() * 1000)
    if unit == "hour":
        edge = since - (since + int(at.utcoffset().total_seconds() * 1000)) % 3_600_000
        edges = [edge]
        while edges[-1] < until:
            edges.append(edges[-1] + 3_600_000)
        return edges
    wall = datetime.datetime(at.year, at.month, at.day if unit == "day" else 1)
    while not edges or edges[-1] < until:
        edges.append(moment(wall))
        if unit == "day":
            wall += datetime.timedelta(days=1)
        else:
            wall = datetime.datetime(wall.year + wall.month // 12, wall.month % 12 + 1, 1)
    return edges


def iso(ms):
    text = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return "%s.%03dZ" % (text, ms % 1000)


def group(rows, *names):
    found = collections.defaultdict(list)
    for row in rows:
        found[tuple(row[COLUMNS[name]] for name in names)].append(row)
    return found


def dice(seed):
    return random.Random(seed)
