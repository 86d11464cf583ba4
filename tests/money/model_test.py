# Random histories of an account book, against a reference that keeps lists and adds up.
#
# usage: model_test.py BOOK_DRIVER [SEED]
#
# 3,000 steps; AIGNE_TEST_LONG=1 takes 100,000, in two or three minutes:
#
#     AIGNE_TEST_LONG=1 meson test -C BUILD money-model
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
STEPS = 100_000 if LONG else 3_000
NEVER = 2**63 - 1
UNIT = 10**9
ACCOUNTS = ["ann", "bob", "cyd"]
NOBODY = "-"  # calls that only budgets bind
PERIOD = 4000
BUDGETS = {  # counter: (per, limit, hard)
    "of-ann": (True, 9 * UNIT, True),
    "team": (True, 20 * UNIT, True),
    "model": (True, 12 * UNIT, False),
    "ever": (False, 4000 * UNIT, True),
}


class Book:
    """What the store promises, as plainly as it can be said."""

    def __init__(self):
        self.grants = []  # [id, account, amount, remaining, priority, expires, lapsed, revoked]
        self.by_id = {}
        self.live = {a: [] for a in ACCOUNTS}  # those of which something may remain
        self.debt = dict.fromkeys(ACCOUNTS, 0)
        self.sums = {a: dict(granted=0, spent=0, expired=0, revoked=0) for a in ACCOUNTS}
        self.holds = {}  # call -> (account, amount, claims)
        self.escrows = dict.fromkeys(ACCOUNTS, 0)  # held for calls that are yet to come
        self.counters = {}  # (counter, period) -> [spent, held]
        self.rows = 0

    def balance(self, account):
        return sum(g["remaining"] for g in self.live[account]) - self.debt[account]

    def held_for_calls(self, account):
        return sum(amount for who, amount, _ in self.holds.values() if who == account)

    def held(self, account):
        return self.held_for_calls(account) + self.escrows[account]

    def usable(self, account):
        self.live[account] = [g for g in self.live[account] if g["remaining"] > 0]
        return sorted(self.live[account], key=lambda g: (g["priority"], g["expires"]))

    def take(self, account, amount):
        for grant in self.usable(account):
            part = min(grant["remaining"], amount)
            grant["remaining"] -= part
            amount -= part
        self.debt[account] += amount

    def expire(self, account, now):
        for grant in self.usable(account):
            if grant["expires"] > now:
                continue
            free = self.balance(account) - self.held(account)
            if free > 0:
                part = min(grant["remaining"], free)
                grant["remaining"] -= part
                grant["lapsed"] += part
                self.sums[account]["expired"] += part

    def counter(self, claim):
        return self.counters.setdefault(claim[:2], [0, 0])

    def hold(self, call, account, amount, now, overdraft, claims):
        if account != NOBODY:
            self.expire(account, now)
            if self.balance(account) - self.held(account) + overdraft < amount:
                return False
        if any(hard and sum(self.counters.get((name, starts), [0, 0])) + amount > limit
               for name, starts, limit, hard in claims):
            return False
        self.holds[call] = (account, amount, claims)
        for claim in claims:
            self.counter(claim)[1] += amount
        return True

    def escrow(self, account, amount, now):
        self.expire(account, now)
        if amount > 0 and (self.balance(account) - self.held(account)) // 16 < amount:
            return False
        self.escrows[account] += max(amount, -self.escrows[account])
        return True

    def note(self, call, account, amount):
        self.escrows[account] -= amount
        self.holds[call] = (account, amount, ())

    def release(self, call):
        _, amount, claims = self.holds.pop(call)
        for claim in claims:
            self.counter(claim)[1] -= amount

    def settle(self, call, account, costs):
        """One cost for each attempt that is paid."""
        claims = self.holds[call][2]
        self.release(call)
        for claim in claims:
            self.counter(claim)[0] += sum(costs)
        if account != NOBODY:
            self.rows += len(costs)
            self.take(account, sum(costs))
            self.sums[account]["spent"] += sum(costs)

    def grant(self, id, account, amount, priority, expires):
        if id in self.by_id:
            return
        pays = min(self.debt[account], amount)
        self.debt[account] -= pays
        grant = dict(id=id, account=account, amount=amount, remaining=amount - pays, priority=priority,
                     expires=expires, lapsed=0, revoked=False)
        self.grants.append(grant)
        self.by_id[id] = grant
        self.live[account].append(grant)
        self.sums[account]["granted"] += amount

    def revoke(self, id, whole):
        grant = self.by_id.get(id)
        if grant and not grant["revoked"]:
            account, left = grant["account"], grant["remaining"]
            taken = grant["amount"] - grant["lapsed"] if whole else left
            grant["remaining"], grant["revoked"] = 0, True
            self.take(account, taken - left)
            self.sums[account]["revoked"] += taken
        return grant is not None


class Driver:
    def __init__(self, program, path):
        self.program, self.path, self.child = program, path, None
        self.start()

    def start(self):
        self.child = subprocess.Popen([self.program, self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def say(self, line):
        self.child.stdin.write(line.encode() + b"\n")

    def ask(self, line):
        self.say(line)
        self.child.stdin.flush()
        answer = self.child.stdout.readline().decode()
        if not answer:
            raise SystemExit("the driver ended at: %s" % line)
        return answer.strip()


def billionths(text):
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole) * UNIT + int(part.ljust(9, "0") or 0)
    return -value if text.startswith("-") else value


def said(claims):
    return ",".join("%s:%d:%d:%d" % claim for claim in claims) or "-"


class History:
    def __init__(self, program, path, seed):
        self.dice = random.Random(seed)
        self.book = Book()
        self.driver = Driver(program, path)
        self.now = 1_000_000
        self.count = 0
        self.uncommitted = set()
        self.noted = set()

    def new_id(self, kind):
        self.count += 1
        return "%s%d" % (kind, self.count)

    def hold(self):
        account = self.dice.choice(ACCOUNTS + [NOBODY])
        call, amount = self.new_id("c"), self.dice.randrange(0, 4 * UNIT)
        overdraft = self.dice.choice([0, 0, 0, UNIT])
        claims = self.claims(account)
        right = self.book.hold(call, account, amount, self.now, overdraft, claims)
        return ("hold %s %s %d %d %d %s" % (call, account, amount, self.now, overdraft, said(claims)),
                "held" if right else "refused")

    def note(self):
        """A hold out of what is set aside ahead: its caller does not wait for the transaction."""
        account = self.dice.choice(ACCOUNTS)
        call, amount = self.new_id("n"), self.dice.randrange(self.book.escrows[account] + 1)
        self.book.note(call, account, amount)
        self.noted.add(call)
        return "note %s %s %d %d" % (call, account, amount, self.now), None

    def escrow(self):
        account = self.dice.choice(ACCOUNTS)
        more = self.dice.random() < 0.7
        amount = self.dice.randrange(1, 2 * UNIT) if more else -self.dice.randrange(1, 2 * UNIT)
        right = self.book.escrow(account, amount, self.now)
        answer = self.driver.ask("escrow e %s %d %d" % (account, amount, self.now))
        expected = "0" + (" held" if right else " refused") * more
        self.must(answer == expected, "escrow: %s, not %s" % (answer, expected))

    def claims(self, account):
        names = [name for name in BUDGETS if self.dice.random() < 0.3]
        if account == "ann":
            names = sorted(set(names) | {"of-ann"})
        periods = [(name, self.now // PERIOD * PERIOD if BUDGETS[name][0] else 0) for name in names]
        return tuple((name, starts) + BUDGETS[name][1:] for name, starts in periods)

    def settle(self):
        # what is set aside is known to be so once its transaction is committed
        known = [call for call in self.book.holds if call not in self.uncommitted]
        if not known:
            return self.hold()
        call = self.dice.choice(known)
        account, amount, claims = self.book.holds[call]
        if self.dice.random() < 0.25:  # it failed before anything was delivered
            self.book.release(call)
            return "release %s %s %d %s" % (call, account, amount, said(claims)), None
        worse = self.dice.random() < 0.05  # the true cost may be more than was foreseen
        cost = amount + self.dice.randrange(UNIT) if worse else self.dice.randrange(amount + 1)
        before = [self.dice.randrange(cost // 2 + 1) for _ in range(self.dice.choice([0, 0, 0, 1, 2]))]
        self.book.settle(call, account, before + [cost])
        lines = ["attempt %s-%d %s %d %s %s" % (call, at, account, part, call, said(claims))
                 for at, part in enumerate(before)]
        return "\n".join(lines + ["settle %s %s %d %d %s" % (call, account, cost, amount, said(claims))]), None

    def grant(self):
        old = self.book.grants and self.dice.random() < 0.1
        id = self.dice.choice(self.book.grants)["id"] if old else self.new_id("g")
        account, amount = self.dice.choice(ACCOUNTS), self.dice.randrange(1, 8 * UNIT)
        priority = self.dice.choice([1, 50, 100])
        expires = self.dice.choice([NEVER, self.now + self.dice.randrange(1, 5000)])
        self.book.grant(id, account, amount, priority, expires)
        return "grant %s %s %d %d %d %d" % (id, account, amount, self.now, expires, priority), None

    def one(self):
        roll = self.dice.random()
        return self.note() if roll < 0.2 else self.hold() if roll < 0.5 else self.settle() if roll < 0.94 else self.grant()

    def batch(self):
        """Some operations at once, as the ledger writes them."""
        expected = ["0"]
        self.driver.say("begin")
        before = set(self.book.holds)
        for _ in range(self.dice.randrange(1, 12)):
            line, answer = self.one()
            self.uncommitted = set(self.book.holds) - before - self.noted
            self.driver.say(line)
            expected += [answer] if answer else []
        answer = self.driver.ask("commit")
        self.uncommitted = set()
        self.must(answer == " ".join(expected), "the answer was %s, not %s" % (answer, expected))

    def single(self):
        line, answer = self.one()
        together = "begin\n%s\ncommit" % line if "\n" in line else line
        self.must(self.driver.ask(together) == ("0 " + answer if answer else "0"), line)

    def revoke(self):
        id = self.dice.choice(self.book.grants)["id"] if self.book.grants else "none"
        whole = self.dice.random() < 0.5
        right = self.book.revoke(id, whole)
        answer = self.driver.ask("revoke %s %d %d" % (id, whole, self.now))
        self.must(answer == ("0" if right else "404"), "revoke: %s" % answer)

    def upkeep(self):
        for account in ACCOUNTS:
            self.book.expire(account, self.now)
        self.must(self.driver.ask("upkeep %d" % self.now) == "0", "upkeep")

    def crash(self):
        """What was under way is settled as interrupted: for nothing."""
        self.driver.kill()
        self.driver.start()
        for account in ACCOUNTS:
            self.book.expire(account, self.now)
        for call in list(self.book.holds):
            self.book.release(call)
        self.book.escrows = dict.fromkeys(ACCOUNTS, 0)
        self.must(self.driver.ask("upkeep %d" % self.now) == "0", "upkeep after a crash")
        for account in ACCOUNTS:
            self.book.expire(account, self.now)
        self.must(self.driver.ask("upkeep %d" % self.now) == "0", "upkeep after the release")

    def compare(self):
        for account in ACCOUNTS:
            told = json.loads(self.driver.ask("account " + account))
            right = dict(self.book.sums[account], balance=self.book.balance(account), held=self.book.held_for_calls(account))
            for name, value in right.items():
                self.must(billionths(told[name]) == value,
                          "%s of %s is %s, not %d" % (name, account, told[name], value))
            if len(told["grants"]) < 1000:
                left = {g["id"]: billionths(g["remaining"]) for g in told["grants"]}
                right = {g["id"]: g["remaining"] for g in self.book.grants if g["account"] == account}
                self.must(left == right, "the grants of %s differ" % account)
        for starts in (0, self.now // PERIOD * PERIOD):
            told = [line.split() for line in self.driver.ask("counters %d" % starts).split(";") if line]
            told = {name: [int(spent), int(held)] for name, spent, held in told}
            right = {name: sums for (name, at), sums in self.book.counters.items() if at == starts}
            self.must(told == right, "the budgets are %s, not %s" % (told, right))
        check = json.loads(self.driver.ask("check"))
        self.must(check["ok"] and check["rows"] == self.book.rows, "check: %s" % check)

    def must(self, right, what):
        if not right:
            raise SystemExit("step %d: %s" % (self.step, what))

    def run(self, steps):
        for self.step in range(steps):
            self.now += self.dice.randrange(50)
            roll = self.dice.random()
            if roll < 0.6:
                self.single()
            elif roll < 0.9:
                self.batch()
            elif roll < 0.93:
                self.revoke()
            elif roll < 0.96:
                self.escrow()
            elif roll < 0.99:
                self.upkeep()
            elif self.dice.random() < 0.3:
                self.crash()
            if self.step % 250 == 0:
                self.compare()
        self.compare()
        self.driver.kill()


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32)
    print("%d steps, seed %d" % (STEPS, seed), flush=True)
    folder = tempfile.mkdtemp(prefix="aigne-money-")
    try:
        History(sys.argv[1], os.path.join(folder, "book.db"), seed).run(STEPS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("no difference")


main()
