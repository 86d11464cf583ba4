"""The PyPI anthropic SDK against our server, relayed and translated."""
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import anthropic
import hub_fixture
import pydantic

TOOL = {"name": "weather", "description": "Weather of a city",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                         "required": ["city"], "additionalProperties": False}}
ROUTES = {"relayed": "anthropic/claude-haiku-4-5", "openai": "openai/gpt-4o-mini", "gemini": "google/gemini-2.5-flash"}
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


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
    url = f"http://127.0.0.1:{hub.port}"
    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    time.sleep(1.5)  # what was set beside the server is seen within a second


def tearDownModule():
    hub.stop()
    imitation.stop()


def ask(model, content, **more):
    return client.messages.create(model=model, max_tokens=1000, messages=[{"role": "user", "content": content}], **more)


def text_of(message):
    return "".join(b.text for b in message.content if b.type == "text")


class Messages(unittest.TestCase):
    def each(self):
        for name, model in ROUTES.items():
            with self.subTest(name):
                yield model

    def test_answers(self):
        for model in self.each():
            r = ask(model, "hello", system="Be brief.")
            self.assertEqual(text_of(r), "Hello from the imitation")
            self.assertEqual((r.stop_reason, r.usage.input_tokens, r.usage.output_tokens), ("end_turn", 20, 4))
            self.assertTrue(r._request_id)

    def test_streams(self):
        for model in self.each():
            with client.messages.stream(model=model, max_tokens=1000,
                                        messages=[{"role": "user", "content": "hello #stream=12 #split=3"}]) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
            self.assertEqual(text, 'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n')
            self.assertEqual(text_of(final), text)
            self.assertEqual((final.usage.input_tokens, final.usage.output_tokens), (20, 12))

    def test_calls_tools_and_goes_on(self):
        for model in self.each():
            question = {"role": "user", "content": "weather? #tools"}
            with client.messages.stream(model=model, max_tokens=1000, tools=[TOOL], messages=[question]) as stream:
                first = stream.get_final_message()
            calls = [b for b in first.content if b.type == "tool_use"]
            self.assertEqual([c.input for c in calls], [{"city": "Paris"}, {"city": "São Paulo"}])
            self.assertEqual(first.stop_reason, "tool_use")
            results = [{"type": "tool_result", "tool_use_id": c.id, "content": f"r{i}"} for i, c in enumerate(calls)]
            second = client.messages.create(model=model, max_tokens=1000, tools=[TOOL], messages=[
                question, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}])
            self.assertEqual(text_of(second), "Result: r0 | r1")

    def test_takes_images_and_documents(self):
        for model in self.each():
            r = ask(model, [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
                            {"type": "document", "title": "a.pdf", "source": {
                                "type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}},
                            {"type": "text", "text": "hello"}])
            self.assertEqual(text_of(r), "Hello from the imitation")

    def test_tells_errors(self):
        for model in self.each():
            with self.assertRaises(anthropic.RateLimitError) as caught:
                ask(model, "x #status=429 #retry=7")
            self.assertEqual(caught.exception.response.headers["retry-after"], "7")
            self.assertEqual(caught.exception.body["error"]["type"], "rate_limit_error")
            with self.assertRaises(anthropic.BadRequestError):
                ask(model, "x #status=400")
            with self.assertRaises(anthropic.InternalServerError):
                ask(model, "x #status=500")
            with self.assertRaises(anthropic.APIError):
                with client.messages.stream(model=model, max_tokens=1000, messages=[
                        {"role": "user", "content": "x #stream=12 #error-mid"}]) as stream:
                    stream.until_done()

    def test_runs_tools_by_itself(self):
        @anthropic.beta_tool
        def weather(city: str) -> str:
            """Weather of a city"""
            return "sunny in " + city
        for model in self.each():
            for stream in (False, True):
                runner = client.beta.messages.tool_runner(model=model, max_tokens=1000, tools=[weather], stream=stream,
                                                          messages=[{"role": "user", "content": "weather? #tool"}])
                self.assertEqual(text_of(runner.until_done()), "Result: sunny in Paris")

    def test_parses(self):
        class Place(pydantic.BaseModel):
            city: str
        for model in self.each():
            r = client.messages.parse(model=model, max_tokens=1000, output_format=Place,
                                      messages=[{"role": "user", "content": "where?"}])
            self.assertEqual(r.parsed_output, Place(city="Paris"))

    def test_thinks_and_goes_on(self):
        for model in ("anthropic/claude-sonnet-4-5", "google/gemini-2.5-pro"):
            question = {"role": "user", "content": "weather? #tool #reason"}
            more = {"max_tokens": 4000, "tools": [TOOL], "thinking": {"type": "enabled", "budget_tokens": 2000}}
            first = client.messages.create(model=model, messages=[question], **more)
            self.assertEqual([b.type for b in first.content][-1], "tool_use")
            self.assertIn("thinking", [b.type for b in first.content])
            call = first.content[-1]
            second = client.messages.create(model=model, messages=[
                question, {"role": "assistant", "content": first.content},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}]}],
                **more)
            self.assertEqual(text_of(second), "Result: sunny")

    def test_takes_a_megabyte(self):
        for model in self.each():
            self.assertEqual(text_of(ask(model, "long " * 210000 + " hello")), "Hello from the imitation")

    def test_lets_go_when_its_caller_does(self):
        for model in self.each():
            imitation.forget()
            with client.messages.stream(model=model, max_tokens=1000,
                                        messages=[{"role": "user", "content": "x #stream=400 #drip=20"}]) as stream:
                next(iter(stream))
            for _ in range(200):
                if [entry for entry in imitation.log() if entry.get("outcome") == "client-gone"]:
                    break
                time.sleep(0.05)
            self.assertEqual([entry["outcome"] for entry in imitation.log()], ["client-gone"])

    def test_counts_tokens_and_lists_models(self):
        count = client.messages.count_tokens(model=ROUTES["relayed"], messages=[{"role": "user", "content": "hello"}])
        self.assertGreater(count.input_tokens, 0)
        ids = [m.id for m in client.models.list(limit=2)]
        self.assertEqual(sorted(ids), sorted(ROUTES.values()))
        self.assertEqual(client.models.retrieve(ids[0]).id, ids[0])

    def test_refuses_strangers(self):
        with self.assertRaises(anthropic.AuthenticationError):
            anthropic.Anthropic(base_url=url, api_key="nobody", max_retries=0).messages.create(
                model="x", max_tokens=1, messages=[{"role": "user", "content": "x"}])


if __name__ == "__main__":
    unittest.main(verbosity=1)
