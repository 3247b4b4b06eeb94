"""DolphinScheduler's REST API (3.x), as far as one task of ours is one workflow there.

A workflow is one HTTP node that calls us back. Every answer is `{code, msg, data}`; a code other than 0 is a refusal,
whatever the HTTP status. A workflow that is online may be neither changed nor deleted, and takes its schedule along
when it goes offline. See https://dolphinscheduler.apache.org, "Open API".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from contracts.errors import Conflict, DomainError, Invalid, Unavailable
from ingestion.services.quartz import Timing

logger = logging.getLogger(__name__)

TIMEOUT = 5
"""Seconds for each step of a request: a transaction of ours is open meanwhile."""
ACCEPTED = 202
"""What `POST …/execute` answers; the node takes nothing else for success."""
_GONE = {50003, 10022}
"""Codes of a workflow, and of a schedule, that is not there."""
_END = "2099-12-31 23:59:59"

_WORDS = {"3.3": ("workflow-definition", "workflowDefinitionCode")}
_OLD_WORDS = ("process-definition", "processDefinitionCode")


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a workflow is to be: what it calls, and when. `is_on` says whether its schedule runs it."""

    name: str
    description: str
    url: str
    key: str = field(repr=False)
    timing: Timing | None
    is_on: bool


Refs = dict[str, int]
"""The numbers DolphinScheduler gave: `workflow`, `node` and, once there was one, `schedule`."""


def is_set_up() -> bool:
    return bool(settings.DOLPHINSCHEDULER_URL)


@contextmanager
def dolphinscheduler() -> Iterator[Client]:
    """A connection as the settings say. Raises Invalid where they do not."""
    if not is_set_up():
        reason = "DolphinScheduler is not set up here (DOLPHINSCHEDULER_URL, _TOKEN and _PROJECT)."
        raise Invalid(fields={"scheduler_type": [reason]})
    # The operator names the server, as with the broker: the guard of members' addresses is not asked.
    with httpx.Client(
        base_url=settings.DOLPHINSCHEDULER_URL.rstrip("/"),
        headers={"token": settings.DOLPHINSCHEDULER_TOKEN, "accept": "application/json"},
        timeout=TIMEOUT,
        trust_env=False,
    ) as http:
        yield Client(http)


class Client:
    """Raises Unavailable where the server does not answer, Conflict where it refuses: then nothing is half done."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.project = f"/projects/{settings.DOLPHINSCHEDULER_PROJECT}"
        kind, self.code_name = _WORDS.get(settings.DOLPHINSCHEDULER_VERSION, _OLD_WORDS)
        self.definitions = f"{self.project}/{kind}"
        self.schedules = f"{self.project}/schedules"

    def create(self, workflow: Workflow) -> Refs:
        """Make the workflow, online, with its schedule."""
        codes = self._call("GET", f"{self.project}/task-definition/gen-task-codes", params={"genNum": 1})
        node = _number(codes[0] if isinstance(codes, list) and codes else None)
        made = self._call("POST", self.definitions, data=_definition(workflow, node))
        refs = {"workflow": _number(made, "code"), "node": node}
        try:
            self._release(refs, "ONLINE")
            self._set_schedule(refs, workflow)
        except DomainError:
            with _at_least_tried(refs):
                with suppress(DomainError):  # it may never have been online
                    self._release(refs, "OFFLINE")
                self._remove(refs)
            raise
        return refs

    def replace(self, refs: Refs, workflow: Workflow, *, former: Workflow) -> Refs:
        """Make the workflow that is there into this one; back into the `former` where that fails."""
        found = dict(refs)
        try:
            self._update(found, workflow)
        except DomainError:
            with _at_least_tried(refs):
                self._update(found, former)
                if "schedule" in found and "schedule" not in refs:
                    self._call("DELETE", f"{self.schedules}/{found['schedule']}")
            raise
        return found

    def delete(self, refs: Refs) -> None:
        """Delete the workflow and its schedule; one that is gone already is as good."""
        with _unless_gone():
            self._release(refs, "OFFLINE")
        self._remove(refs)

    def _remove(self, refs: Refs) -> None:
        if "schedule" in refs:
            with _unless_gone():
                self._call("DELETE", f"{self.schedules}/{refs['schedule']}")
        with _unless_gone():
            self._call("DELETE", f"{self.definitions}/{refs['workflow']}")

    def _update(self, refs: Refs, workflow: Workflow) -> None:
        self._release(refs, "OFFLINE")
        self._call("PUT", f"{self.definitions}/{refs['workflow']}", data=_definition(workflow, refs["node"]))
        self._release(refs, "ONLINE")
        self._set_schedule(refs, workflow)

    def _release(self, refs: Refs, state: str) -> None:
        self._call("POST", f"{self.definitions}/{refs['workflow']}/release", data={"releaseState": state})

    def _set_schedule(self, refs: Refs, workflow: Workflow) -> None:
        """Its schedule, which is offline at this time; one that is not wanted any more stays so."""
        if workflow.timing is None:
            return
        body = _schedule(workflow.timing)
        if "schedule" in refs:
            self._call("PUT", f"{self.schedules}/{refs['schedule']}", data=body)
        else:
            made = self._call("POST", self.schedules, data=body | {self.code_name: refs["workflow"]})
            refs["schedule"] = _number(made, "id")
        if workflow.is_on:
            self._call("POST", f"{self.schedules}/{refs['schedule']}/online")

    def _call(self, method: str, path: str, **options: Any) -> Any:
        """The `data` of the answer."""
        try:
            answer = self.http.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or error.__class__.__name__
            raise Unavailable(f"DolphinScheduler does not answer ({reason}): the task was left as it was") from None
        if answer.status_code in (401, 403):
            raise Conflict("DolphinScheduler does not accept our token (DOLPHINSCHEDULER_TOKEN)")
        try:
            said = answer.json()
            code = int(said["code"])
        except (ValueError, KeyError, TypeError):
            message = f"DolphinScheduler answered with {answer.status_code} and nothing that can be read"
            raise Unavailable(f"{message}: is DOLPHINSCHEDULER_URL right?") from None
        if code != 0:
            raise Conflict(f"DolphinScheduler refuses: {str(said.get('msg'))[:300]}", scheduler_code=code)
        return said.get("data")


def _number(data: Any, name: str = "") -> int:
    """A number of theirs, by itself or as a member of an object."""
    value = data.get(name) if isinstance(data, Mapping) else data
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unavailable("DolphinScheduler answered otherwise than its API says: which version is it?")
    return value


@contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        if error.details.get("scheduler_code") not in _GONE:
            raise


@contextmanager
def _at_least_tried(refs: Refs) -> Iterator[None]:
    """Setting things back after a failure: what fails as well is logged, the first failure is what is told."""
    try:
        yield
    except DomainError as error:
        logger.error("The workflow %s in DolphinScheduler could not be set back: %s", refs["workflow"], error.message)


def _definition(workflow: Workflow, node: int) -> dict[str, Any]:
    """The workflow's form: one HTTP node, which nothing comes before."""
    relation: dict[str, Any] = {"name": "", "conditionType": "NONE", "conditionParams": {}}
    relation |= {"preTaskCode": 0, "preTaskVersion": 0, "postTaskCode": node, "postTaskVersion": 0}
    header = {"prop": "Authorization", "httpParametersType": "HEADERS", "value": f"Bearer {workflow.key}"}
    parameters = {
        "localParams": [],
        "url": workflow.url,
        "httpMethod": "POST",
        "httpParams": [header],
        "httpCheckCondition": "STATUS_CODE_CUSTOM",
        "condition": str(ACCEPTED),
        "connectTimeout": 10_000,
        "socketTimeout": 30_000,
    }
    task = {
        "code": node,
        "name": "Execute",
        "description": "",
        "taskType": "HTTP",
        "taskParams": parameters,
        "flag": "YES",
        "taskPriority": "MEDIUM",
        "workerGroup": "default",
        "environmentCode": -1,
        "failRetryTimes": 0,
        "failRetryInterval": 1,
        "delayTime": 0,
        "timeoutFlag": "CLOSE",
        "timeout": 0,
    }
    return {
        "name": workflow.name,
        "description": workflow.description[:255],
        "globalParams": "[]",
        "timeout": 0,
        "executionType": "SERIAL_DISCARD",  # one run of a task at a time
        "tenantCode": settings.DOLPHINSCHEDULER_TENANT,
        "taskRelationJson": json.dumps([relation]),
        "taskDefinitionJson": json.dumps([task]),
        "locations": json.dumps([{"taskCode": node, "x": 100, "y": 100}]),
    }


def _schedule(timing: Timing) -> dict[str, Any]:
    when = {
        "startTime": f"{timezone.now():%Y-%m-%d} 00:00:00",
        "endTime": _END,
        "timezoneId": timing.zone,
        "crontab": timing.expression,
    }
    return {
        "schedule": json.dumps(when),
        "warningType": "NONE",
        "warningGroupId": 0,
        "failureStrategy": "END",
        "workerGroup": "default",
        "tenantCode": settings.DOLPHINSCHEDULER_TENANT,
        "environmentCode": -1,
        "processInstancePriority": "MEDIUM",
        "workflowInstancePriority": "MEDIUM",
    }
