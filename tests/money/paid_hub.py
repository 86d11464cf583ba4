# Knows how a hub that bills its users is set up; refuses to know what is tested on it.
import http.client
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from hub_fixture import Hub  # noqa: E402

PATH = "/v1/chat/completions"
LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
UNIT = 10**9


def billionths(text):
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole) * UNIT + int(part.ljust(9, "0") or 0)
    return -value if text.startswith("-") else value


def bill(hub, models, **settings):
    """Service-provider mode, with a price of a thousandth of a credit for each token of an answer."""
    hub.do("settings.put", {"billing": "credits", **settings})
    for model in models:
        hub.do("rate.put", {"provider": "echo", "model": model, "inputRate": "0", "outputRate": "0.001"})


def user_key(hub, name):
    hub.do("user.put", {"name": name})
    done = hub.command("key", "create", "--data", hub.data, "--name", name, "--user", name)
    return done.stdout.decode().strip()


def body(model, text, **more):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **more})


def post(port, key, data, path=PATH, seconds=30, headers=None):
    """Status, x-request-id and body of one call."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("POST", path, data, {"authorization": "Bearer " + key, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.getheader("x-request-id"), answer.read()
    finally:
        connection.close()


def all_rows(hub, **filters):
    rows, page = [], 1
    while True:
        listed = hub.do("usage.list", {"page": page, "pageSize": 100, "order": "asc", **filters})["list"]
        rows += listed
        if len(listed) < 100:
            return rows
        page += 1
