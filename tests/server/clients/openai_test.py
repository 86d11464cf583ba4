"""The PyPI openai SDK's chats against our server, relayed and translated."""
import asyncio
import json
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import hub_fixture
import openai
from pydantic import BaseModel

WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                   "required": ["city"], "additionalProperties": False}}}
ROUTES = {"relayed": "openai/gpt-4o-mini", "anthropic": "anthropic/claude-haiku-4-5", "gemini": "google/gemini-2.5-flash"}
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


class Place(BaseModel):
    city: str
    size: int


def setUpModule():
    global imitation, hub, key, url, client
    imitation = hub_fixture.Imitation()
    hub = hub_fixture.Hub(os.environ["AIGNE_HUB"])
    hub.use(imitation, {"openai": "sk-openai", "anthropic": "sk-ant", "google": "AIza"})
    for route in ROUTES.values():
        provider, model = route.split("/")
        hub.do("rate.put", {"provider": provider, "model": model, "type": "chat",
                            "inputRate": "0.00000015", "outputRate": "0.0000006"})
    key = hub.key("tests")
    url = f"http://127.0.0.1:{hub.port}/v1"
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    time.sleep(1.5)  # what was set beside the server is seen within a second


def tearDownModule():
    hub.stop()
    imitation.stop()


def ask(model, content, **more):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}], **more)


class Chats(unittest.TestCase):
    def each(self):
        for name, model in ROUTES.items():
            with self.subTest(name):
                yield model

    def test_answers(self):
        for model in self.each():
            r = client.chat.completions.create(model=model, messages=[
                {"role": "developer", "content": "Be brief."}, {"role": "user", "content": "one"},
                {"role": "assistant", "content": "two"}, {"role": "user", "content": "hello"}])
            self.assertEqual(r.choices[0].message.content, "Hello from the imitation")
            self.assertEqual((r.choices[0].finish_reason, r.usage.completion_tokens), ("stop", 4))
            self.assertTrue(r._request_id)

    def test_streams(self):
        for model in self.each():
            text, usage = "", []
            for chunk in ask(model, "hello #stream=12 #split=3", stream=True, stream_options={"include_usage": True}):
                text += "".join(choice.delta.content or "" for choice in chunk.choices)
                usage += [chunk.usage] if chunk.usage else []
            self.assertEqual(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n')
            self.assertEqual([u.completion_tokens for u in usage], [12])

    def test_parses(self):
        for model in self.each():
            r = client.chat.completions.parse(model=model, messages=[{"role": "user", "content": "where?"}],
                                              response_format=Place)
            self.assertIsInstance(r.choices[0].message.parsed, Place)

    def test_calls_tools_in_two_turns(self):
        for model in self.each():
            messages = [{"role": "user", "content": "weather? #tools"}]
            said = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER]).choices[0].message
            self.assertEqual(len(said.tool_calls), 2)
            self.assertEqual(len({call.id for call in said.tool_calls}), 2)
            messages.append(said.model_dump(exclude_none=True))
            for number, call in enumerate(said.tool_calls):
                self.assertIn("city", json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny %d" % number})
            again = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
            self.assertEqual(again.choices[0].message.content, "Result: sunny 0 | sunny 1")

    def test_streams_tools(self):
        for model in self.each():
            calls = {}
            for chunk in ask(model, "weather? #tools #stream=9", tools=[WEATHER], stream=True):
                for piece in [piece for choice in chunk.choices for piece in choice.delta.tool_calls or []]:
                    call = calls.setdefault(piece.index, {"id": piece.id, "arguments": ""})
                    call["arguments"] += piece.function.arguments or ""
            self.assertEqual(sorted(calls), [0, 1])
            for call in calls.values():
                self.assertTrue(call["id"])
                self.assertIn("city", json.loads(call["arguments"]))

    def test_takes_images(self):
        for model in self.each():
            r = ask(model, [{"type": "text", "text": "what is it?"},
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}}])
            self.assertEqual(r.choices[0].message.content, "Hello from the imitation")
            self.assertIn(PIXEL, imitation.log()[-1]["raw"])

    def test_takes_a_megabyte(self):
        for model in self.each():
            self.assertEqual(ask(model, "long " * 210000 + " hello").choices[0].message.content,
                             "Hello from the imitation")

    def test_tells_errors(self):
        kinds = {400: openai.BadRequestError, 404: openai.NotFoundError, 429: openai.RateLimitError,
                 500: openai.InternalServerError}
        for model in self.each():
            for status, kind in kinds.items():
                with self.assertRaises(kind) as caught:
                    ask(model, "x #status=%d #retry=7" % status)
                if status == 429:
                    self.assertEqual(caught.exception.response.headers["retry-after"], "7")
            with self.assertRaises(openai.APIError):
                list(ask(model, "x #stream=9 #error-mid", stream=True))

    def test_refuses_strangers(self):
        with self.assertRaises(openai.AuthenticationError):
            openai.OpenAI(base_url=url, api_key="nobody", max_retries=0).models.list()

    def test_lists_models(self):
        self.assertEqual({model.id for model in client.models.list()}, set(ROUTES.values()))

    def test_lets_go_when_its_caller_does(self):
        for model in self.each():
            imitation.forget()
            with ask(model, "x #stream=400 #drip=20", stream=True) as stream:
                next(iter(stream))
            for _ in range(200):
                if [entry for entry in imitation.log() if entry.get("outcome") == "client-gone"]:
                    break
                time.sleep(0.05)
            self.assertEqual([entry["outcome"] for entry in imitation.log()], ["client-gone"])

    def test_answers_many_at_once(self):
        async def crowd():
            async with openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as many:
                told = await asyncio.gather(*(many.chat.completions.create(
                    model=list(ROUTES.values())[i % 3], messages=[{"role": "user", "content": "hello"}])
                    for i in range(30)))
            return {r.choices[0].message.content for r in told}
        self.assertEqual(asyncio.run(crowd()), {"Hello from the imitation"})


if __name__ == "__main__":
    unittest.main()
