# Knows how every fault of every kind of provider is tried through every kind of client, and compares what
# comes of it with promises.md; refuses to know how either is written.
#
# faults_test.py PROGRAM [WORD...]: only cases whose name has one of the words; --show prints what happened.
import asyncio
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from callers import CALLERS  # noqa: E402
from laboratory import HERE, SPARE, Laboratory, ask, impatient, make_certificate  # noqa: E402
from providers import FORMATS, INPUT, OUTPUT, PIECES  # noqa: E402
from providers import SPARE as SPARE_PIECES  # noqa: E402
from upstream import FAULTS, HUGE, PLACES, QUIET, Upstream  # noqa: E402

AT_ONCE = 48
LABORATORIES = 8  # setting up takes longer the more is set up in one
ATTEMPTS = 6  # of one call at one dead target
GOOD, RESCUED = "".join(PIECES), "".join(SPARE_PIECES)


class Case:
    def __init__(self, number, fault, form, caller, stream, rescue):
        self.fault, self.form, self.caller = fault, form, caller
        self.stream, self.rescue = stream, rescue
        self.column = ("stream" if stream else "plain") + (" rescue" if rescue else "")
        self.model = "%s.%s.%s%s" % (fault, form.name, "s" if stream else "p", "r" if rescue else "a")
        own = fault.startswith(("status-4", "error-"))  # what is held against a key must not reach the next case
        self.provider = "%s-%s" % ("error-%d" % number if own else fault, form.name)
        self.name = "%s for %s" % (self.model, caller.name)
        self.lab = sum(map(ord, self.provider)) % LABORATORIES


def all_cases(words):
    cases = []
    names = [name for name in [*PLACES, *FAULTS] if not name.startswith(("spare", "turn-"))]
    for f, fault in enumerate(names):
        for a, form in enumerate(FORMATS.values()):
            for stream in (False, True):
                for rescue in (False, True):
                    callers = [c for c in CALLERS if c.plain or stream]
                    caller = callers[(f + a + 2 * rescue + stream) % len(callers)]
                    if fault.startswith("opens-"):  # what is passed on unread has its own beginning
                        caller = next((c for c in callers if c.name == form.name), caller)
                    cases.append(Case(len(cases), fault, form, caller, stream, rescue))
    return [c for c in cases if not words or any(word in c.name for word in words)]


# ---- what was promised ----

def read_promises(path):
    """{fault: {column: promise, (form, column): promise}} of the table in promises.md."""
    promises = {}
    columns = ["plain", "plain rescue", "stream", "stream rescue"]
    with open(path) as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("| `") or len(cells) < 6:
                continue
            row = dict(zip(columns, cells[2:6]))
            for form, kind, alone, rescued in re.findall(r"(\w+) (plain|stream): (\w+)(?: / (\w+))?", cells[6] if len(cells) > 6 else ""):
                row[form, kind] = alone
                row[form, kind + " rescue"] = rescued or alone
            promises[cells[0].strip("`")] = row
    return promises


def promise_of(promises, case):
    row = promises.get(case.fault, {})
    return row.get((case.form.name, case.column), row.get(case.column, "a promise"))


def outcome(case, v):
    """What happened, in the words of the table; or what no table promises."""
    if v.problem:
        return "malformed: " + v.problem
    if v.status != 200:
        return str(v.status) if v.ending == "error" else "status %d, %s" % (v.status, v.ending)
    good = GOOD + "x" * HUGE if case.fault == "huge-frame" else GOOD
    if v.ending == "error":
        return "broken" if case.stream and good.startswith(v.text) else "error, text %r" % v.text[:80]
    if v.ending != "whole":
        return "%s, text %r" % (v.ending, v.text[:80])
    if case.form.name == "aignehub" and v.usage in (None, (0, 0)) and good.startswith(v.text):
        return "uncounted"
    relayed = case.caller.name.startswith("gemini") and case.form.name == "gemini"
    if v.ends > 1 and not relayed or v.usage != (INPUT, OUTPUT):
        return "whole, %d ends, usage %r" % (v.ends, v.usage)
    return "whole" if v.text == good else "rescued" if v.text == RESCUED else "whole, text %r" % v.text[:80]


# ---- the books ----

def wrong_in_books(case, promise, v, rows, calls):
    """Everything that the books say and should not, as sentences."""
    spares = [row for row in rows if row["provider"] == SPARE]
    first = [row for row in rows if row["provider"] != SPARE]
    made, helped = calls.get((False, case.model), 0), calls.get((True, case.model), 0)
    wrong = []
    if made > ATTEMPTS:
        wrong.append("the provider was asked %d times" % made)
    if case.fault in PLACES and (made or not first):
        wrong.append("%d rows, %d calls" % (len(first), made))
    if case.fault not in PLACES and len(first) != made:
        wrong.append("%d rows for %d calls" % (len(first), made))
    if len(spares) != helped or (promise == "rescued") != bool(helped):
        wrong.append("%d rows for %d calls of the spare" % (len(spares), helped))
    good = [row for row in rows if row["status"] == "success"]
    if len(good) != (1 if promise in ("whole", "rescued", "uncounted") else 0):
        wrong.append("%d rows of success" % len(good))
    paid = [row for row in rows if row.get("account")]
    if good and paid != good:
        wrong.append("%d rows paid, not the one that answered" % len(paid))
    if good and promise != "uncounted" and (good[0]["inputTokens"], good[0]["outputTokens"]) != (INPUT, OUTPUT):
        wrong.append("counts %r" % good[0])
    if not good and promise != "broken" and paid:
        wrong.append("an error was paid for: %r" % paid)
    if promise == "broken" and not (len(paid) == 1 and 0 < paid[0]["outputTokens"] < 20):
        wrong.append("what was delivered is counted as %r" % paid)
    return wrong


# ---- trying ----

def set_up(lab, cases):
    lab.provider(SPARE, "spare", FORMATS["ollama"])
    for name, case in {case.provider: case for case in cases}.items():
        lab.provider(name, case.fault, case.form)
    for case in cases:
        lab.price(case.provider, case.model)
        if case.rescue:
            lab.price(SPARE, case.model)


async def try_case(lab, case):
    model = case.model if case.rescue else "%s/%s" % (case.provider, case.model)
    path, body, headers = case.caller.request(model, case.stream)
    headers = {**headers, **(impatient() if case.fault in QUIET else {})}
    answer = await asyncio.wait_for(ask(lab.hub.port, lab.key, path, body, headers), 120)
    return case.caller.judge(answer.status, answer.headers, answer.body, answer.whole, case.stream)


async def try_all(labs, cases):
    """Those that take time take it together, and while nothing else keeps this process from answering."""
    began = time.monotonic()
    await asyncio.gather(*(asyncio.to_thread(set_up, lab, [c for c in cases if c.lab == i]) for i, lab in enumerate(labs)))
    print("%.1f s to set up" % (time.monotonic() - began))
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(case):
        async with turns:
            return await try_case(labs[case.lab], case)
    quiet = [case for case in cases if case.fault in QUIET]
    verdicts = dict(zip(quiet, await asyncio.gather(*(try_case(labs[case.lab], case) for case in quiet))))
    others = [case for case in cases if case.fault not in QUIET]
    verdicts.update(zip(others, await asyncio.gather(*map(in_turn, others))))
    return [verdicts[case] for case in cases]


def compare(labs, cases, verdicts, show):
    promises = read_promises(os.path.join(HERE, "promises.md"))
    books = [lab.books() for lab in labs]
    failures = []
    for case, v in zip(cases, verdicts):
        promise, got = promise_of(promises, case), outcome(case, v)
        rows = books[case.lab].get(v.headers.get("x-request-id"), [])
        wrong = [] if got in promise.split(" or ") else ["%s instead of %s (%s)" % (got, promise, v.message)]
        wrong += wrong_in_books(case, got, v, rows, labs[case.lab].upstream.calls)
        if show:
            print("%-60s %-20s %s" % (case.name, got, v.message))
        errors = " then ".join(row.get("error", row["status"]) for row in rows)
        failures += ["%s: %s [%s]" % (case.name, "; ".join(wrong), errors)] if wrong else []
    return failures, set(promises) - {case.fault for case in cases}


async def run(program, words, show, folder):
    cases = all_cases(words)
    certificate, authority = make_certificate(folder)
    upstream = Upstream()
    await upstream.start(certificate)
    labs = [Laboratory(program, upstream, authority) for _ in range(LABORATORIES)]
    try:
        verdicts = await try_all(labs, cases)
        failures, unused = compare(labs, cases, verdicts, show)
    finally:
        problems = [problem for lab in labs for problem in lab.problems()]
        await upstream.close()
    if unused and not words:
        problems.append("promises of faults that are not tried: %s" % ", ".join(sorted(unused)))
    print("\n".join(failures + problems))
    print("%d of %d cases are as promised" % (len(cases) - len(failures), len(cases)))
    return 1 if failures + problems else 0


def main():
    words = [word for word in sys.argv[2:] if word != "--show"]
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(run(sys.argv[1], words, "--show" in sys.argv, folder))


if __name__ == "__main__":
    sys.exit(main())
