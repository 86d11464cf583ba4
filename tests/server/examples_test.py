# Each example runs as a newcomer would run it, and prints and returns what its first lines promise.
#
# usage: examples_test.py AIGNE_HUB SOURCES NAME PROGRAM [NAME PROGRAM]...
import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from hub_fixture import Hub  # noqa: E402

PROGRAM = ""
SOURCES = ""
EXAMPLES = {}


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = Hub(PROGRAM)
        cls.url = "http://127.0.0.1:%d" % cls.hub.port
        cls.key = cls.hub.key("examples")

    @classmethod
    def tearDownClass(cls):
        assert cls.hub.stop() == 0

    def run_example(self, name, *arguments, model="echo/echo", key=None):
        if name not in EXAMPLES:
            self.skipTest(name + " was not built")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIGNE_HUB", "BLOCKLET"))}
        clean.update(AIGNE_HUB_API_URL=self.url, AIGNE_HUB_API_KEY=key or self.key, BLOCKLET_AIGNE_API_MODEL=model)
        return subprocess.run([EXAMPLES[name], *arguments], capture_output=True, text=True, timeout=60, env=clean)

    def check(self, done, *parts):
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(done.stderr, "")
        for part in parts:
            self.assertIn(part, done.stdout)

    def test_chat(self):
        done = self.run_example("chat")
        self.check(done)
        self.assertEqual(done.stdout, "Hello, AIGNE Hub!\n")
        self.check(self.run_example("chat", 'say "hi" \\ now'), 'say "hi" \\ now')
        done = self.run_example("chat", "by argument", self.url, self.key, "echo/other", key="wrong", model="openai/x")
        self.check(done, "by argument")

    def test_chat_says_why_not(self):
        done = self.run_example("chat", key="wrong")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("AIGNE_E_AUTH", done.stderr)
        done = self.run_example("chat", model="openai/gpt-4o")
        self.assertEqual(done.returncode, 1)
        self.assertIn("openai", done.stderr)

    def test_stream(self):
        self.check(self.run_example("stream"), "What is an AI hub?", "usage: {", '"outputTokens":')

    def test_tools(self):
        done = self.run_example("tools")
        self.check(done, '"name":"weather"', "18 degrees, rain")
        self.assertTrue(done.stdout.startswith("tool call: {"))

    def test_embedded(self):
        done = self.run_example("embedded")
        self.check(done, "answer: Hello from inside!")
        usage = [line for line in done.stdout.splitlines() if line.startswith("usage.list: ")]
        row = json.loads(usage[0].split(": ", 1)[1])["list"][0]
        self.assertEqual((row["provider"], row["status"], row["credits"]), ("echo", "success", "0.009"))

    def test_loop_epoll(self):
        done = self.run_example("loop_epoll", model="echo/echo-pace-20")
        self.check(done)
        for name in ("first", "second", "third"):
            said = [line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith(name + ": ")]
            self.assertEqual(said[-1], "done")
            self.assertEqual("".join(said[:-1]), "Hello!")

    def test_chat_cpp(self):
        self.check(self.run_example("chat_cpp"), "Hello from C++!\n")
        self.assertEqual(self.run_example("chat_cpp", key="wrong").returncode, 1)

    def test_each_is_short(self):
        for name in os.listdir(SOURCES):
            if name.endswith((".c", ".cpp")):
                with open(os.path.join(SOURCES, name)) as source:
                    self.assertLess(len(source.readlines()), 60, name)


if __name__ == "__main__":
    PROGRAM, SOURCES, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    EXAMPLES = dict(zip(rest[::2], rest[1::2]))
    unittest.main(argv=sys.argv[:1])
