"""The PyPI openai SDK against our server for all that is no chat: embeddings, images, speech, transcriptions
and the list of models; relayed to OpenAI as it is imitated, and answered by another provider."""
import asyncio
import base64
import os
import struct
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
import hub_fixture
import openai

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
WAV = ("talk.wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav")
RELAYED = {"embedding": "openai/text-embedding-3-small", "image": "openai/gpt-image-1",
           "speech": "openai/gpt-4o-mini-tts", "whisper": "openai/whisper-1", "transcribe": "openai/gpt-4o-transcribe"}


def setUpModule():
    global imitation, hub, key, url, client
    imitation = hub_fixture.Imitation()
    hub = hub_fixture.Hub(os.environ["AIGNE_HUB"])
    hub.use(imitation, {"openai": "sk-openai", "anthropic": "sk-ant", "google": "AIza"})
    hub.do("provider.put", {"name": "echo"})
    hub.do("rate.put", {"provider": "openai", "model": "text-embedding-3-small", "type": "embedding",
                        "inputRate": "0.000001", "outputRate": "0"})
    key = hub.key("tests")
    url = f"http://127.0.0.1:{hub.port}/v1"
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    time.sleep(1.5)  # what was set beside the server is seen within a second


def tearDownModule():
    hub.stop()
    imitation.stop()


def as_float(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


class Embeddings(unittest.TestCase):
    def test_relayed(self):
        answer = client.embeddings.create(model=RELAYED["embedding"], input="hello world")
        self.assertEqual(answer.data[0].embedding, [0.6875, 0.75, 0.8125])
        self.assertEqual(answer.usage.prompt_tokens, 2)
        floats = client.embeddings.create(model=RELAYED["embedding"], input=["a", "b"], encoding_format="float", dimensions=4)
        self.assertEqual([len(d.embedding) for d in floats.data], [4, 4])

    def test_by_another_provider_to_the_bit(self):
        texts = [f"text number {i}" for i in range(50)]
        floats = client.embeddings.create(model="echo/echo", input=texts, encoding_format="float")
        packed = client.embeddings.create(model="echo/echo", input=texts)
        self.assertEqual(len(packed.data), 50)
        for a, b in zip(floats.data, packed.data):
            self.assertEqual([as_float(n) for n in a.embedding], b.embedding)
        tokens = client.embeddings.create(model="echo/echo", input=[[1, 2], [3]])
        self.assertEqual(len(tokens.data), 2)

    def test_many_at_once(self):
        async def ask():
            many = openai.AsyncOpenAI(base_url=url, api_key=key, max_retries=0)
            answers = await asyncio.gather(*(many.embeddings.create(model=RELAYED["embedding"], input="hello world")
                                             for _ in range(20)))
            await many.close()
            return [a.data[0].embedding for a in answers]
        self.assertEqual(asyncio.run(ask()), [[0.6875, 0.75, 0.8125]] * 20)

    def test_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            client.embeddings.create(model="echo/echo", input=[])
        self.assertEqual(caught.exception.param, "input")
        with self.assertRaises(openai.RateLimitError):
            client.embeddings.create(model=RELAYED["embedding"], input="a #status=429 #retry=3")
        with self.assertRaises(openai.AuthenticationError):
            openai.OpenAI(base_url=url, api_key="wrong", max_retries=0).embeddings.create(model="echo/echo", input="a")
        with self.assertRaises(openai.NotFoundError):
            client.embeddings.create(model="openai/text-embedding-no-such", input="a")


class Images(unittest.TestCase):
    def test_made(self):
        for model in (RELAYED["image"], "echo/echo"):
            with self.subTest(model):
                answer = client.images.generate(model=model, prompt="a cat", n=2)
                self.assertEqual(len(answer.data), 2)
                self.assertEqual(base64.b64decode(answer.data[0].b64_json)[:4], b"\x89PNG")

    def test_edited(self):
        for model in (RELAYED["image"], "echo/echo"):
            with self.subTest(model):
                answer = client.images.edit(model=model, prompt="a hat", image=[("a.png", PIXEL, "image/png")] * 2,
                                            mask=("m.png", PIXEL, "image/png"), size="1024x1024")
                self.assertEqual(len(answer.data), 1)

    def test_streamed(self):
        events = list(client.images.generate(model=RELAYED["image"], prompt="a cat", stream=True, partial_images=1))
        self.assertEqual([e.type for e in events], ["image_generation.partial_image", "image_generation.completed"])
        events = list(client.images.edit(model="echo/echo", prompt="a hat", image=("a.png", PIXEL, "image/png"), stream=True))
        self.assertEqual(events[-1].type, "image_edit.completed")

    def test_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            client.images.edit(model="echo/echo", prompt="", image=("a.png", PIXEL, "image/png"))
        self.assertEqual(caught.exception.param, "prompt")


class Audio(unittest.TestCase):
    def test_spoken(self):
        for model in (RELAYED["speech"], "echo/echo"):
            with self.subTest(model):
                with client.audio.speech.with_streaming_response.create(
                        model=model, voice="alloy", input="Hello there", response_format="wav") as answer:
                    self.assertTrue(answer.headers["content-type"].startswith("audio/"))
                    sound = b"".join(answer.iter_bytes())
                self.assertEqual(sound[:4], b"RIFF")

    def test_spoken_half(self):
        with self.assertRaises(Exception):
            client.audio.speech.create(model=RELAYED["speech"], voice="alloy", input="Hello #cut").read()

    def test_heard(self):
        create = client.audio.transcriptions.create
        self.assertEqual(create(model=RELAYED["whisper"], file=WAV).text, "Heard 16 bytes.")
        self.assertEqual(create(model=RELAYED["whisper"], file=WAV, response_format="text"), "Heard 16 bytes.\n")
        self.assertTrue(create(model=RELAYED["whisper"], file=WAV, response_format="vtt").startswith("WEBVTT"))
        verbose = create(model=RELAYED["whisper"], file=WAV, response_format="verbose_json", timestamp_granularities=["word", "segment"])
        self.assertEqual(verbose.words[0].word, "Heard")
        self.assertEqual(client.audio.translations.create(model=RELAYED["whisper"], file=WAV).text,
                         "Heard 16 bytes in English.")
        self.assertTrue(create(model="echo/echo", file=WAV).text)

    def test_heard_as_it_comes(self):
        for model in (RELAYED["transcribe"], "echo/echo"):
            with self.subTest(model):
                events = list(client.audio.transcriptions.create(model=model, file=WAV, stream=True))
                told = "".join(e.delta for e in events if e.type == "transcript.text.delta")
                self.assertEqual((events[-1].type, events[-1].text), ("transcript.text.done", told))

    def test_refused(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            client.audio.transcriptions.create(model="echo/echo", file=WAV, response_format="xml")
        self.assertEqual(caught.exception.param, "response_format")


class Models(unittest.TestCase):
    def test_listed(self):
        self.assertIn(RELAYED["embedding"], [m.id for m in client.models.list()])
        self.assertEqual(client.models.retrieve(RELAYED["embedding"]).owned_by, "openai")
        with self.assertRaises(openai.NotFoundError):
            client.models.retrieve("openai/no-such")


if __name__ == "__main__":
    unittest.main()
