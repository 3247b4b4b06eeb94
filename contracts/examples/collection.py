"""Examples of the collection contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples.example import CREATED, ID, OTHER_ID, Example

_STAMPS = {"created_at": CREATED, "updated_at": CREATED}
_NEW_SOURCE: dict[str, Any] = {
    "name": "production-mysql",
    "type": "mysql",
    "description": "Production MySQL database",
    "config": {
        "host": "localhost",
        "port": 3306,
        "database": "production",
        "username": "admin",
        "password": "secret",
        "timeout": 30,
        "max_conns": 10,
        "max_idle_conns": 5,
    },
    "tags": ["production", "mysql"],
}
_SOURCE: dict[str, Any] = {
    "id": ID,
    **_NEW_SOURCE,
    "status": "active",
    "config": {**_NEW_SOURCE["config"], "password": "******"},
    **_STAMPS,
}
_NEW_TASK: dict[str, Any] = {
    "name": "daily-collection",
    "datasource_id": ID,
    "type": "full_collection",
    "config": {
        "include_schemas": ["public"],
        "exclude_tables": ["temp_*"],
        "batch_size": 1000,
        "timeout": 3600,
        "retry_count": 3,
    },
    "schedule": {"type": "cron", "cron_expr": "0 0 * * *", "timezone": "Asia/Shanghai"},
    "scheduler_type": "builtin",
}
_TASK = {"id": OTHER_ID, **_NEW_TASK, "status": "active", "next_run_at": "2024-01-01T16:00:00Z", **_STAMPS}
_RUN = {"execution_id": ID, "task_id": OTHER_ID, "status": "pending", "start_time": CREATED}
_NEW_TEMPLATE: dict[str, Any] = {
    "name": "mysql-standard",
    "type": "mysql",
    "description": "Standard MySQL configuration",
    "config_template": {
        "port": 3306,
        "timeout": 30,
        "max_conns": 10,
        "max_idle_conns": 5,
        "charset": "utf8mb4",
    },
}
_TEMPLATE = {"id": ID, **_NEW_TEMPLATE, **_STAMPS}
_PAGE = {"total": 1, "page": 1, "page_size": 20}
_LOGIN = {
    "access_token": "eyJhbGciOiJIUzI1NiIs...",
    "refresh_token": "eyJhbGciOiJIUzI1NiIs...",
    "token_type": "Bearer",
    "expires_in": 3600,
}

EXAMPLES: Mapping[str, Example] = {
    "POST /login": Example({"username": "admin", "password": "password"}, _LOGIN),
    "GET /datasources": Example(response={"data_sources": [_SOURCE], **_PAGE}),
    "POST /datasources": Example(_NEW_SOURCE, _SOURCE, 201),
    "GET /datasources/{id}": Example(response=_SOURCE),
    "PUT /datasources/{id}": Example(
        {
            "name": "updated-mysql",
            "description": "Updated description",
            "config": {"host": "new-host", "port": 3306},
            "tags": ["updated"],
        },
        {
            **_SOURCE,
            "name": "updated-mysql",
            "description": "Updated description",
            "config": {**_SOURCE["config"], "host": "new-host"},
            "tags": ["updated"],
        },
    ),
    "POST /datasources/{id}/test": Example(
        response={
            "success": True,
            "message": "Connection successful",
            "latency": 50,
            "server_info": "MySQL 8.0.32",
            "version": "8.0.32",
            "code": "",
        }
    ),
    "POST /datasources/batch/status": Example(
        {"ids": [ID, OTHER_ID], "status": "inactive"}, {"total": 2, "success": 2, "failed": 0, "errors": []}
    ),
    "GET /tasks": Example(response={"data": [_TASK], **_PAGE}),
    "POST /tasks": Example(_NEW_TASK, _TASK, 201),
    "GET /tasks/{id}": Example(response=_TASK),
    "PUT /tasks/{id}": Example(
        {
            "name": "updated-task",
            "config": {"batch_size": 2000},
            "schedule": {"type": "interval", "interval": 3600},
        },
        {
            **_TASK,
            "name": "updated-task",
            "config": {**_NEW_TASK["config"], "batch_size": 2000},
            "schedule": {"type": "interval", "interval": 3600},
        },
    ),
    **{f"POST /tasks/{{id}}/{verb}": Example(response=_TASK) for verb in ("start", "resume")},
    **{f"POST /tasks/{{id}}/{verb}": Example(response={**_TASK, "next_run_at": None}) for verb in ("stop", "pause")},
    "POST /tasks/{id}/execute": Example(response=_RUN, status=202),
    "GET /tasks/{id}/executions": Example(
        response={
            "data": [
                {
                    **_RUN,
                    "status": "success",
                    "end_time": "2024-01-01T00:00:42Z",
                    "duration": 42.0,
                    "progress": 100,
                    "trigger": "schedule",
                }
            ],
            **_PAGE,
        }
    ),
    "GET /templates": Example(response={"data": [_TEMPLATE], **_PAGE}),
    "POST /templates": Example(_NEW_TEMPLATE, _TEMPLATE, 201),
    "GET /templates/{id}": Example(response=_TEMPLATE),
    "PUT /templates/{id}": Example({"description": "For all our MySQL servers"}, _TEMPLATE),
    "POST /templates/{id}/apply": Example(
        {
            "name": "new-datasource",
            "config_overrides": {"host": "production-host", "database": "production_db"},
        },
        {
            **_SOURCE,
            "name": "new-datasource",
            "config": {
                **_NEW_TEMPLATE["config_template"],
                "host": "production-host",
                "database": "production_db",
            },
        },
        201,
    ),
}
