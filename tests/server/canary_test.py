# Secrets with a mark in them are planted everywhere a hub keeps or meets one, calls of all kinds
# succeed and fail at the highest log level, and then every byte that left the program or reached the
# disk is searched for the marks.
import base64
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, Imitation, request, wait_until  # noqa: E402

MASTER = "c0ffee" + "5afe" * 14 + "ca"
SECRETS = {
    "openai": "sk-proj-CANARYopenai4f9a1c7e2b60d8",
    "anthropic": "sk-ant-api03-CANARYanthropic81d2e6f5",
    "google": "AIzaSyCANARYgoogle57a3c9b1e4d2f608",
    "second": "sk-proj-CANARYsecond9b8e7d6c5a4f3e2",
    "bad": "bad-CANARYrefused6d5c4b3a29180f7e",
    "pair": "CANARYsecretaccess/7Yh3+Kq9Zw2Lx8",
    "short": "CNRYshrt",
}
PROMPT = "CANARYprompt-the-patient-is-called-Zelda-Quux"
TOOL_RESULT = "CANARYresult-0451"


class Search:
    """The marks, in each spelling in which one could leak, and where they were found."""

    def __init__(self):
        self.needles = {}
        self.found = []
        self.places = 0

    def plant(self, name, secret, part=12):
        spellings = {
            secret, base64.b64encode(secret.encode()).decode().rstrip("="),
            secret.encode().hex(), urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]}
        if len(secret) > 2 * part:  # its middle gives it away as well
            spellings.add(secret[len(secret) // 2 - part // 2:len(secret) // 2 + part // 2])
        self.needles[name] = [s.encode() for s in spellings]

    def scan(self, where, data, but=()):
        self.places += 1
        for name, spellings in self.needles.items():
            if name in but:
                continue
            for spelling in spellings:
                at = data.find(spelling)
                if at >= 0:
                    around = data[max(0, at - 80):at + len(spelling) + 40]
                    self.found.append("%s: %s is in it: ...%r..." % (where, name, around))
                    break


def chat_body(face, model, words, stream, more=None):
    if face == "openai":
        return "/v1/chat/completions", {"model": model, "stream": stream, "messages": [
            {"role": "user", "content": "%s %s" % (PROMPT, words)}], **(more or {})}
    return "/api/v2/chat", {"input": {"messages": [
        {"role": "user", "content": "%s %s" % (PROMPT, words)}], "modelOptions": {"model": model}},
        "options": {"streaming": stream}}


def drive(hub, key, search, calls):
    """Each call in both formats, plain and streamed; error answers must not show anything."""
    for model, words, echoes in calls:
        for face in ("openai", "aigne"):
            for stream in (False, True):
                path, body = chat_body(face, model, words, stream)
                answer = request(hub.port, "POST", path, json.dumps(body), {
                    "authorization": "Bearer " + key, "content-type": "application/json"})
                where = "%s %s %s%s -> %d" % (face, model, words, " stream" if stream else "", answer.status)
                succeeded = answer.status == 200 and b'"error"' not in answer.body and b"event: error" not in answer.body
                # Who sent a prompt may see it again; the provider's sentence is his answer.
                own = (echoes and succeeded) or "#leak-prompt" in words
                search.scan(where, answer.body, but=("prompt",) if own else ())
                search.scan(where + " headers", str(answer.headers).encode())


FAULTS = [
    "status=400", "status=400 #leak", "status=401", "status=401 #leak", "status=403 #leak",
    "status=404 #leak", "status=429 #retry=3 #leak", "status=500 #leak", "status=503", "status=529 #leak",
    "status=400 #leak-prompt", "status=500 #leak-prompt", "status=401 #leak #leak-prompt",
    "error-mid", "cut", "end-early", "garbage", "garbage-frame", "html", "empty", "not-object", "reset",
    "bad-status", "big-error", "wrong-types", "redirect", "false-gzip", "bad-utf8-error"]


def drive_refusals(hub, key, search):
    """What the hub itself refuses, with marks in every place a message could quote from."""
    head = {"authorization": "Bearer " + key, "content-type": "application/json"}
    bodies = [
        '{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"%s"' % PROMPT,
        '{"model":"openai/gpt-4o-mini","messages":"%s","oops":}' % PROMPT,
        json.dumps({"model": "anthropic/claude-haiku-4-5", "messages": [{"role": PROMPT, "content": "x"}]}),
        json.dumps({"model": "anthropic/claude-haiku-4-5", "messages": [{"role": "user", "content": {PROMPT: 1}}]}),
        json.dumps({"model": "google/gemini-2.5-flash", "messages": [
            {"role": "tool", "tool_call_id": "x", "content": TOOL_RESULT}]}),
        json.dumps({"model": "google/gemini-2.5-flash", "messages": [{"role": "user", "content": PROMPT}],
                    "temperature": PROMPT}),
        json.dumps({"input": {"messages": [{"role": "user", "content": [{"type": PROMPT, "text": PROMPT}]}],
                              "modelOptions": {"model": "anthropic/claude-haiku-4-5"}}}),
        json.dumps({"input": {"messages": PROMPT, "responseFormat": PROMPT}}),
    ]
    for body in bodies:
        for path in ("/v1/chat/completions", "/api/v2/chat"):
            answer = request(hub.port, "POST", path, body, head)
            assert answer.status in (400, 404), (path, body, answer.status, answer.body)
            search.scan("refusal of %s" % body[:60], answer.body)
    for key_sent in ("CANARYguess-of-a-key-77aa88bb", "blocklet-CANARYguess-of-a-key-77aa88bb"):
        for header in ({"authorization": "Bearer " + key_sent}, {"x-api-key": key_sent}):
            path, body = chat_body("openai", "openai/gpt-4o-mini", "", False)
            answer = request(hub.port, "POST", path, json.dumps(body), {**header, "content-type": "application/json"})
            assert answer.status == 401, answer.status
            search.scan("refusal of a key", answer.body)
    answer = request(hub.port, "GET", "/nowhere/CANARYguess-of-a-key-77aa88bb?key=" + key, headers={"authorization": "Bearer " + key})
    search.scan("an unknown path", answer.body, but=("guess",))


def plant_all(hub, imitation, search):
    for provider, base_url in imitation.base_urls().items():
        hub.do("provider.put", {"name": provider, "baseUrl": base_url})
        hub.do("credential.put", {"provider": provider, "name": "main", "value": SECRETS[provider]})
    hub.do("provider.put", {"name": "echo"})
    hub.do("provider.put", {"name": "bedrock", "region": "us-east-1"})
    hub.do("credential.put", {"provider": "bedrock", "name": "pair", "value": {
        "access_key_id": "AKIAVISIBLE00EXAMPLE", "secret_access_key": SECRETS["pair"]}})
    hub.do("credential.put", {"provider": "poe", "name": "short", "value": SECRETS["short"]})
    hub.do("rate.put", {"provider": "openai", "model": "gpt-4o-mini", "type": "chat",
                        "inputRate": "0.00000015", "outputRate": "0.0000006"})
    for name, secret in SECRETS.items():
        search.plant("secret of " + name, secret)
    search.plant("prompt", PROMPT, part=20)
    search.plant("tool result", TOOL_RESULT)
    search.plant("guess", "CANARYguess-of-a-key-77aa88bb")
    search.plant("master key", MASTER)
    search.needles["master key"].append(bytes.fromhex(MASTER))
    search.needles["master key"].append(base64.b64encode(bytes.fromhex(MASTER)).rstrip(b"="))


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_of(inner)


def rows_of(reply):
    if isinstance(reply, list):
        return reply
    return next(v for v in reply.values() if isinstance(v, list))


def check_masked_values(hub, search):
    """Masks cannot be saved back as keys, whatever verb showed them."""
    shown = 0
    for provider in ("openai", "anthropic", "bedrock"):
        listed = hub.do("credential.list", {"provider": provider})
        for row in rows_of(listed):
            for value in strings_of(row):
                if not re.search(r"\*{2,}|•{2,}|…", value):
                    continue
                shown += 1
                done = hub.try_do("credential.put", {"provider": provider, "name": row["name"], "value": value})
                assert done.returncode != 0, "the mask %r was saved as a key" % value
                search.scan("refusal of a mask", done.stdout + done.stderr)
                pair = {"access_key_id": "AKIAVISIBLE00EXAMPLE", "secret_access_key": value}
                if provider == "bedrock":
                    done = hub.try_do("credential.put", {"provider": provider, "name": row["name"], "value": pair})
                    assert done.returncode != 0, "the mask %r was saved in a pair" % value
    assert shown >= 2, "no masked value was shown: %r" % listed


def over_http(hub, admin, key, search):
    """The same verbs by HTTP, as an administrator, as a user and as nobody."""
    calls = [(verb, {}) for verb in ("provider.list", "credential.list", "rate.list", "key.list", "user.list", "usage.list", "settings.get", "hub.status")]
    calls += [("credential.get", {"provider": "openai", "name": "main"}), ("credential.test", {"provider": "openai", "name": "main"}),
              ("credential.put", {"provider": "nobody", "name": "x", "value": SECRETS["second"]}),
              ("credential.put", {"provider": "openai", "name": 5, "value": SECRETS["second"]}),
              ("provider.put", {"name": "openai", "apiKey": SECRETS["second"]})]
    for verb, arguments in calls:
        for who in (admin, key, "nobody"):
            answer = request(hub.port, "POST", "/api/admin/" + verb, json.dumps(arguments), {
                "authorization": "Bearer " + who, "content-type": "application/json"})
            search.scan("%s by HTTP -> %d" % (verb, answer.status), answer.body)
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": verb.replace(".", "_"), "arguments": arguments}}
            answer = request(hub.port, "POST", "/mcp", json.dumps(message), {
                "authorization": "Bearer " + who, "content-type": "application/json"})
            assert answer.status == (200 if who == admin else 403 if who == key else 401), answer.body
            search.scan("%s by MCP -> %d" % (verb, answer.status), answer.body)


def wal_and_all(hub, search, where):
    for name, data in hub.files().items():
        search.scan("%s %s" % (where, name), data, but=())


def main():
    program = sys.argv[1]
    search = Search()
    imitation = Imitation()
    hub = Hub(program, ["--log-level", "debug"], env={"AIGNE_HUB_MASTER_KEY": MASTER})
    try:
        plant_all(hub, imitation, search)
        admin = re.search(rb"admin key: (\S+)", hub.all_output()).group(1).decode()
        key = hub.key("canary")
        search.plant("access key", key)
        said = len(hub.said)
        wait_until(lambda: request(hub.port, "GET", "/v1/models", headers={"authorization": "Bearer " + key}).status == 200)

        models = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "google/gemini-2.5-flash"]
        drive(hub, key, search, [(m, "#say=fine", False) for m in models] + [("echo/echo", "", True)])
        drive(hub, key, search, [(m, "#" + fault, False) for m in models for fault in FAULTS])
        drive_refusals(hub, key, search)

        # A key the provider refuses, quoting parts of it.
        for provider, model in (("openai", models[0]), ("anthropic", models[1]), ("google", models[2])):
            hub.do("credential.put", {"provider": provider, "name": "main", "value": SECRETS["bad"]})
        wait_until(lambda: any(e.get("key") == SECRETS["bad"] for e in imitation.log()) or
                   drive(hub, key, search, [(models[0], "", False)]))
        drive(hub, key, search, [(m, "", False) for m in models])
        for provider in ("openai", "anthropic", "google"):
            hub.try_do("credential.test", {"provider": provider, "name": "main"}, ["--log-level", "debug"])
        hub.do("credential.put", {"provider": "openai", "name": "second", "value": SECRETS["second"]})
        check_masked_values(hub, search)

        for verb in ("provider.list", "credential.list", "rate.list", "key.list", "user.list", "usage.list"):
            hub.try_do(verb, {}, ["--log-level", "debug"])
        for verb, arguments in (("credential.get", {"provider": "openai", "name": "main"}),
                                ("provider.get", {"name": "openai"}), ("credential.put", {"provider": "nobody", "name": "x", "value": SECRETS["second"]}),
                                ("credential.put", {"provider": "openai", "nam": "x", "value": SECRETS["second"]}),
                                ("credential.put", {"provider": "openai", "name": ["x"], "value": {"api": SECRETS["second"]}})):
            hub.try_do(verb, arguments, ["--log-level", "debug"])
        hub.command("do", "--data", hub.data, "credential.put", '{"provider":"openai","value":"%s"' % SECRETS["second"])
        over_http(hub, admin, key, search)

        for i, text in enumerate(hub.said[said:]):
            search.scan("output of command %d" % i, text)
        wal_and_all(hub, search, "while running:")
        assert hub.alive(), "the server did not survive"
        hub.child.terminate()
        status = hub.child.wait(15)
        assert status == 0, "the server ended with %d" % status
        wal_and_all(hub, search, "after the end:")
        log = hub.all_output()
        shown_once = log.replace(admin.encode(), b"", 1)
        assert admin.encode() not in shown_once, "the admin key was shown twice"
        search.scan("the log", shown_once)
    finally:
        hub.stop()
        imitation.stop()
    for line in search.found:
        print("FOUND", line, file=sys.stderr)
    print("%d places searched for %d marks, %d found" % (search.places, len(search.needles), len(search.found)))
    sys.exit(1 if search.found else 0)


if __name__ == "__main__":
    main()
