"""Google's Python SDK against the server: relayed to Google, and across to the other providers."""
import asyncio
import base64
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'support'))
import hub_fixture
import pydantic
from google import genai
from google.genai import errors, types

PNG = base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')
MODELS = {'google': 'google/gemini-2.5-flash', 'openai': 'openai/gpt-4o-mini', 'anthropic': 'anthropic/claude-haiku-4-5'}
KEYS = {'google': 'AIza-upstream', 'openai': 'sk-upstream', 'anthropic': 'sk-ant-upstream'}


def client_with(key):
    retries = types.HttpRetryOptions(attempts=1)
    return genai.Client(api_key=key, http_options=types.HttpOptions(
        base_url=f'http://127.0.0.1:{hub.port}', retry_options=retries))


def setUpModule():
    global imitation, hub, client
    imitation = hub_fixture.Imitation()
    hub = hub_fixture.Hub(os.environ['AIGNE_HUB'])
    hub.use(imitation, KEYS)
    for name in (MODELS['openai'], MODELS['anthropic']):
        provider, model = name.split('/')
        hub.do('rate.put', {'provider': provider, 'model': model, 'type': 'chat', 'inputRate': '0.1', 'outputRate': '0.1'})
    client = client_with(hub.key('tests'))
    time.sleep(1.5)  # what was set beside the server is seen within a second


def tearDownModule():
    hub.stop()
    imitation.stop()


def last():
    return imitation.log()[-1]


def weather(city: str) -> str:
    """Weather of a city."""
    return f'sunny in {city}'


class Through:
    """What holds whichever provider answers."""
    provider = None

    def setUp(self):
        self.model = MODELS[self.provider]

    def generate(self, contents, **config):
        return client.models.generate_content(model=self.model, contents=contents,
                                                   config=types.GenerateContentConfig(**config))

    def test_plain(self):
        reply = self.generate('hello', system_instruction='Be brief.', temperature=0.5, max_output_tokens=100)
        self.assertEqual(reply.text, 'Hello from the imitation')
        self.assertEqual(reply.candidates[0].finish_reason, types.FinishReason.STOP)
        usage = reply.usage_metadata
        self.assertEqual((usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count), (20, 4, 24))
        self.assertEqual(last()['key'], KEYS[self.provider])

    def test_stream(self):
        chunks = list(client.models.generate_content_stream(model=self.model, contents='hello #stream=12 #split=5'))
        self.assertEqual(''.join(c.text or '' for c in chunks),
                         'Hello from the imitation, grüße 東京 👋🏽 and "quotes" \\\n')
        self.assertEqual(chunks[-1].candidates[0].finish_reason, types.FinishReason.STOP)
        self.assertEqual(chunks[-1].usage_metadata.candidates_token_count, 12)

    def test_chat_with_functions_called_by_the_sdk(self):
        chat = client.chats.create(model=self.model, config=types.GenerateContentConfig(tools=[weather]))
        self.assertEqual(chat.send_message('weather? #tool').text, 'Result: sunny in Paris')
        self.assertEqual(chat.send_message('hello').text, 'Hello from the imitation')

    def test_parallel_tools(self):
        declared = [types.Tool(function_declarations=[types.FunctionDeclaration(
            name='weather', description='Weather', parameters=types.Schema(
                type='OBJECT', properties={'city': types.Schema(type='STRING')}, required=['city']))])]
        off = types.AutomaticFunctionCallingConfig(disable=True)
        reply = self.generate('weather? #tools', tools=declared, automatic_function_calling=off)
        self.assertEqual([c.args for c in reply.function_calls], [{'city': 'Paris'}, {'city': 'São Paulo'}])
        results = [types.Part(function_response=types.FunctionResponse(id=c.id, name=c.name, response={'output': f'r{i}'}))
                   for i, c in enumerate(reply.function_calls)]
        contents = [types.UserContent('weather? #tools'), reply.candidates[0].content, types.UserContent(results)]
        self.assertEqual(self.generate(contents, tools=declared, automatic_function_calling=off).text, 'Result: r0 | r1')

    def test_schema(self):
        reply = self.generate('where?', response_mime_type='application/json', response_schema=types.Schema(
            type='OBJECT', properties={'city': types.Schema(type='STRING')}, required=['city']))
        self.assertEqual(reply.parsed['city'], 'Paris')

    def test_image(self):
        reply = self.generate(['what is it?', types.Part.from_bytes(data=PNG, mime_type='image/png')])
        self.assertEqual(reply.text, 'Hello from the imitation')
        encode = base64.urlsafe_b64encode if self.provider == 'google' else base64.b64encode  # as the SDK wrote it
        self.assertIn(encode(PNG).decode(), last()['raw'])

    def test_errors(self):
        for status, name in ((400, 'INVALID_ARGUMENT'), (429, 'RESOURCE_EXHAUSTED'), (500, 'INTERNAL')):
            with self.assertRaises(errors.APIError) as caught:
                self.generate(f'x #status={status}')
            self.assertEqual((caught.exception.code, caught.exception.status), (status, name))
        with self.assertRaises(errors.APIError):
            list(client.models.generate_content_stream(model=self.model, contents='x #stream=9 #error-mid'))

    def test_long(self):
        self.assertEqual(self.generate('long ' * 210000 + ' hello').text, 'Hello from the imitation')


    def test_lets_go_when_its_caller_does(self):
        imitation.forget()
        stream = client.models.generate_content_stream(model=self.model, contents='x #stream=400 #drip=20')
        next(stream)
        stream.close()
        for _ in range(200):
            if [entry for entry in imitation.log() if entry.get('outcome') == 'client-gone']:
                break
            time.sleep(0.05)
        self.assertEqual([entry['outcome'] for entry in imitation.log()], ['client-gone'])

    def test_parses_without_waiting(self):
        class Place(pydantic.BaseModel):
            city: str
        async def places():
            told = await asyncio.gather(*(client.aio.models.generate_content(
                model=self.model, contents='where?', config=types.GenerateContentConfig(
                    response_mime_type='application/json', response_schema=Place)) for _ in range(5)))
            return [reply.parsed for reply in told]
        self.assertEqual(asyncio.run(places()), [Place(city='Paris')] * 5)


class ThroughGoogle(Through, unittest.TestCase):
    provider = 'google'


class ThroughOpenAI(Through, unittest.TestCase):
    provider = 'openai'


class ThroughAnthropic(Through, unittest.TestCase):
    provider = 'anthropic'

    def test_sealed_reasoning_comes_back(self):
        """The SDK writes signatures in the other alphabet of base64 than it read."""
        config = {'tools': [weather], 'thinking_config': types.ThinkingConfig(include_thoughts=True, thinking_budget=2048)}
        chat = client.chats.create(model='anthropic/claude-sonnet-4-5', config=types.GenerateContentConfig(**config))
        self.assertEqual(chat.send_message('weather? #tool #reason').text, 'Result: sunny in Paris')
        self.assertIn('"signature":', last()['raw'])


class Others(unittest.TestCase):
    def test_signatures_of_gemini_3(self):
        chat = client.chats.create(model='google/gemini-3-pro-preview', config=types.GenerateContentConfig(tools=[weather]))
        self.assertEqual(chat.send_message('weather? #tool').text, 'Result: sunny in Paris')

    def test_embeddings(self):
        made = client.models.embed_content(model='google/gemini-embedding-001', contents=['one', 'three'],
                                                config=types.EmbedContentConfig(output_dimensionality=2))
        self.assertEqual([e.values for e in made.embeddings], [[3, 0.125], [5, 0.125]])

    def test_counts(self):
        for model in (MODELS['google'], MODELS['anthropic']):
            self.assertGreater(client.models.count_tokens(model=model, contents='hello').total_tokens, 0)

    def test_models(self):
        names = [m.name for m in client.models.list(config={'page_size': 1})]
        self.assertEqual(names, ['models/' + MODELS['anthropic'], 'models/' + MODELS['openai']])
        self.assertIn('generateContent', client.models.get(model=names[0]).supported_actions)

    def test_wrong_key(self):
        stranger = client_with('wrong-key')
        with self.assertRaises(errors.ClientError) as caught:
            stranger.models.generate_content(model=MODELS['openai'], contents='x')
        self.assertEqual(caught.exception.code, 401)
        self.assertNotIn('wrong-key', str(caught.exception))


if __name__ == '__main__':
    unittest.main()
