# What is listed can be called, what cannot be is not listed, and a hub without billing says that nothing is counted.
#
# usage: listed_models_test.py AIGNE_HUB [unittest's arguments]
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from hub_fixture import Hub, Imitation, request  # noqa: E402

PROGRAM = ""
SECRETS = {"openai": "sk-mock-0123456789abcdef", "anthropic": "sk-ant-mock-0123456789", "google": "AIza-mock-0123456789"}
CALLED = {"echo/echo", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-5", "google/gemini-2.5-flash"}
NOT_CALLED = {"xai/grok-4",  # no credential
              "deepseek/deepseek-chat"}  # turned off


class ListedModels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.imitation = Imitation()
        cls.hub = Hub(PROGRAM)
        cls.hub.use(cls.imitation, SECRETS)
        cls.hub.do("credential.put", {"provider": "deepseek", "name": "main", "value": "sk-test"})
        cls.hub.do("provider.put", {"name": "deepseek", "enabled": False})
        for name in CALLED | NOT_CALLED:
            provider, model = name.split("/")
            cls.hub.do("rate.put", {"provider": provider, "model": model, "inputRate": "0", "outputRate": "0"})
        cls.head = {"authorization": "Bearer " + cls.hub.key("test")}
        end = time.monotonic() + 10
        while cls.ask("GET", "/v1/models").status != 200 and time.monotonic() < end:
            time.sleep(0.05)

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.imitation.stop()

    @classmethod
    def ask(cls, method, path, body=None):
        return request(cls.hub.port, method, path, body and json.dumps(body), headers=cls.head)

    def listed(self, path, members, name):
        told = json.loads(self.ask("GET", path).body)
        return {item[name] for item in (told[members] if members else told)}

    def test_every_list_names_what_answers(self):
        for path, members, name in (("/v1/models", "data", "id"), ("/api/ai/models", None, "key"),
                                    ("/api/ai-providers/models", None, "key")):
            self.assertEqual(self.listed(path, members, name), CALLED, path)
        self.assertEqual(self.listed("/v1beta/models", "models", "name"), {"models/" + name for name in CALLED})

    def test_all_of_them_answer(self):
        messages = [{"role": "user", "content": "Hello"}]
        for model in self.listed("/v1/models", "data", "id"):
            told = self.ask("POST", "/v1/chat/completions", {"model": model, "messages": messages})
            self.assertEqual(told.status, 200, (model, told.body))
            told = self.ask("POST", "/v1/messages", {"model": model, "messages": messages, "max_tokens": 50})
            self.assertEqual((told.status, told.json().get("type")), (200, "message"), (model, told.body))
            told = self.ask("POST", "/v1/responses", {"model": model, "input": "Hello"})
            self.assertEqual((told.status, told.json().get("object")), (200, "response"), (model, told.body))
            told = self.ask("POST", "/v1beta/models/%s:generateContent" % model,
                            {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]})
            self.assertEqual(told.status, 200, (model, told.body))
            told = self.ask("POST", "/api/v2/chat", {"input": {"messages": messages, "modelOptions": {"model": model}}})
            self.assertEqual(told.status, 200, (model, told.body))

    def test_without_billing_nothing_is_counted(self):
        told = json.loads(self.ask("GET", "/api/user/info").body)
        self.assertEqual((told["enableCredit"], told["creditBalance"], told["paymentLink"]), (False, None, None))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
