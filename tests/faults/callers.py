# Knows how each client format asks, and what its clients make of an answer: whole, an error, or broken
# off; refuses to know providers.
import json


def counts(usage, first, second):
    """The two counts of a usage, which may be null."""
    return (usage[first], usage[second]) if usage else None


class Verdict:
    """What a client of the format has at the end. `ending` is "whole", "error" (told in the format's own
    way), "cut" (the transfer broke off) or "silent": it looks like a good end, and is none."""

    def __init__(self):
        self.status = 0
        self.headers = {}
        self.ending = "silent"
        self.text = ""
        self.message = None  # of an error
        self.model = None
        self.usage = None    # (input, output)
        self.ends = 0
        self.problem = None  # what the format does not allow

    def fail(self, error, member="message"):
        self.ending = "error"
        self.message = error.get(member) if isinstance(error, dict) else None
        if not isinstance(self.message, str) or not self.message:
            self.problem = "an error without words: %r" % (error,)


def events(body):
    """(name, data) of whole server-sent events; what is left over is no event."""
    parts = body.replace(b"\r\n", b"\n").split(b"\n\n")
    for part in parts[:-1]:
        name, data = None, []
        for line in part.split(b"\n"):
            if line.startswith(b"event:"):
                name = line[6:].strip().decode()
            elif line.startswith(b"data:"):
                data.append(line[5:].strip())
        if data:
            yield name, b"\n".join(data)
    if parts[-1].strip():
        yield "leftover", parts[-1]


class Caller:
    name = "openai"
    streams = True
    plain = True

    def request(self, model, stream, text="Say something."):
        """Path, body and headers."""
        return "/v1/chat/completions", {"model": model, "stream": stream, "stream_options": {"include_usage": True},
                                        "messages": [{"role": "user", "content": text}]} if stream else \
            {"model": model, "messages": [{"role": "user", "content": text}]}, {}

    def error(self, body):
        return body["error"]

    def read_plain(self, v, body):
        choice = body["choices"][0]
        v.text, v.model = choice["message"]["content"], body["model"]
        v.usage = counts(body["usage"], "prompt_tokens", "completion_tokens")
        v.ending = "whole" if choice["finish_reason"] == "stop" else "silent"

    def read_stream(self, v, body):
        finished = False
        for name, data in events(body):
            if name == "leftover":
                v.problem = "bytes behind the last event"
            elif data == b"[DONE]":
                v.ends += 1
                v.ending = "whole" if finished and not v.message else v.ending
            else:
                chunk = json.loads(data)
                if "error" in chunk:
                    v.fail(chunk["error"])
                    continue
                v.model = chunk["model"]
                for choice in chunk["choices"]:
                    v.text += choice["delta"].get("content") or ""
                    finished = finished or bool(choice["finish_reason"])
                if chunk.get("usage"):
                    v.usage = counts(chunk["usage"], "prompt_tokens", "completion_tokens")
        if finished and v.message:
            v.problem = "a finish reason and an error"

    def judge(self, status, headers, body, transferred, stream):
        v = Verdict()
        v.status, v.headers = status, headers
        if not status:
            v.ending = "cut"
            return v
        try:
            if status != 200:
                v.fail(self.error(json.loads(body.decode())))
            elif stream:
                self.read_stream(v, body)
            else:
                self.read_plain(v, json.loads(body.decode()))
        except (ValueError, KeyError, TypeError, IndexError) as why:
            v.problem = v.problem or "%r in %r" % (why, body[-300:])
        if not transferred and v.ending != "error":
            v.ending = "cut"
        return v


class Responses(Caller):
    name = "responses"

    def request(self, model, stream, text="Say something."):
        return "/v1/responses", {"model": model, "stream": stream, "input": text}, {}

    def read_plain(self, v, body):
        v.text = body["output"][0]["content"][0]["text"]
        v.model = body["model"]
        v.usage = counts(body["usage"], "input_tokens", "output_tokens")
        v.ending = "whole" if body["status"] == "completed" else "silent"

    def read_stream(self, v, body):
        for name, data in events(body):
            event = json.loads(data)
            if name != event["type"]:
                v.problem = "the event %r is called %r" % (event["type"], name)
            if event["type"] == "response.output_text.delta":
                v.text += event["delta"]
            elif event["type"] == "response.completed":
                v.ends += 1
                v.ending = "whole"
                v.model = event["response"]["model"]
                v.usage = counts(event["response"]["usage"], "input_tokens", "output_tokens")
            elif event["type"] == "error":
                v.fail(event.get("error") or event)
            elif event["type"] == "response.failed":
                v.fail(event["response"]["error"])


class Anthropic(Caller):
    name = "anthropic"

    def request(self, model, stream, text="Say something."):
        return "/v1/messages", {"model": model, "stream": stream, "max_tokens": 100,
                                "messages": [{"role": "user", "content": text}]}, {"anthropic-version": "2023-06-01"}

    def read_plain(self, v, body):
        v.text = "".join(block["text"] for block in body["content"])
        v.model = body["model"]
        v.usage = (body["usage"]["input_tokens"], body["usage"]["output_tokens"])
        v.ending = "whole" if body["stop_reason"] == "end_turn" else "silent"

    def read_stream(self, v, body):
        for name, data in events(body):
            event = json.loads(data)
            if name != event["type"]:
                v.problem = "the event %r is called %r" % (event["type"], name)
            if event["type"] == "message_start":
                v.model = event["message"]["model"]
                v.usage = (event["message"]["usage"]["input_tokens"], 0)
            elif event["type"] == "content_block_delta":
                v.text += event["delta"]["text"]
            elif event["type"] == "message_delta":
                usage = event["usage"]
                v.model = event.get("model", v.model)
                v.usage = (usage.get("input_tokens", v.usage[0]), usage["output_tokens"])
            elif event["type"] == "message_stop":
                v.ends += 1
                v.ending = "whole"
            elif event["type"] == "error":
                v.fail(event["error"])


class Gemini(Caller):
    name = "gemini"

    def request(self, model, stream, text="Say something."):
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return "/v1beta/models/%s:%s" % (model, method), {"contents": [{"role": "user", "parts": [{"text": text}]}]}, {}

    def chunk(self, v, one):
        if "error" in one:
            v.fail(one["error"])
            return
        v.model = one.get("modelVersion", v.model)
        for candidate in one.get("candidates", []):
            v.text += "".join(part["text"] for part in candidate.get("content", {}).get("parts", []))
            if candidate.get("finishReason"):
                v.ends += 1
                v.ending = "whole" if candidate["finishReason"] == "STOP" else "silent"
        usage = one.get("usageMetadata")
        if usage:
            v.usage = (usage["promptTokenCount"], usage.get("candidatesTokenCount", 0))

    def read_plain(self, v, body):
        self.chunk(v, body)

    def read_stream(self, v, body):
        for name, data in events(body):
            if name == "leftover":
                v.problem = "bytes behind the last event"
            else:
                self.chunk(v, json.loads(data))


class GeminiArray(Gemini):
    name = "gemini-array"
    plain = False

    def request(self, model, stream, text="Say something."):
        path, body, headers = super().request(model, stream, text)
        return path.replace("?alt=sse", ""), body, headers

    def error(self, body):
        return body[0]["error"] if isinstance(body, list) else body["error"]

    def read_stream(self, v, body):
        for one in json.loads(body.decode()):
            self.chunk(v, one)


class Aigne(Caller):
    name = "aigne"

    def request(self, model, stream, text="Say something."):
        return "/api/v2/chat", {"input": {"messages": [{"role": "user", "content": text}],
                                          "modelOptions": {"model": model}}, "options": {"streaming": stream}}, {}

    def tell(self, v, body):
        v.model = body.get("modelWithProvider", v.model)
        if body.get("usage"):
            v.usage = (body["usage"]["inputTokens"], body["usage"]["outputTokens"])

    def read_plain(self, v, body):
        v.text = body["text"]
        self.tell(v, body)
        v.ending = "whole" if body.get("usage") and "error" not in body else "silent"

    def read_stream(self, v, body):
        for name, data in events(body):
            if name == "leftover":
                v.problem = "bytes behind the last event"
            elif name == "error":
                v.fail(json.loads(data))
            else:
                delta = json.loads(data).get("delta", {})
                v.text += delta.get("text", {}).get("text", "")
                if "text" in delta.get("json", {}):
                    v.text = delta["json"]["text"] or ""
                self.tell(v, delta.get("json", {}))
        if v.usage and not v.message:  # nothing but the end of the body says that it is over
            v.ends = 1
            v.ending = "whole"


CALLERS = [Caller(), Responses(), Anthropic(), Gemini(), GeminiArray(), Aigne()]
