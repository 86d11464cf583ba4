# Knows how to be providers that charge for what they do, each with its own price list and its own bill.
import http.server
import json
import threading
from decimal import Decimal

# Dollars for one of each. What a provider charges for a call it rounds to billionths, half up.
CHAT = {"input": "0.0000025", "output": "0.00001", "cachedRead": "0.00000125", "reasoning": "0.000012"}
PRICES = {
    "gpt-month": CHAT,
    "gpt-odd": {"input": "0.0000000375", "output": "0.00000015"},  # half a billionth now and then
    "gpt-night": {"input": "0.000002", "output": "0.000008"},
    "gpt-long": {"input": "0.00000125", "output": "0.00001"},
    "gpt-fast": {"input": "0.000002", "output": "0.000008"},
    "claude-month": {"input": "0.000003", "output": "0.000015", "cachedRead": "0.0000003",
                     "cachedWrite": "0.00000375", "cachedWrite1h": "0.000006"},
    "dall-e-3": {"image": "0.04"},
    "tts-1": {"character": "0.000015"},
    "whisper-1": {"second": "0.0001"},
    "text-embedding-3-small": {"input": "0.00000002"},
}
TIERS = {  # as rate.put takes them
    "gpt-night": {"from": "16:30", "to": "00:30", "costs": {"input": "0.000001", "output": "0.000002"}},
    "gpt-long": {"above": 200000, "costs": {"input": "0.0000025", "output": "0.000015"}},
    "gpt-fast": {"service": "priority", "costs": {"input": "0.000004", "output": "0.000016"}},
}
LATER = {"gpt-month": {**CHAT, "output": "0.000008"}}  # from the middle of the month on
CHARGE = Decimal(1).scaleb(-9)


class Provider(http.server.ThreadingHTTPServer):
    """Speaks for OpenAI and Anthropic. `bill` is what it will ask for, by model."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, now):
        super().__init__(("127.0.0.1", 0), Answer)
        self.now = now  # () -> seconds of the month's clock
        self.lock = threading.Lock()
        self.bill = {}
        self.calls = {}
        self.later = False
        self.fail_next = 0
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def price(self, model, part, prompt, service):
        prices = dict(LATER.get(model, PRICES[model]) if self.later else PRICES[model])
        tier = TIERS.get(model, {})
        minute = int(self.now()) // 60 % 1440
        if ("above" in tier and prompt > tier["above"]) or ("service" in tier and service == "priority") or \
                ("from" in tier and (minute >= 16 * 60 + 30 or minute < 30)):
            prices.update(tier["costs"])
        return Decimal(prices[part])

    def charge(self, model, service=None, **counts):
        prompt = sum(counts.get(part, 0) for part in ("input", "cachedRead", "cachedWrite", "cachedWrite1h"))
        amount = sum((Decimal(count) * self.price(model, part, prompt, service) for part, count in counts.items()),
                     Decimal(0))
        with self.lock:
            self.bill[model] = self.bill.get(model, Decimal(0)) + amount.quantize(CHARGE, "ROUND_HALF_UP")
            self.calls[model] = self.calls.get(model, 0) + 1


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["content-length"]))
        if self.server.fail_next:  # nothing was done, nothing is charged
            self.server.fail_next -= 1
            return self.send(503, {"error": {"message": "busy", "type": "server_error"}})
        last = self.path.rsplit("/", 1)[1]
        if last == "transcriptions":
            return self.transcribe()
        getattr(self, last)(json.loads(raw))

    def send(self, status, body, media_type="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    # ---- chats ----

    def completions(self, body):
        """The prompt says what is used: "key=number" words."""
        asked = dict(word.split("=") for word in body["messages"][-1]["content"].split() if "=" in word)
        number = {name: int(value) for name, value in asked.items()}
        service = body.get("service_tier")
        counts = {"input": number.get("input", 10), "cachedRead": number.get("cached", 0),
                  "output": number.get("output", 5), "reasoning": number.get("reasoning", 0)}
        if body.get("stream"):
            return self.stream(body, number, counts, service)
        self.server.charge(body["model"], service, **{part: n for part, n in counts.items() if n})
        self.send(200, {"id": "c", "object": "chat.completion", "created": 1, "model": body["model"],
                        **({"service_tier": service} if service and "mute" not in number else {}),
                        "choices": [{"index": 0, "finish_reason": "stop",
                                     "message": {"role": "assistant", "content": "it is so"}}],
                        "usage": self.usage(counts)})

    @staticmethod
    def usage(counts):
        prompt, answer = counts["input"] + counts["cachedRead"], counts["output"] + counts["reasoning"]
        return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer,
                "prompt_tokens_details": {"cached_tokens": counts["cachedRead"]},
                "completion_tokens_details": {"reasoning_tokens": counts["reasoning"]}}

    def stream(self, body, number, counts, service):
        """A token a piece, each with the usage so far. "break" of them, and it breaks off; "wait" of them, and
        it waits for the other side to hang up. What is said is what is charged, before anybody can have heard it."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        whole = number.get("output", 5)
        end = min(whole, number.get("break", whole), number.get("wait", whole))
        self.server.charge(body["model"], service, **{part: n for part, n in {**counts, "output": end}.items() if n})
        for at in range(1, end + 1):
            self.event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
                        "choices": [{"index": 0, "delta": {"content": "so "},
                                     "finish_reason": "stop" if at == whole else None}],
                        "usage": self.usage({**counts, "output": at})})
        if end == number.get("wait"):
            self.connection.recv(1)
        elif end != number.get("break"):
            self.wfile.write(b"data: [DONE]\n\n")

    def event(self, data, name=None):
        head = b"event: " + name.encode() + b"\n" if name else b""
        self.wfile.write(head + b"data: " + json.dumps(data).encode() + b"\n\n")
        self.wfile.flush()

    def messages(self, body):
        text = body["messages"][-1]["content"]
        text = text if isinstance(text, str) else text[-1]["text"]
        number = {name: int(value) for name, value in (word.split("=") for word in text.split() if "=" in word)}
        counts = {"input": number.get("input", 10), "output": number.get("output", 5),
                  "cachedRead": number.get("read", 0), "cachedWrite": number.get("write", 0),
                  "cachedWrite1h": number.get("write1h", 0)}
        self.server.charge(body["model"], **{part: n for part, n in counts.items() if n})
        usage = {"input_tokens": counts["input"], "cache_read_input_tokens": counts["cachedRead"],
                 "cache_creation_input_tokens": counts["cachedWrite"] + counts["cachedWrite1h"],
                 "cache_creation": {"ephemeral_5m_input_tokens": counts["cachedWrite"],
                                    "ephemeral_1h_input_tokens": counts["cachedWrite1h"]}}
        message = {"id": "m", "type": "message", "role": "assistant", "model": body["model"], "stop_sequence": None}
        if not body.get("stream"):
            return self.send(200, {**message, "content": [{"type": "text", "text": "it is so"}],
                                   "stop_reason": "end_turn", "usage": {**usage, "output_tokens": counts["output"]}})
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        self.event({"type": "message_start", "message": {**message, "content": [], "stop_reason": None,
                                                         "usage": {**usage, "output_tokens": 1}}}, "message_start")
        self.event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                   "content_block_start")
        self.event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "so"}},
                   "content_block_delta")
        self.event({"type": "content_block_stop", "index": 0}, "content_block_stop")
        self.event({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                    "usage": {"output_tokens": counts["output"]}}, "message_delta")
        self.event({"type": "message_stop"}, "message_stop")

    # ---- other kinds ----

    def generations(self, body):
        self.server.charge(body["model"], image=body.get("n", 1))
        self.send(200, {"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}] * body.get("n", 1)})

    def speech(self, body):
        self.server.charge(body["model"], character=len(body["input"]))
        self.send(200, b"ID3" + bytes(64), "audio/mpeg")

    def transcribe(self):
        self.server.charge("whisper-1", second=Decimal("7.25"))
        self.send(200, {"text": "so it is", "usage": {"type": "duration", "seconds": 7.25}})

    def embeddings(self, body):
        self.server.charge(body["model"], input=23)
        self.send(200, {"object": "list", "model": body["model"],
                        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
                        "usage": {"prompt_tokens": 23, "total_tokens": 23}})
