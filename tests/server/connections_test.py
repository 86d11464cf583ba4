# More of everything than a server should be asked for: idle connections, slow heads and bodies, bodies without
# an end, slow streams. It goes on serving, and its memory stays bounded. With AIGNE_TEST_LONG=1: 10,000 and 1,000.
import json
import os
import resource
import selectors
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, request, wait_until  # noqa: E402

LONG = os.environ.get("AIGNE_TEST_LONG") == "1"
PATIENCE = 30
failures = []


def check(good, what):
    if not good:
        failures.append(what)
    return good


def check_memory(good, what):
    """Of a server with a sanitizer inside, memory figures say nothing."""
    with open(sys.argv[1], "rb") as program:
        return b"__asan_init" in program.read() or check(good, what)


def resident_kilobytes(hub):
    with open("/proc/%d/status" % hub.child.pid, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def start(*flags):
    hub = Hub(sys.argv[1], list(flags))
    hub.do("provider.put", {"name": "echo"})
    key = hub.key("crowd")
    wait_until(lambda: ask(hub, key) == 200)
    return hub, key


def body(model="echo/echo", words="one two three", stream=False):
    return json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": words}]})


def head(key, length):
    return ("POST /v1/chat/completions HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer %s\r\n"
            "content-type: application/json\r\n%s\r\n\r\n" % (key, length)).encode()


def ask(hub, key):
    return request(hub.port, "POST", "/v1/chat/completions", body().encode(),
                   {"authorization": "Bearer " + key, "content-type": "application/json"}).status


def connect(hub, count, source="127.0.0.1"):
    """Sockets that are connected, as far as the server let them."""
    made = []
    for _ in range(count):
        s = socket.socket()
        s.bind((source, 0))
        s.connect(("127.0.0.1", hub.port))
        made.append(s)
    return made


def is_closed(s):
    try:
        s.setblocking(False)
        return s.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def count_closed(sockets, wanted, seconds=PATIENCE):
    end = time.monotonic() + seconds
    gone = set()
    while len(gone) < wanted and time.monotonic() < end:
        gone.update(i for i, s in enumerate(sockets) if i not in gone and is_closed(s))
        time.sleep(0.02)
    return gone


def close(sockets):
    for s in sockets:
        s.close()


def ended(hub):
    check(hub.stop() == 0, "the server did not end well")


def idle_connections():
    count = 10000 if LONG else 1000
    hub, key = start("--connections", str(count * 5 // 4), "--keep-alive", "3600", "--head-timeout", "3600")
    before = resident_kilobytes(hub)
    sockets = connect(hub, count)
    check(ask(hub, key) == 200, "%d idle connections keep others out" % count)
    used = resident_kilobytes(hub) - before
    print("%d idle connections: %d KB more, %.1f KB each" % (count, used, used / count))
    check_memory(used < count * 12 + 4096, "an idle connection costs %d KB" % (used // count))
    check(not count_closed(sockets, 1, 0.1), "an idle connection was closed")
    close(sockets)
    ended(hub)


def the_longest_idle_make_room():
    hub, key = start("--threads", "1", "--connections", "64", "--keep-alive", "3600", "--head-timeout", "3600")
    sockets = connect(hub, 150)
    gone = count_closed(sockets, 90)
    check(len(gone) >= 90, "only %d of 150 made room" % len(gone))
    check(max(gone) < 150 - 40, "a new one was closed before the old ones: %d" % max(gone))
    check(ask(hub, key) == 200, "a crowd of idle connections keeps others out")
    close(sockets)
    ended(hub)


def each_address_its_share():
    hub, key = start("--threads", "2", "--address-connections", "20")
    many = connect(hub, 60, "127.0.0.2")
    check(len(count_closed(many, 40)) == 40, "an address has more connections than it may")
    check(ask(hub, key) == 200, "another address is kept out")
    close(many)
    again = []

    def free():
        close(again)
        again[:] = connect(hub, 20, "127.0.0.2")
        time.sleep(0.05)
        return not count_closed(again, 1, 0.1)
    wait_until(free)
    close(again)
    ended(hub)


def slow_heads_and_bodies():
    hub, key = start("--head-timeout", "1", "--request-timeout", "2", "--keep-alive", "1")
    heads = connect(hub, 100)
    bodies = connect(hub, 100)
    for s in bodies:
        s.sendall(head(key, "content-length: 100000"))
    left = set(range(200))
    sockets = heads + bodies
    end = time.monotonic() + PATIENCE
    while left and time.monotonic() < end:
        for i in list(left):
            try:
                sockets[i].sendall(b"G" if i < 100 else b" ")
                if is_closed(sockets[i]):
                    left.discard(i)
                sockets[i].setblocking(True)
            except OSError:
                left.discard(i)
        time.sleep(0.1)
    check(not left, "%d drip for ever" % len(left))
    check(ask(hub, key) == 200, "slow clients keep others out")
    close(sockets)
    ended(hub)


def endless_bodies():
    hub, key = start("--memory-limit", "20000000", "--body-limit", "8000000", "--threads", "1")
    before = resident_kilobytes(hub)
    sockets = connect(hub, 6)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    watched = selectors.DefaultSelector()
    answers = {}
    highest = before
    for s in sockets:
        s.sendall(head(key, "transfer-encoding: chunked"))
        s.setblocking(False)
        watched.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE)
    end = time.monotonic() + PATIENCE
    while len(answers) < len(sockets) and time.monotonic() < end:
        highest = max(highest, resident_kilobytes(hub))
        for key_of, events in watched.select(0.1):
            s = key_of.fileobj
            try:
                if events & selectors.EVENT_WRITE:
                    s.send(chunk)
                if events & selectors.EVENT_READ:
                    answers[s] = s.recv(65536)[9:12]
                    watched.unregister(s)
            except OSError:
                answers[s] = b"cut"
                watched.unregister(s)
    told = sorted(set(answers.values()))
    print("endless bodies: %d KB more at most, answers %s" % (highest - before, told))
    check(len(answers) == len(sockets), "%d bodies are taken without an end" % (len(sockets) - len(answers)))
    check(set(told) <= {b"413", b"503", b"", b"cut"}, "not turned away but %s" % told)
    check_memory(highest - before < 60000, "endless bodies take %d KB" % (highest - before))
    close(sockets)
    wait_until(lambda: ask(hub, key) == 200)
    ended(hub)


def slow_streams():
    count = 1000 if LONG else 200
    hub, key = start("--connections", str(count + 100))
    before = resident_kilobytes(hub)
    sockets = connect(hub, count)
    request_body = body("echo/pace-300", "one two three four five", True).encode()
    for s in sockets:
        s.sendall(head(key, "content-length: %d" % len(request_body)) + request_body)
    got = {s: b"" for s in sockets}
    watched = selectors.DefaultSelector()
    highest = before
    for s in sockets:
        s.setblocking(False)
        watched.register(s, selectors.EVENT_READ)
    end = time.monotonic() + PATIENCE * 2
    open_ones = set(sockets)
    while open_ones and time.monotonic() < end:
        highest = max(highest, resident_kilobytes(hub))
        for key_of, _ in watched.select(0.1):
            s = key_of.fileobj
            piece = s.recv(65536)
            got[s] += piece
            if not piece or b"data: [DONE]" in got[s]:
                watched.unregister(s)
                open_ones.discard(s)
    used = highest - before
    print("%d slow streams: %d KB more, %.1f KB each" % (count, used, used / count))
    check(all(b"data: [DONE]" in text for text in got.values()), "a stream did not end")
    check_memory(used < count * 60 + 8192, "a slow stream costs %d KB" % (used // count))
    close(sockets)
    ended(hub)


PARTS = [idle_connections, the_longest_idle_make_room, each_address_its_share, slow_heads_and_bodies, endless_bodies, slow_streams]


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if LONG and hard < 12000:
        print("only %d files may be open here; 12000 are needed" % hard)
        sys.exit(77)
    for part in PARTS:
        if len(sys.argv) > 2 and part.__name__ not in sys.argv[2:]:
            continue
        began = time.monotonic()
        part()
        print("%s: %.1f s" % (part.__name__, time.monotonic() - began))
        sys.stdout.flush()
    for failure in failures:
        print("FAILED", failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
