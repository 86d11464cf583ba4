# Knows what many calls, one after another, at a provider that fails for long or now and then must come to, for
# callers, for the provider and in the books; refuses to know how it is done. promises.md has it in words.
#
# sequences_test.py PROGRAM [WORD...]: only cases whose name has one of the words.
import asyncio
import math
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from callers import CALLERS  # noqa: E402
from laboratory import SPARE, Laboratory, ask, make_certificate  # noqa: E402
from providers import FORMATS, INPUT, OUTPUT, PIECES  # noqa: E402
from providers import SPARE as SPARE_PIECES  # noqa: E402
from upstream import DEAD, Upstream  # noqa: E402

GOOD, RESCUED = "".join(PIECES), "".join(SPARE_PIECES)
DEAD_FOR, ASKED_MOST = 50, 6


def asked_most(seconds):
    """Three times at first, then after pauses that double; on a machine that is slow there is time for more."""
    return max(ASKED_MOST, 3 + int(math.log2(seconds / 0.75 + 1)))


FOREVER = ["refused", "closes", "resets", "status-500", "status-503-retry", "status-429", "status-429-retry", "status-401",
           "status-402", "ok-html", "ok-error-body", "opens-and-closes", "opens-and-fails"]
OWN = {"openai": 0, "anthropic": 2}  # callers whose frames such a provider passes on unread


class Case:
    """One provider with one fault, and the calls made at it."""

    def __init__(self, lab, fault, form, spare=True):
        self.lab, self.form, self.fault = lab, FORMATS[form], fault
        self.name = "%s-%s%s" % (fault, form, "" if spare else "-alone")
        self.model, self.provider = self.name, "a-" + self.name.replace("opens-and", "opens")[-30:].lstrip("-")
        self.spare, self.wrong, self.made = spare, [], 0

    def set_up(self):
        self.lab.provider(self.provider, self.fault, self.form)
        for provider in [self.provider, SPARE] if self.spare else [self.provider]:
            self.lab.price(provider, self.model)

    def check(self, right, what, *why):
        if not right:
            self.wrong.append("%s: %s %r" % (self.name, what, why))

    async def call(self, number, **headers):
        """A verdict; each second call streams, each third is another client's."""
        caller = CALLERS[OWN.get(self.form.name, 0) if number % 3 else number % 4]
        path, body, more = caller.request(self.model, number % 2 == 0)
        more = {**more, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self.made += 1
        answer = await asyncio.wait_for(ask(self.lab.hub.port, self.lab.key, path, body, more), 60)
        return caller.judge(answer.status, answer.headers, answer.body, answer.whole, number % 2 == 0)

    async def calls(self, count, texts):
        for number in range(count):
            v = await self.call(number)
            self.check(v.ending == "whole" and v.text in texts and v.usage == (INPUT, OUTPUT) and not v.problem,
                       "call %d" % number, v.status, v.ending, v.text, v.message, v.usage, v.problem)

    def asked(self, spare=False):
        return self.lab.upstream.calls.get((spare, self.model), 0)

    def check_books(self, books, answered):
        """A row for each request that came, and for each call that nobody was asked for, and one success for each call
        that was answered, which alone is paid."""
        rows = [row for rows in books.values() for row in rows if row["model"] == self.model]
        self.check(len({row["requestId"] for row in rows}) == self.made, "calls in the books", self.made)
        refused = [row for row in rows if row["status"] == "refused"]
        self.check(all(not row["provider"] and row["attempt"] == 0 and row["error"] for row in refused), "refused", refused[:1])
        rows = [row for row in rows if row not in refused]
        own = [row for row in rows if row["provider"] == self.provider]
        good = [row for row in rows if row["status"] == "success"]
        if self.fault != "refused":
            self.check(len(own) == self.asked(), "rows", len(own), self.asked())
        self.check(len(rows) - len(own) == self.asked(True), "rows of the spare", len(rows) - len(own), self.asked(True))
        self.check(len(good) == answered, "successes", len(good), answered)
        self.check([row for row in rows if row.get("account")] == good, "paid is what answered")
        self.check(all(row["status"] == "error" for row in rows if row not in good), "the others failed")


async def dead(case):
    began, before = time.monotonic(), case.asked()
    await case.calls(DEAD_FOR, {RESCUED})
    asked, seconds = case.asked() - before, time.monotonic() - began
    case.check(asked <= asked_most(seconds), "asked", asked, seconds)
    return DEAD_FOR


async def flaps(case):
    await case.calls(45, {GOOD, RESCUED})
    return 45


async def dies_and_returns(case):
    await case.calls(5, {GOOD})
    DEAD.add(case.model)
    await dead(case)
    DEAD.discard(case.model)
    count, until = 5 + DEAD_FOR, time.monotonic() + 60
    while time.monotonic() < until:
        v = await case.call(1)
        count += 1
        if v.text == GOOD:
            break
        await asyncio.sleep(0.1)
    case.check(v.text == GOOD, "it is asked again", v.text)
    return count


async def dies_alone_and_returns(case):
    """Each caller is told, most at once: many do not ask at the same time. The first who asks when it is back is answered."""
    DEAD.add(case.model)
    told = 0
    for number in range(ASKED_MOST):
        v = await case.call(number)
        told += v.status == 503 and v.ending == "error" and bool(v.message)
    before = case.asked()
    verdicts = await asyncio.gather(*(case.call(number) for number in range(DEAD_FOR)))
    told += sum(v.status == 503 and v.ending == "error" and bool(v.message) for v in verdicts)
    case.check(told == ASKED_MOST + DEAD_FOR, "told", told)
    case.check(case.asked() - before < DEAD_FOR, "asked", case.asked() - before)
    DEAD.discard(case.model)
    v = await case.call(1)
    case.check(v.text == GOOD, "it is asked again", v.status, v.text)
    return 1


async def cools_alone(case):
    """One at a time may ask whether it is over; the others are told what it said, and for how long."""
    await case.call(0)
    before = case.asked()
    verdicts = await asyncio.gather(*(case.call(number) for number in range(DEAD_FOR)))
    wrong = [v for v in verdicts if v.status != 429 or v.ending != "error" or not v.message or "retry-after" not in v.headers]
    case.check(not wrong, "told", len(wrong), [(v.status, v.ending, v.message, v.headers) for v in wrong[:1]])
    case.check(case.asked() - before < DEAD_FOR // 2, "asked", case.asked() - before)
    return 0


async def once(case):
    v = await case.call(0)
    case.check(v.text == GOOD and v.ending == "whole", "asked again", v.status, v.ending, v.message)
    case.check(case.asked() == 2, "asked", case.asked())
    return 1


async def resets_once(case):
    v = await case.call(0)
    case.check(v.status == 502 and case.asked() == 1, "not repeated", v.status, case.asked())
    return 0


async def resets_once_and_may_be_repeated(case):
    v = await case.call(0, x_aigne_hub_repeat_sent="true")
    case.check(v.text == GOOD and case.asked() == 2, "repeated", v.status, case.asked())
    return 1


async def refuses(case):
    for number in range(10):
        v = await case.call(number)
        case.check(v.status == 400 and v.ending == "error", "told", v.status, v.ending, v.text)
    case.check(not case.asked(True), "the spare was asked", case.asked(True))
    listed = case.lab.do("health.list", {"provider": case.provider})
    case.check(all(entry["failures"] == 0 and entry["state"] == "closed" for entry in listed["list"]), "held against it", listed)
    return 0


def all_cases(lab, words):
    tried = []
    for form in ("openai", "anthropic"):
        tried += [(Case(lab, fault, form), dead) for fault in FOREVER]
        tried += [(Case(lab, "turn-third-" + fault, form), flaps)
                  for fault in ("status-500", "status-429", "resets", "opens-and-closes")]
        tried += [(Case(lab, "turn-once-" + fault, form, spare=False), once)
                  for fault in ("status-429", "status-429-soon", "status-500")]
        tried += [(Case(lab, "status-429-retry", form, spare=False), cools_alone)]
        tried += [(Case(lab, "turn-mortal", form), dies_and_returns),
                  (Case(lab, "turn-mortal", form, spare=False), dies_alone_and_returns), (Case(lab, "content-refused", form), refuses)]
    tried += [(Case(lab, "turn-once-resets", "openai", spare=False), resets_once),
              (Case(lab, "turn-once-resets", "anthropic", spare=False), resets_once_and_may_be_repeated)]
    return [(case, way) for case, way in tried if not words or any(word in case.name for word in words)]


async def run(program, words, folder):
    certificate, authority = make_certificate(folder)
    upstream = Upstream()
    await upstream.start(certificate)
    lab = Laboratory(program, upstream, authority)
    cases = all_cases(lab, words)
    try:
        lab.provider(SPARE, "spare", FORMATS["ollama"])
        for case, _ in cases:
            await asyncio.to_thread(case.set_up)
        answered = await asyncio.gather(*(way(case) for case, way in cases))
        books = await asyncio.to_thread(lab.books)
        for (case, _), count in zip(cases, answered):
            case.check_books(books, count)
    finally:
        failures = await asyncio.to_thread(lab.problems)
        await upstream.close()
    wrong = [problem for case, _ in cases for problem in case.wrong]
    print("\n".join(wrong + failures))
    print("%d of %d sequences are as promised" % (sum(not case.wrong for case, _ in cases), len(cases)))
    return 1 if wrong or failures else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(asyncio.run(run(sys.argv[1], sys.argv[2:], temporary)))
