# What calls cost, against a reference in decimal arithmetic; and no call costs more than was held for it.
#
# usage: price_test.py PRICE_DRIVER [SEED]; AIGNE_TEST_LONG=1 prices ten times as many.
import datetime
import json
import os
import random
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal, getcontext

getcontext().prec = 80
CALLS = 200_000 if os.environ.get("AIGNE_TEST_LONG") == "1" else 10_000
DAY = 86_400_000
NONE = Decimal(0)
NOW = 1_790_000_000_000
LARGEST = 2**63 - 1
SERVICES = ["standard", "batch", "flex", "priority"]
KINDS = ["chat", "embedding", "image", "video", "speech", "transcription"]
INPUTS = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input"]
OUTPUTS = ["output", "reasoning", "audio_output", "image_output"]
COUNTED = {"input": "input", "cachedRead": "cache_read", "cachedWrite": "cache_write_5m",
           "cachedWrite1h": "cache_write_1h", "output": "output", "reasoning": "reasoning",
           "audioInput": "audio_input", "audioOutput": "audio_output", "imageInput": "image_input",
           "imageOutput": "image_output"}
FALLBACK = [("cachedRead", "input"), ("cachedWrite", "input"), ("cachedWrite1h", "cachedWrite"),
            ("reasoning", "output"), ("audioInput", "input"), ("audioOutput", "output"),
            ("imageInput", "input"), ("imageOutput", "output")]
UNIT = {"image": ("image", "output"), "video": ("second", "output"), "speech": ("character", "input"),
        "transcription": ("second", "input")}
PARTS = list(COUNTED) + ["image", "second", "character", "request"]


# ---- the reference ----

def holds(tier, prompt, service, at):
    moment = datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc)
    clock = "%02d:%02d" % (moment.hour, moment.minute)
    if "from" in tier:
        begun, over = clock >= tier["from"], clock < tier["to"]
        if not (begun and over if tier["from"] <= tier["to"] else begun or over):
            return False
    return (prompt > tier.get("above", -1) and tier.get("service", SERVICES[service]) == SERVICES[service]
            and tier.get("since", 0) <= at < tier.get("until", LARGEST))


def prices_of(rate, kind, prompt, service, at):
    caching = rate.get("caching", {})
    named = {"input": rate["inputRate"], "output": rate["outputRate"], "cachedRead": caching.get("readRate"),
             "cachedWrite": caching.get("writeRate"), "cachedWrite1h": caching.get("write1hRate"),
             **rate.get("rates", {})}
    for tier in rate.get("tiers", []):
        if holds(tier, prompt, service, at):
            named.update(tier["rates"])
    price = {name: Decimal(value) for name, value in named.items() if value is not None}
    if kind in UNIT:
        unit, usual = UNIT[kind]
        price.setdefault(unit, price[usual])
        if usual == "output":
            price["output"] = Decimal(0)
    if "image" in price:
        price.setdefault("imageOutput", Decimal(0))
    for name, other in FALLBACK:
        price.setdefault(name, price[other])
    return price


def cost(rate, kind, usage, at):
    told = {name: max(count, 0) for name, count in usage.items()}
    prompt = sum(told.get(name, 0) for name in INPUTS)
    price = prices_of(rate, kind, prompt, max(usage.get("service", -1), 0), at)
    tokens = sum(told.get(count, 0) * price[name] for name, count in COUNTED.items())
    by_tokens = told.get("image_output", 0) > 0 and price["imageOutput"] > 0
    units = told.get("milliseconds", 0) * price.get("second", NONE) / 1000 + told.get("characters", 0) * \
        price.get("character", NONE) + (0 if by_tokens else told.get("images", 0) * price.get("image", NONE))
    if kind in ("speech", "transcription") and tokens > 0:
        units = 0
    total = tokens + units + price.get("request", NONE)
    billionths = int((total * 10**9).to_integral_value(ROUND_HALF_UP))
    return billionths if billionths <= LARGEST else None


# ---- random rates and calls ----

def amount(dice):
    digits = dice.choice([2, 6, 9, 10, 18])
    value = Decimal(dice.randrange(10 ** dice.randrange(1, 6))).scaleb(-digits)
    return dice.choice([format(value, "f"), str(value)])


def some_parts(dice, share):
    return {name: amount(dice) for name in PARTS if dice.random() < share}


def tier(dice):
    made = {"rates": some_parts(dice, 0.4)}
    if dice.random() < 0.5:
        made["above"] = dice.choice([0, 10, 1000, 200_000])
    if dice.random() < 0.4:
        made["service"] = dice.choice(SERVICES)
    if dice.random() < 0.3:
        made["since"] = NOW + dice.randrange(-3 * DAY, 3 * DAY)
    if dice.random() < 0.3:
        made["until"] = NOW + dice.randrange(-3 * DAY, 3 * DAY)
    if dice.random() < 0.3:
        made["from"], made["to"] = ("%02d:%02d" % (dice.randrange(24), dice.randrange(60)) for _ in range(2))
    return made


def random_rate(dice):
    made = {"inputRate": amount(dice), "outputRate": amount(dice), "rates": some_parts(dice, 0.15),
            "caching": {name: amount(dice) for name in ("readRate", "writeRate", "write1hRate")
                        if dice.random() < 0.5},
            "tiers": [tier(dice) for _ in range(dice.choice([0, 0, 1, 2, 5]))]}
    for name in COUNTED:  # what has a name of its own in a rate stands there
        if name in ("input", "output", "cachedRead", "cachedWrite", "cachedWrite1h"):
            made["rates"].pop(name, None)
    return made


def split(dice, total, names):
    """So many at most, over some of the names."""
    left, counts = dice.choice([total, dice.randrange(total + 1)]), {}
    for name in dice.sample(names, dice.randrange(1, len(names) + 1)):
        counts[name] = dice.choice([left, dice.randrange(left + 1)])
        left -= counts[name]
    return counts


def random_call(dice, kind):
    """How large a request is, and what it may have used."""
    size = {"prompt": dice.choice([0, 5, 1000, 300_000]), "answers": dice.choice([1, 1, 4]), "answer": 0,
            "limit": dice.choice([0, 4096]), "milliseconds": 0, "characters": 0}
    heard = made = images = 0
    if kind == "chat":
        size["answer"] = dice.choice([0, 1, 500])
        one = min(size["answer"] or size["limit"] or 8192, size["limit"] or size["answer"] or 8192)
        made, images = one * size["answers"], 8 * size["answers"]
    elif kind == "image":
        made, images = 8192 * size["answers"], size["answers"]
    elif kind == "video":
        size["milliseconds"] = dice.randrange(60_000)
    elif kind == "speech":
        size["characters"] = dice.randrange(5000)
        made = 2 * size["characters"]
    elif kind == "transcription":
        size["milliseconds"] = dice.randrange(600_000)
        heard = made = size["milliseconds"] // 50 + 1
    usage = split(dice, size["prompt"] + heard, INPUTS)
    if made:
        usage.update(split(dice, made, OUTPUTS))
    for name, most in (("images", images), ("milliseconds", size["milliseconds"]),
                       ("characters", size["characters"])):
        if most and dice.random() < 0.7:
            usage[name] = dice.randrange(most + 1)
    usage["service"] = dice.choice([-1, 0, 1, 2, 3])
    return size, usage


def lines(dice):
    for _ in range(CALLS):
        kind, asked = dice.choice(KINDS), NOW + dice.randrange(-DAY, DAY)
        size, usage = random_call(dice, kind)
        yield {"type": kind, "rate": random_rate(dice), "usage": usage, "size": size, "asked": asked,
               "at": asked + dice.randrange(DAY)}


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    print("%d calls, seed %d" % (CALLS, seed), flush=True)
    calls = list(lines(random.Random(seed)))
    done = subprocess.run([sys.argv[1]], input="".join(json.dumps(c) + "\n" for c in calls).encode(),
                          stdout=subprocess.PIPE, check=True)
    told = done.stdout.decode().splitlines()
    assert len(told) == len(calls), "%d of %d were priced" % (len(told), len(calls))
    dear = 0
    for call, line in zip(calls, told):
        charged, most = (None if text == "none" else int(text) for text in line.split())
        wanted = cost(call["rate"], call["type"], call["usage"], call["at"])
        assert charged == wanted, "%s costs %s, not %s" % (json.dumps(call), wanted, charged)
        assert most is None or charged <= most, "%s costs %s, %s was held" % (json.dumps(call), charged, most)
        dear += charged is not None and charged > 0
    assert dear > CALLS / 2, "only %d cost anything" % dear
    print("no difference, none above its ceiling")


main()
