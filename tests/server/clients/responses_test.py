"""The PyPI openai SDK's Responses against our server, relayed and translated."""
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

WEATHER = {"type": "function", "name": "weather", "description": "Weather of a city", "strict": False,
           "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                          "required": ["city"], "additionalProperties": False}}
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
    key = hub.key("tests")
    url = f"http://127.0.0.1:{hub.port}/v1"
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    time.sleep(1.5)  # what was set beside the server is seen within a second


def tearDownModule():
    hub.stop()
    imitation.stop()


def calls(response):
    return [item for item in response.output if item.type == "function_call"]


class Responses(unittest.TestCase):
    def each(self):
        for name, model in ROUTES.items():
            with self.subTest(name):
                yield model

    def test_answers(self):
        for model in self.each():
            r = client.responses.create(model=model, input="hello", instructions="Be brief.")
            self.assertEqual(r.output_text, "Hello from the imitation")
            self.assertEqual((r.status, r.usage.input_tokens, r.usage.output_tokens), ("completed", 20, 4))

    def test_streams(self):
        for model in self.each():
            events = list(client.responses.create(model=model, input="hello #stream=12 #split=3", stream=True))
            self.assertEqual([e.sequence_number for e in events], sorted({e.sequence_number for e in events}))
            text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
            self.assertEqual(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n')
            self.assertEqual(events[-1].type, "response.completed")
            self.assertEqual(events[-1].response.output_text, text)

    def test_is_gathered_by_the_helper(self):
        for model in self.each():
            with client.responses.stream(model=model, input="where?", text_format=Place) as stream:
                for _ in stream:
                    pass
                final = stream.get_final_response()
            self.assertEqual(final.output_parsed.city, "Paris")

    def test_parses(self):
        for model in self.each():
            self.assertEqual(client.responses.parse(model=model, input="where?", text_format=Place).output_parsed.city, "Paris")

    def test_calls_tools_in_two_turns(self):
        for model in self.each():
            history = [{"role": "user", "content": "weather? #tools"}]
            first = client.responses.create(model=model, input=history, tools=[WEATHER])
            self.assertEqual([json.loads(c.arguments)["city"] for c in calls(first)], ["Paris", "São Paulo"])
            history += first.output
            history += [{"type": "function_call_output", "call_id": c.call_id, "output": f"r{i}"} for i, c in enumerate(calls(first))]
            self.assertEqual(client.responses.create(model=model, input=history, tools=[WEATHER]).output_text, "Result: r0 | r1")

    def test_carries_reasoning(self):
        for model, seal in (("openai/gpt-5-mini", "gAAAA"), ("anthropic/claude-haiku-4-5", "hub:anthropic:")):
            request = dict(model=model, tools=[WEATHER], store=False, include=["reasoning.encrypted_content"],
                           reasoning={"effort": "low", "summary": "auto"}, max_output_tokens=9000)
            history = [{"role": "user", "content": "weather? #reason #tool"}]
            first = client.responses.create(input=history, **request)
            self.assertTrue(first.output[0].encrypted_content.startswith(seal))
            self.assertEqual(first.output[0].summary[0].text, "Let me think.")
            history += first.output + [{"type": "function_call_output", "call_id": calls(first)[0].call_id, "output": "sunny"}]
            self.assertEqual(client.responses.create(input=history, **request).output_text, "Result: sunny")

    def test_takes_images(self):
        for model in self.each():
            content = [{"type": "input_text", "text": "see"}, {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64," + PIXEL}]
            self.assertEqual(client.responses.create(model=model, input=[{"role": "user", "content": content}]).output_text, "Hello from the imitation")

    def test_tells_errors(self):
        for model in self.each():
            for status, kind in ((400, openai.BadRequestError), (429, openai.RateLimitError), (500, openai.InternalServerError)):
                with self.assertRaises(kind):
                    client.responses.create(model=model, input=f"x #status={status}")
            with self.assertRaises(openai.APIError):
                list(client.responses.create(model=model, input="x #stream=12 #error-mid", stream=True))
            with self.assertRaises(openai.APIError):
                list(client.responses.create(model=model, input="x #stream=12 #cut", stream=True))
        with self.assertRaises(openai.AuthenticationError):
            client.with_options(api_key="wrong").responses.create(model=ROUTES["relayed"], input="x")

    def test_refuses_by_name(self):
        for more, param in (({"previous_response_id": "resp_1"}, "previous_response_id"), ({"tools": [{"type": "web_search"}]}, "tools[0].type")):
            with self.assertRaises(openai.BadRequestError) as caught:
                client.responses.create(model=ROUTES["anthropic"], input="x", **more)
            self.assertEqual(caught.exception.param, param)

    def test_answers_many_at_once(self):
        async def ask():
            many = openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0)
            answers = await asyncio.gather(*(many.responses.create(model=m, input="hello") for m in list(ROUTES.values()) * 5))
            await many.close()
            return {a.output_text for a in answers}
        self.assertEqual(asyncio.run(ask()), {"Hello from the imitation"})


if __name__ == "__main__":
    unittest.main()
