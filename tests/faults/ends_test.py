# Knows what a streamed answer that breaks off becomes under each policy, and compares it with what callers
# of each format are given; refuses to know how it is done. promises.md has it in words.
#
# ends_test.py PROGRAM [WORD...]: only cases whose name has one of the words.
import asyncio
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from callers import CALLERS  # noqa: E402
from laboratory import Laboratory, ask, impatient, make_certificate  # noqa: E402
from providers import FORMATS, INPUT, OUTPUT, PIECES  # noqa: E402
from providers import SPARE as SPARE_PIECES  # noqa: E402
from upstream import AFTER, QUIET, Upstream  # noqa: E402

BREAKS = ["cut", "reset-inside", "stalls", "half-json", "error-inside"]
DELIVERED, RESCUED = "".join(PIECES[:AFTER]), "".join(SPARE_PIECES)
# What the spare's model does with words put into its mouth: goes on with them, refuses them, or nobody knows.
SPARES = {"takes": "spare", "refuses": "spare-no-prefill", "unknown": "spare"}
INSTRUCTION = "Your answer was interrupted."
AT_ONCE = 48


class Case:
    def __init__(self, number, policy, fault, form, spare_form, caller, mouth, alone=False):
        self.policy, self.fault, self.form, self.caller, self.mouth = policy, fault, form, caller, mouth
        self.spare_form, self.alone = spare_form, alone
        self.provider = "a%d-%s" % (number, form.name)
        self.spare = "zz-%s-%s" % (mouth, spare_form.name)
        self.model = "m%d" % number
        # Both targets are asked for by their names: the true one is told at the end.
        self.named = policy == "resume" and not alone and number % 4 == 1
        self.name = "%s %s of %s, %s %s, for %s" % (
            policy, fault, form.name, "alone" if alone else spare_form.name, mouth, caller.name)


def all_cases(words):
    cases, forms = [], list(FORMATS.values())
    # a spare's provider must not be liked better than the first one: its names come last
    spares = [FORMATS[name] for name in ("ollama", "openai", "anthropic", "gemini")]
    callers = [c for c in CALLERS if c.streams]

    def add(*what, **more):
        cases.append(Case(len(cases), *what, **more))
    for f, fault in enumerate(BREAKS):
        for a, form in enumerate(forms):
            chosen = callers if fault == "cut" else callers[(f + a) % 3::3]
            for c, caller in enumerate(chosen):
                spare = spares[(f + a + c) % len(spares)] if form.kind not in ("bedrock", "ollama") else spares[0]
                mouth = list(SPARES)[(f + a + c) % 3]
                add("hold", fault, form, spare, caller, "unknown")
                add("resume", fault, form, spare, caller, mouth)
                if fault == "cut":
                    add("hold", fault, form, spare, caller, "unknown", alone=True)
                    add("resume", fault, form, spare, caller, mouth, alone=True)
    return [c for c in cases if not words or any(word in c.name for word in words)]


def set_up(lab, cases):
    for case in cases:
        lab.provider(case.provider, case.fault, case.form)
        lab.price(case.provider, case.model)
    for case in {case.spare: case for case in cases if not case.alone}.values():
        lab.provider(case.spare, SPARES[case.mouth], case.spare_form)
    for case in cases:
        if not case.alone:
            metadata = {} if case.mouth == "unknown" else {"modelMetadata": {"features": ["prefill"]}}
            lab.do("rate.put", {"provider": case.spare, "model": case.model, "inputRate": "0", "outputRate": "0.001", **metadata})


async def try_case(lab, case, turns):
    async with turns:
        asked = "%s/%s" % (case.provider, case.model) if case.named else case.model
        path, body, headers = case.caller.request(asked, True)
        if case.named:
            headers = {**headers, "x-aigne-hub-models": "%s/%s" % (case.spare, case.model)}
        headers = {**headers, "x-aigne-hub-on-cut": case.policy, **(impatient() if case.fault in QUIET else {})}
        answer = await asyncio.wait_for(ask(lab.hub.port, lab.key, path, body, headers), 120)
    return case.caller.judge(answer.status, answer.headers, answer.body, answer.whole, True)


# ---- what must have come of it ----

def wrong_in_answer(case, v):
    if v.problem:
        return [v.problem]
    if case.policy == "hold" and case.alone:
        return [] if v.status >= 500 and v.ending == "error" else ["status %d, %s" % (v.status, v.ending)]
    if case.alone:  # what it could not go on with is told as it was
        good = v.status == 200 and v.ending == "error" and v.text in ("", DELIVERED, DELIVERED + DELIVERED)
        return [] if good else ["status %d, %s, text %r" % (v.status, v.ending, v.text)]
    told = RESCUED if case.policy == "hold" or case.caller.name == "aigne" else DELIVERED + RESCUED
    wrong = [] if v.status == 200 and v.ending == "whole" and v.ends == 1 else ["status %d, %s (%s)" % (v.status, v.ending, v.message)]
    if v.text != told:
        wrong.append("text %r" % v.text)
    if (case.named or case.caller.name == "aigne") and v.model != "%s/%s" % (case.spare, case.model):
        wrong.append("model %r" % v.model)
    return wrong


def wrong_in_books(case, v, rows, upstream):
    paid = [row for row in rows if row.get("account")]
    first = [row for row in rows if row["provider"] == case.provider]
    spares = [row for row in rows if row["provider"] == case.spare]
    wrong = []
    if (len(first), len(spares)) != (upstream.calls.get((False, case.model), 0), upstream.calls.get((True, case.model), 0)):
        wrong.append("%d rows of the first, %d of the spare" % (len(first), len(spares)))
    if case.alone:
        return wrong + (["paid %r" % paid] if case.policy == "hold" and paid else [])
    if case.policy == "hold":
        return wrong + ([] if paid == spares and v.usage == (INPUT, OUTPUT) else ["usage %r, paid %r" % (v.usage, paid)])
    if len(paid) != 2 or paid[0] not in first or paid[1] not in spares:
        return wrong + ["paid %r" % paid]
    told = tuple(sum(row[name] for row in paid) for name in ("inputTokens", "outputTokens"))
    return wrong + ([] if v.usage == told else ["usage %r of %r" % (v.usage, told)])


def wrong_in_request(case, upstream):
    """Whether the spare was asked to go on, and in the way that it knows."""
    if case.policy != "resume" or case.alone:
        return []
    asked = json.dumps(upstream.bodies.get((True, case.model), {}), ensure_ascii=False)
    went_on, told = DELIVERED.strip() in asked, INSTRUCTION in asked
    expected = (False, False) if case.caller.name == "aigne" else (True, case.mouth != "takes")
    calls = 2 if case.mouth == "refuses" and case.caller.name != "aigne" else 1
    wrong = [] if (went_on, told) == expected else ["it was asked %s" % asked]
    made = upstream.calls.get((True, case.model), 0)
    return wrong + ([] if made == calls else ["the spare was asked %d times" % made])


async def run(program, words, folder):
    cases = all_cases(words)
    certificate, authority = make_certificate(folder)
    upstream = Upstream()
    await upstream.start(certificate)
    labs = [Laboratory(program, upstream, authority) for _ in range(4)]
    try:
        turns = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(asyncio.to_thread(set_up, lab, cases[i::4]) for i, lab in enumerate(labs)))
        verdicts = await asyncio.gather(*(try_case(labs[i % 4], case, turns) for i, case in enumerate(cases)))
        books = [lab.books() for lab in labs]
    finally:
        failures = [problem for lab in labs for problem in lab.problems()]
        await upstream.close()
    for i, (case, v) in enumerate(zip(cases, verdicts)):
        rows = books[i % 4].get(v.headers.get("x-request-id"), [])
        wrong = wrong_in_answer(case, v) + wrong_in_books(case, v, rows, upstream) + wrong_in_request(case, upstream)
        errors = " then ".join(row.get("error", row["status"]) for row in rows)
        failures += ["%s: %s [%s]" % (case.name, "; ".join(wrong), errors)] if wrong else []
    print("\n".join(failures))
    print("%d of %d ends are as promised" % (len(cases) - len(failures), len(cases)))
    return 1 if failures else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(asyncio.run(run(sys.argv[1], sys.argv[2:], temporary)))
