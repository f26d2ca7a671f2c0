"""A local stand-in for OpenAI's HTTP API: Responses and Chat Completions, streamed or whole, answered by a script."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Self

from openai.types.responses import Response, ResponseFunctionToolCall

from agents_runtime.scripted import Conversation, Script
from agents_runtime.scripted.model import answer
from agents_runtime.scripted.stream import events

WIRE: dict[str, bool] = {"by_alias": True, "exclude_unset": True}
"""How the real API writes: its own names for fields, and none that says nothing."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    body: dict[str, Any]


class OpenAIServer:
    """Serves on a free loopback port inside a `with` block; `url` is what OPENAI_BASE_URL wants."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.faults: deque[tuple[int, str]] = deque()
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.api = self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def fail(self, status: int, message: str = "The server had an error", *, times: int = 1) -> None:
        """Answer the next requests with an error. The client repeats 429 and 5xx twice before it gives up."""
        self.faults.extend([(status, message)] * times)

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def respond(self, body: dict[str, Any], conversation: Conversation) -> Response:
        """The script's next turn, under the name of the model that was asked for."""
        return answer(conversation, self.script(conversation)).model_copy(update={"model": body["model"]})


class _Listener(ThreadingHTTPServer):
    api: OpenAIServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def do_POST(self) -> None:
        api, body = self.server.api, json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        api.requests.append(Request(self.path, body))
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            self._error(401, "You did not provide an API key.")
        elif api.faults:
            self._error(*api.faults.popleft())
        elif self.path == "/v1/responses":
            self._responses(body)
        elif self.path == "/v1/chat/completions":
            self._chat(body)
        else:
            self._error(404, f"Unknown request URL: POST {self.path}")

    def _responses(self, body: dict[str, Any]) -> None:
        response = self.server.api.respond(body, _from_responses(body))
        if body.get("stream"):
            self._stream(f"event: {event.type}\ndata: {event.model_dump_json(**WIRE)}" for event in events(response))
        else:
            self._json(200, response.model_dump(mode="json", **WIRE))

    def _chat(self, body: dict[str, Any]) -> None:
        response = self.server.api.respond(body, _from_chat(body))
        if body.get("stream"):
            self._stream(f"data: {chunk}" for chunk in _chunks(response, body))
        else:
            self._json(200, _completion(response))

    def _error(self, status: int, message: str) -> None:
        kind = "invalid_request_error" if status < 500 else "server_error"
        self._json(status, {"error": {"message": message, "type": kind, "param": None, "code": None}})

    def _json(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, messages: Iterator[str]) -> None:
        """Server-sent events; the closed connection ends them."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for message in messages:
            self.wfile.write(f"{message}\n\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep test output quiet."""


def _from_responses(body: dict[str, Any]) -> Conversation:
    said = body["input"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    return Conversation(items, body.get("instructions") or "", tuple(tool["name"] for tool in body.get("tools", [])))


def _from_chat(body: dict[str, Any]) -> Conversation:
    instructions, *rest = body["messages"]
    if instructions["role"] != "system":
        instructions, rest = {"content": ""}, body["messages"]
    items = [item for message in rest for item in _items(message)]
    tools = tuple(tool["function"]["name"] for tool in body.get("tools", []))
    return Conversation(items, instructions["content"], tools)


def _items(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One chat message in the form of the Responses API's items."""
    if message["role"] == "tool":
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
        return
    if message.get("content"):
        yield {"role": message["role"], "content": message["content"]}
    for call in message.get("tool_calls") or []:
        yield {"type": "function_call", "call_id": call["id"], **call["function"]}


def _head(response: Response, kind: str) -> dict[str, Any]:
    name = response.id.replace("resp_", "chatcmpl_")
    return {"id": name, "object": kind, "created": int(response.created_at), "model": response.model}


def _usage(response: Response) -> dict[str, int]:
    assert response.usage is not None
    read, written, total = response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": total}


def _calls(response: Response) -> list[dict[str, Any]]:
    return [
        {"id": item.call_id, "type": "function", "function": {"name": item.name, "arguments": item.arguments}}
        for item in response.output
        if isinstance(item, ResponseFunctionToolCall)
    ]


def _completion(response: Response) -> dict[str, Any]:
    calls = _calls(response)
    message = {"role": "assistant", "content": response.output_text or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {**_head(response, "chat.completion"), "choices": [choice], "usage": _usage(response)}


def _chunks(response: Response, body: dict[str, Any]) -> Iterator[str]:
    """The completion in pieces: the role, the text or the calls, why it ended, the usage if asked for, a last word."""
    head = _head(response, "chat.completion.chunk")
    for delta in _deltas(response):
        yield json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    reason = "tool_calls" if _calls(response) else "stop"
    yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if body.get("stream_options", {}).get("include_usage"):
        yield json.dumps({**head, "choices": [], "usage": _usage(response)})
    yield "[DONE]"


def _deltas(response: Response) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": None if _calls(response) else ""}
    for piece in _pieces(response.output_text, 5):
        yield {"content": piece}
    for index, call in enumerate(_calls(response)):
        arguments = call["function"]["arguments"]
        yield {"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]}
        for piece in _pieces(arguments, 3):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _pieces(text: str, many: int) -> Iterator[str]:
    """The text cut into at most that many parts, in order."""
    step = -(-len(text) // many) or 1
    return (text[start:end] for start, end in pairwise([*range(0, len(text), step), len(text)]))
