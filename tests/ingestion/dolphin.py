"""A DolphinScheduler of the tests' own: a real HTTP server that speaks the endpoints we use, with their rules.

No package brings a DolphinScheduler. What this one knows is the 3.x API: answers of code, msg and data; a workflow that
is online is neither changed nor deleted; one schedule a workflow, offline while it is changed.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

TOKEN, PROJECT = "a token of the tests", 4711


class Refusal(Exception):
    def __init__(self, code: int, message: str) -> None:
        self.code, self.message = code, message


class Dolphin:
    """`workflows` and `schedules` are what it holds; `refuse` names a call (`POST schedules`) to be refused."""

    def __init__(self) -> None:
        self.workflows: dict[int, dict[str, Any]] = {}
        self.schedules: dict[int, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.refuse = ""
        self.word = "workflow"
        self._next = 1000

    def number(self) -> int:
        self._next += 1
        return self._next

    def fire(self, code: int) -> httpx.Response:
        """Run a workflow: what its HTTP node does."""
        (task,) = json.loads(self.workflows[code]["taskDefinitionJson"])
        asked = task["taskParams"]
        headers = {one["prop"]: one["value"] for one in asked["httpParams"] if one["httpParametersType"] == "HEADERS"}
        return httpx.request(asked["httpMethod"], asked["url"], headers=headers, timeout=60)

    def answer(self, method: str, path: str, form: dict[str, str]) -> Any:
        rest = path.removeprefix(f"/dolphinscheduler/projects/{PROJECT}/")
        call = f"{method} {re.sub(r'/[0-9]+', '', rest)}"
        self.calls.append(call)
        if call == self.refuse:
            raise Refusal(10000, "it does not want to")
        if call == "GET task-definition/gen-task-codes":
            return [self.number()]
        parts = rest.split("/")
        key = int(parts[1]) if len(parts) > 1 else 0
        if parts[0] == f"{self.word}-definition":
            return self._definition(method, key, parts[2:], form)
        assert parts[0] == "schedules", f"no such endpoint: {call}"
        return self._schedule(method, key, parts[2:], form)

    def _definition(self, method: str, key: int, then: list[str], form: dict[str, str]) -> Any:
        if method == "POST" and not key:
            if any(one["name"] == form["name"] for one in self.workflows.values()):
                raise Refusal(10168, "the name exists")
            key = self.number()
            self.workflows[key] = {**form, "code": key, "state": "OFFLINE"}
            return {"code": key, "name": form["name"]}
        if key not in self.workflows:
            raise Refusal(50003, f"workflow definition {key} does not exist")
        found = self.workflows[key]
        if then == ["release"]:
            found["state"] = form["releaseState"]
            if found["state"] == "OFFLINE":
                for schedule in self._of(key):
                    schedule["state"] = "OFFLINE"
        elif found["state"] == "ONLINE":
            raise Refusal(50008, "workflow definition is online")
        elif method == "PUT":
            found.update(form)
        else:
            self.schedules = {number: one for number, one in self.schedules.items() if one["of"] != key}
            del self.workflows[key]
        return None

    def _schedule(self, method: str, key: int, then: list[str], form: dict[str, str]) -> Any:
        if method == "POST" and not key:
            of = int(form[f"{self.word}DefinitionCode"])
            if self.workflows[of]["state"] != "ONLINE":
                raise Refusal(50004, "workflow definition is not online")
            if self._of(of):
                raise Refusal(10204, "schedule exists")
            key = self.number()
            self.schedules[key] = {"id": key, "of": of, "state": "OFFLINE", **json.loads(form["schedule"])}
            return {"id": key}
        if key not in self.schedules:
            raise Refusal(10022, f"scheduler crontab {key} does not exist")
        found = self.schedules[key]
        if then:
            found["state"] = then[0].upper()
        elif found["state"] == "ONLINE":
            raise Refusal(10023, "schedule is online")
        elif method == "PUT":
            found.update(json.loads(form["schedule"]))
        else:
            del self.schedules[key]
        return None

    def _of(self, workflow: int) -> list[dict[str, Any]]:
        return [one for one in self.schedules.values() if one["of"] == workflow]


@contextmanager
def running_dolphin() -> Iterator[tuple[Dolphin, str]]:
    """The server and the URL of its API."""
    dolphin = Dolphin()

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            form = {name: values[-1] for name, values in parse_qs(url.query + "&" + body).items()}
            status, said = 200, {"code": 0, "msg": "success", "data": None}
            if self.headers["token"] != TOKEN:
                self.send_response(401)
                self.end_headers()
                return
            try:
                said["data"] = dolphin.answer(self.command, url.path, form)
            except Refusal as refusal:
                said |= {"code": refusal.code, "msg": refusal.message}
            answer = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = respond

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield dolphin, f"http://127.0.0.1:{server.server_address[1]}/dolphinscheduler"
    finally:
        server.shutdown()
        server.server_close()
