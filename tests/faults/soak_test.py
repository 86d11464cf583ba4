# Knows how a hub is kept at full load with mixed faults for long, and what must not grow meanwhile; refuses
# to know what comes of a single call. Skipped unless AIGNE_TEST_LONG=1; AIGNE_TEST_SOAK_SECONDS makes it another
# time than 1,800.
#
# soak_test.py PROGRAM [SEED]
import asyncio
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from callers import CALLERS  # noqa: E402
from laboratory import SPARE, Laboratory, ask, impatient, make_certificate  # noqa: E402
from providers import FORMATS  # noqa: E402
from upstream import FAULTS, PLACES, QUIET, Upstream  # noqa: E402

SKIPPED = 77
WORKERS = 48
SLOW = {"no-such-host", "endless-error", "huge-frame", "drip"}  # they load this process, not the hub
GROWTH_KB, GROWTH = 16 * 1024, 1.15  # of resident memory after the first fifth
SPARE_DESCRIPTORS = 64


def once(rows):
    """Each attempt has a row, and so has a call that nobody was asked for."""
    attempts = [row["attempt"] for row in rows]
    asked = attempts == list(range(1, len(rows) + 1))
    return len({row["id"] for row in rows}) == len(rows) and (asked or (attempts == [0] and rows[0]["status"] == "refused"))


class Soak:
    def __init__(self, lab, seconds, seed):
        self.lab, self.chance = lab, random.Random(seed)
        self.until = time.monotonic() + seconds
        self.ids, self.broken, self.calls = set(), [], 0
        self.faults = [f for f in [*PLACES, *FAULTS] if f not in SLOW and not f.startswith(("spare", "turn-"))]

    def set_up(self):
        self.lab.provider(SPARE, "spare", FORMATS["ollama"])
        self.lab.price(SPARE, "soak")
        for fault in self.faults:
            for form in FORMATS.values():
                self.lab.provider("%s-%s" % (fault, form.name), fault, form)
                self.lab.price("%s-%s" % (fault, form.name), "soak")

    async def work(self):
        while time.monotonic() < self.until:
            fault = self.chance.choice([*self.faults, "good", "good", "good"])
            if fault in QUIET and self.chance.random() < 0.8:
                continue
            name = "%s-%s/soak" % (fault, self.chance.choice(list(FORMATS)))
            stream = self.chance.random() < 0.6
            caller = self.chance.choice([c for c in CALLERS if stream or c.plain])
            path, body, headers = caller.request(name, stream)
            headers = {**headers, **impatient(), "x-aigne-hub-on-cut": self.chance.choice(["error", "hold", "resume"])}
            if self.chance.random() < 0.5:
                headers["x-aigne-hub-models"] = "%s, %s/soak" % (name, SPARE)
            answer = await asyncio.wait_for(ask(self.lab.hub.port, self.lab.key, path, body, headers), 120)
            v = caller.judge(answer.status, answer.headers, answer.body, answer.whole, stream)
            self.calls += 1
            if v.problem or v.ending in ("cut", "silent"):
                self.broken.append("%s for %s: %s, %s" % (name, caller.name, v.ending, v.problem))
            if v.headers.get("x-request-id") in self.ids:
                self.broken.append("two calls have one id")
            self.ids.add(v.headers.get("x-request-id"))

    def measure(self):
        pid = self.lab.hub.child.pid
        with open("/proc/%d/status" % pid) as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        return resident, len(os.listdir("/proc/%d/fd" % pid))

    async def watch(self, seconds):
        """What is held against providers is forgotten from time to time, so that they are asked again."""
        early = None
        while time.monotonic() < self.until:
            await asyncio.sleep(min(2, seconds / 20))
            await asyncio.to_thread(self.lab.do, "health.reset")
            if not early and time.monotonic() > self.until - seconds * 0.8:
                early = self.measure()
        return early, self.measure()

    def judge(self, early, late):
        problems = self.broken[:20]
        if late[0] > early[0] * GROWTH + GROWTH_KB:
            problems.append("resident memory grew from %d to %d KB" % (early[0], late[0]))
        if late[1] > early[1] + SPARE_DESCRIPTORS:
            problems.append("descriptors grew from %d to %d" % (early[1], late[1]))
        books = self.lab.books()
        missing = self.ids - set(books)
        if missing:
            problems.append("%d calls of %d are in no book" % (len(missing), self.calls))
        twice = [rows for rows in books.values() if not once(rows)]
        if twice:
            problems.append("%d calls recorded wrongly: %r" % (len(twice), twice[:2]))
        return problems


async def run(program, seconds, seed, folder):
    certificate, authority = make_certificate(folder)
    upstream = Upstream()
    await upstream.start(certificate)
    lab = Laboratory(program, upstream, authority)
    soak = Soak(lab, seconds, seed)
    try:
        await asyncio.to_thread(soak.set_up)
        soak.until = time.monotonic() + seconds
        (early, late), *_ = await asyncio.gather(soak.watch(seconds), *(soak.work() for _ in range(WORKERS)))
        problems = await asyncio.to_thread(soak.judge, early, late)
    finally:
        problems_of_hub = lab.problems()
        await upstream.close()
    print("%d calls in %d s, seed %d; resident %d then %d KB, %d then %d descriptors" % (
        soak.calls, seconds, seed, early[0], late[0], early[1], late[1]))
    print("\n".join(problems + problems_of_hub))
    return 1 if problems + problems_of_hub else 0


if __name__ == "__main__":
    if os.environ.get("AIGNE_TEST_LONG") != "1":
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(asyncio.run(run(sys.argv[1], float(os.environ.get("AIGNE_TEST_SOAK_SECONDS", "1800")),
                                 int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()), temporary)))
