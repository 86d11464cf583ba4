# What a call waits for: nothing is read from the database, and one record is written.
#
# usage: call_path_test.py AIGNE_HUB SYNC_COUNT [unittest's arguments]
import http.client
import json
import mmap
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub  # noqa: E402

PROGRAM = SYNC_COUNT = ""
CALLS = 400
# The kernel counts what reads and writes files here, but nothing that receives and sends on sockets.
COUNTED = "/proc/%d/task/%d/io"
WAKE_UP = 8  # bytes: one thread tells another through a file of that size; a page of the database has 4,096


def serving_threads(process):
    """All but the ledger's, which steps back behind the others."""
    threads = [int(name) for name in os.listdir("/proc/%d/task" % process)]
    return [thread for thread in threads if os.sched_getscheduler(thread) != os.SCHED_BATCH]


def file_calls(process):
    sums = {"rchar": 0, "syscw": 0}
    for thread in serving_threads(process):
        with open(COUNTED % (process, thread)) as file:
            told = dict(line.split(": ") for line in file)
        for name in sums:
            sums[name] += int(told[name])
    return sums


class Syncs:
    """How often a process waited for the disk: on the threads that serve, and on the ledger's."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="syncs-")
        self.file.truncate(16)
        self.page = mmap.mmap(self.file.fileno(), 16)
        self.env = {"SYNC_COUNT": self.file.name,
                    "LD_PRELOAD": " ".join(filter(None, [os.environ.get("LD_PRELOAD"), SYNC_COUNT])),
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def counted(self):
        return struct.unpack("qq", self.page[:])

    def close(self):
        self.page.close()
        self.file.close()


@unittest.skipUnless(os.path.exists("/proc/self/io"), "this kernel does not count what a thread reads and writes")
class CallPath(unittest.TestCase):
    def setUp(self):
        self.syncs = Syncs()
        self.addCleanup(self.syncs.close)
        self.hub = Hub(PROGRAM, env=self.syncs.env)
        self.addCleanup(self.hub.stop)

    def ask(self, connection, key, stream):
        body = {"model": "echo/echo", "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"authorization": "Bearer " + key})
        answer = connection.getresponse()
        self.assertIn(b"Hello", answer.read())
        return answer.status

    def test_a_call_reads_no_file_and_writes_one_record(self):
        key = self.hub.key("test")
        connection = http.client.HTTPConnection("127.0.0.1", self.hub.port, timeout=30)
        self.addCleanup(connection.close)
        for stream in (False, True):
            for _ in range(20):  # what is made once is there: the connection, the file of records
                self.ask(connection, key, stream)
            before, synced = file_calls(self.hub.child.pid), self.syncs.counted()
            self.assertEqual({self.ask(connection, key, stream) for _ in range(CALLS)}, {200})
            after = file_calls(self.hub.child.pid)
            serving, ledger = (now - then for now, then in zip(self.syncs.counted(), synced))
            self.assertEqual(serving, 0)  # no call waits for the disk
            self.assertLessEqual(ledger, CALLS // 4)  # and a commit is of many
            read, writes = (after[name] - before[name] for name in ("rchar", "syscw"))
            self.assertLessEqual(read, 2 * CALLS * WAKE_UP)
            self.assertGreaterEqual(writes, CALLS)  # the records
            self.assertLessEqual(writes, 2 * CALLS + CALLS // 4)  # and a wake-up each
        self.assertEqual(self.hub.do("usage.list")["count"], 2 * (CALLS + 20))
        self.assertGreater(sum(self.syncs.counted()), 0)  # they are counted


if __name__ == "__main__":
    PROGRAM, SYNC_COUNT = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main(verbosity=2)
