# Knows how each provider's format says the same short answer, an error and its own end; refuses to know
# what goes wrong with it.
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import aws_frames  # noqa: E402

PIECES = ["Good ", "m\u00f6rning ", "\u2600 ", "to ", "all."]
SPARE = ["The ", "spare ", "answers."]
INPUT, OUTPUT = 7, 5  # tokens of every answer


def dump(value):
    return json.dumps(value, ensure_ascii=False).encode()


def sse(value, name=None):
    return (b"event: %s\n" % name.encode() if name else b"") + b"data: " + dump(value) + b"\n\n"


class Format:
    """One provider format. `frames` is a whole streamed answer; the last `ending` of them are its end."""
    name = kind = "openai"
    config = None
    base = "/v1"
    secret = "sk-laboratory"
    stream_type = "text/event-stream"
    ending = 1

    def streams(self, path, body):
        return body.get("stream") is True

    def frames(self, pieces):
        raise NotImplementedError

    def plain(self, pieces):
        raise NotImplementedError

    def text(self, piece):
        """One frame of text, of any length."""
        raise NotImplementedError

    def error(self, status, code, message):
        """The body of an error, and headers that belong to it."""
        return dump({"error": {"message": message, "type": code, "param": None, "code": code}}), {}

    def error_frame(self, code, message):
        return sse({"error": {"message": message, "type": code, "param": None, "code": code}})


class OpenAI(Format):
    ending = 3

    def chunk(self, delta, finish=None, **more):
        return sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "lab",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})

    def text(self, piece):
        return self.chunk({"content": piece})

    def usage(self):
        return {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}

    def frames(self, pieces):
        return [self.chunk({"role": "assistant", "content": ""}), *map(self.text, pieces), self.chunk({}, "stop"),
                sse({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "lab", "choices": [],
                     "usage": self.usage()}), b"data: [DONE]\n\n"]

    def plain(self, pieces):
        return dump({"id": "c1", "object": "chat.completion", "created": 1, "model": "lab", "usage": self.usage(),
                     "choices": [{"index": 0, "finish_reason": "stop",
                                  "message": {"role": "assistant", "content": "".join(pieces)}}]})


class Responses(Format):
    name = "responses"
    config = {"api": "responses"}

    def event(self, kind, **more):
        return sse({"type": kind, "sequence_number": 1, **more}, kind)

    def text(self, piece):
        return self.event("response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta=piece)

    def response(self, status, pieces=()):
        part = {"type": "output_text", "text": "".join(pieces), "annotations": []}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
        usage = {"input_tokens": INPUT, "output_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
        return {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": "lab", "error": None,
                "incomplete_details": None, "output": [item] if pieces else [], "usage": usage if pieces else None}

    def frames(self, pieces):
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        return [self.event("response.created", response=self.response("in_progress")),
                self.event("response.output_item.added", output_index=0, item=item),
                self.event("response.content_part.added", item_id="msg_1", output_index=0, content_index=0, part=part),
                *map(self.text, pieces),
                self.event("response.completed", response=self.response("completed", pieces))]

    def plain(self, pieces):
        return dump(self.response("completed", pieces))

    def error_frame(self, code, message):
        return self.event("error", code=code, message=message, param=None)


class Anthropic(Format):
    name = kind = "anthropic"
    base = ""
    secret = "sk-ant-laboratory"
    ending = 2

    def event(self, kind, **more):
        return sse({"type": kind, **more}, kind)

    def text(self, piece):
        return self.event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})

    def message(self, content, stop, output):
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": "lab", "content": content,
                "stop_reason": stop, "stop_sequence": None, "usage": {"input_tokens": INPUT, "output_tokens": output}}

    def frames(self, pieces):
        return [self.event("message_start", message=self.message([], None, 1)),
                self.event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
                *map(self.text, pieces), self.event("content_block_stop", index=0),
                self.event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None},
                           usage={"output_tokens": OUTPUT}),
                self.event("message_stop")]

    def plain(self, pieces):
        return dump(self.message([{"type": "text", "text": "".join(pieces)}], "end_turn", OUTPUT))

    def error(self, status, code, message):
        return dump({"type": "error", "error": {"type": code, "message": message}}), {}

    def error_frame(self, code, message):
        return self.event("error", error={"type": code, "message": message})


class Gemini(Format):
    name = "gemini"
    kind = "google"
    base = "/v1beta"
    secret = "AIza-laboratory"

    def streams(self, path, body):
        return "streamGenerateContent" in path

    def candidate(self, text, finish=None):
        one = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
        return dict(one, finishReason=finish) if finish else one

    def answer(self, candidate, output):
        return {"candidates": [candidate], "modelVersion": "lab", "responseId": "r1",
                "usageMetadata": {"promptTokenCount": INPUT, "candidatesTokenCount": output,
                                  "totalTokenCount": INPUT + output}}

    def text(self, piece):
        return sse(self.answer(self.candidate(piece), 1))

    def frames(self, pieces):
        return [*map(self.text, pieces), sse(self.answer(self.candidate("", "STOP"), OUTPUT))]

    def plain(self, pieces):
        return dump(self.answer(self.candidate("".join(pieces), "STOP"), OUTPUT))

    def error(self, status, code, message):
        names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
                 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
        return dump({"error": {"code": status, "message": message, "status": names.get(status, "UNKNOWN")}}), {}

    def error_frame(self, code, message):
        return sse({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})


class Bedrock(Format):
    name = kind = "bedrock"
    base = ""
    secret = "bedrock-api-key-laboratory"
    stream_type = "application/vnd.amazon.eventstream"
    ending = 2

    def streams(self, path, body):
        return path.endswith("converse-stream")

    def message(self, kind, value):
        return aws_frames.message("%s %s" % (kind, json.dumps(value, ensure_ascii=False)))

    def text(self, piece):
        return self.message("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": piece}})

    def usage(self):
        return {"inputTokens": INPUT, "outputTokens": OUTPUT, "totalTokens": INPUT + OUTPUT}

    def frames(self, pieces):
        return [self.message("messageStart", {"role": "assistant"}), *map(self.text, pieces),
                self.message("contentBlockStop", {"contentBlockIndex": 0}),
                self.message("messageStop", {"stopReason": "end_turn"}),
                self.message("metadata", {"usage": self.usage(), "metrics": {"latencyMs": 3}})]

    def plain(self, pieces):
        return dump({"output": {"message": {"role": "assistant", "content": [{"text": "".join(pieces)}]}},
                     "stopReason": "end_turn", "usage": self.usage(), "metrics": {"latencyMs": 3}})

    def error(self, status, code, message):
        names = {400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException",
                 404: "ResourceNotFoundException", 429: "ThrottlingException", 500: "InternalServerException",
                 503: "ServiceUnavailableException"}
        return dump({"message": message}), {"x-amzn-errortype": names.get(status, "UnknownException")}

    def error_frame(self, code, message):
        return self.message("!throttlingException", {"message": message})


class Ollama(Format):
    name = kind = "ollama"
    base = ""
    config = {"api": "native"}
    stream_type = "application/x-ndjson"

    def streams(self, path, body):
        return body.get("stream", True) is True

    def line(self, text, **more):
        return {"model": "lab", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": text},
                "done": False, **more}

    def last(self, text):
        return self.line(text, done=True, done_reason="stop", prompt_eval_count=INPUT, eval_count=OUTPUT)

    def text(self, piece):
        return dump(self.line(piece)) + b"\n"

    def frames(self, pieces):
        return [*map(self.text, pieces), dump(self.last("")) + b"\n"]

    def plain(self, pieces):
        return dump(self.last("".join(pieces)))

    def error(self, status, code, message):
        return dump({"error": message}), {}

    def error_frame(self, code, message):
        return dump({"error": message}) + b"\n"


class Hub(Format):
    name = kind = "aignehub"
    base = "/api/v2/chat"

    def streams(self, path, body):
        return body.get("options", {}).get("streaming") is True

    def text(self, piece):
        return sse({"delta": {"text": {"text": piece}}})

    def usage(self):
        return {"inputTokens": INPUT, "outputTokens": OUTPUT}

    def frames(self, pieces):
        return [*map(self.text, pieces), sse({"delta": {"json": {"usage": self.usage(), "model": "lab"}}})]

    def plain(self, pieces):
        return dump({"text": "".join(pieces), "usage": self.usage(), "model": "lab"})

    def error(self, status, code, message):
        return dump({"error": {"message": message, "type": code}}), {}

    def error_frame(self, code, message):
        return sse({"message": message}, "error")


FORMATS = {f.name: f for f in (OpenAI(), Responses(), Anthropic(), Gemini(), Bedrock(), Ollama(), Hub())}
