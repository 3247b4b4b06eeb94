"""`metastore.ingestion.v1`: sources, tasks, executions, templates, and the streams that follow along."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import grpc
import pytest
from channels.layers import get_channel_layer
from django.db import connections
from django.utils import timezone
from google.protobuf.struct_pb2 import Struct

from accounts.models import ApiKey
from accounts.services import create_api_key, revoke_api_key
from catalog.services import AssetDraft, create_asset, delete_asset, update_asset, upsert_assets
from config import hearing, rpc_calls
from config.rpc import DATA_SOURCES, METADATA, TASKS, TEMPLATES, WATCHES
from ingestion.models import DataSource
from ingestion.protos import ingestion_pb2 as pb
from ingestion.services import jobs
from tests.config.rpc_client import Client, Refused, refused, serving
from tests.config.running import until

pytestmark = pytest.mark.django_db(transaction=True)
CONFIG = {"host": "db.example.com", "database": "shop", "username": "reader", "password": "a secret"}


@pytest.fixture
def address():
    with serving() as found:
        yield found


@pytest.fixture
def sources(address, alice_member):
    return Client(address, DATA_SOURCES, alice_member)


@pytest.fixture
def tasks(address, alice_member):
    return Client(address, TASKS, alice_member)


@pytest.fixture
def source(sources):
    return sources.CreateDataSource(name="shop", type="postgresql", config=struct(**CONFIG), tags=["prod"])


@pytest.fixture
def task(tasks, source):
    schedule = pb.Schedule(type="cron", cron_expr="0 0 * * *", timezone="Asia/Shanghai")
    return tasks.CreateTask(
        name="daily", datasource_id=source.id, type="full_collection", config=struct(batch_size=500), schedule=schedule
    )


def struct(**values: Any) -> Struct:
    made = Struct()
    made.update(values)
    return made


def test_a_data_source_lives_its_life(sources, source):
    assert (source.name, source.type, source.status, list(source.tags)) == ("shop", "postgresql", "active", ["prod"])
    assert source.config["password"] == "******"
    assert "a secret" not in str(source)
    assert sources.GetDataSource(id=source.id) == source
    changed = sources.UpdateDataSource(
        id=source.id, description="The shop", config=struct(host="other"), tags=pb.TagList()
    )
    assert (changed.description, changed.config["host"], changed.config["database"]) == ("The shop", "other", "shop")
    assert (list(changed.tags), changed.name) == ([], "shop")
    page = sources.ListDataSources(type="postgresql", name="SHO", page=1, page_size=5)
    assert ([each.id for each in page.data_sources], page.total, page.page, page.page_size) == ([source.id], 1, 1, 5)
    assert sources.ListDataSources(status="inactive").total == 0
    batch = sources.BatchUpdateStatus(ids=[source.id, str(uuid4())], status="inactive")
    assert (batch.total, batch.success, batch.failed, len(batch.errors)) == (2, 1, 1, 1)
    sources.DeleteDataSource(id=source.id)
    assert refused(sources.GetDataSource, id=source.id).code == grpc.StatusCode.NOT_FOUND


def test_source_that_cannot_be_reached_is_an_answer(sources):
    config = struct(**(CONFIG | {"host": "127.0.0.1", "port": 1, "timeout": 1}))
    source = sources.CreateDataSource(name="down", type="postgresql", config=config)
    answer = sources.TestConnection(id=source.id)
    assert (answer.success, bool(answer.message), bool(answer.code)) == (False, True, True)


def test_a_task_lives_its_life(tasks, source, task):
    assert (task.datasource_id, task.config["batch_size"], task.status) == (source.id, 500, "active")
    assert (task.schedule.cron_expr, task.next_run_at > time.time()) == ("0 0 * * *", True)
    changed = tasks.UpdateTask(id=task.id, name="often", schedule=pb.Schedule(type="interval", interval=3600))
    assert (changed.name, changed.schedule.interval, changed.config["batch_size"]) == ("often", 3600, 500)
    assert tasks.PauseTask(id=task.id).status == "paused"
    assert tasks.ResumeTask(id=task.id).status == "active"
    assert tasks.StopTask(id=task.id).status == "stopped"
    told = refused(tasks.ResumeTask, id=task.id)
    assert (told.code, told.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "CONFLICT")
    assert tasks.StartTask(id=task.id).status == "active"
    assert tasks.ListTasks(datasource_id=source.id, status="active", type="full_collection").total == 1
    tasks.DeleteTask(id=task.id)
    assert refused(tasks.GetTask, id=task.id).code == grpc.StatusCode.NOT_FOUND


def test_executions_are_begun_listed_and_read(tasks, task):
    execution = tasks.ExecuteTask(id=task.id)
    assert (execution.status, execution.task_id, execution.trigger) == ("pending", task.id, "manual")
    assert refused(tasks.ExecuteTask, id=task.id).code == grpc.StatusCode.FAILED_PRECONDITION
    assert tasks.GetExecution(execution_id=execution.execution_id) == execution
    listed = tasks.ListExecutions(task_id=task.id, status="pending", start_time=execution.start_time)
    assert ([each.execution_id for each in listed.executions], listed.total) == ([execution.execution_id], 1)
    assert tasks.ListExecutions(task_id=task.id, end_time=1).total == 0


def test_templates_are_kept_and_applied(address, alice_member, charlie_member):
    client, outsider = Client(address, TEMPLATES, alice_member), Client(address, TEMPLATES, charlie_member)
    made = client.CreateTemplate(name="standard", type="postgresql", config_template=struct(port=5433, timeout=120))
    changed = client.UpdateTemplate(id=made.id, config_template=struct(timeout=20))
    assert dict(changed.config_template) == {"port": 5433, "timeout": 20}
    assert client.ListTemplates(type="postgresql").templates[0] == client.GetTemplate(id=made.id) == changed
    source = client.ApplyTemplate(id=made.id, name="new", config_overrides=struct(**CONFIG))
    assert (source.config["port"], source.config["host"]) == (5433, "db.example.com")
    for method in ("GetTemplate", "UpdateTemplate", "DeleteTemplate", "ApplyTemplate"):
        assert refused(getattr(outsider, method), id=made.id).code == grpc.StatusCode.NOT_FOUND
    client.DeleteTemplate(id=made.id)
    assert client.ListTemplates().total == 0


def test_outsider_finds_nothing(address, charlie_member, source, task, tasks):
    execution = tasks.ExecuteTask(id=task.id)
    for service, key in ((DATA_SOURCES, source.id), (TASKS, task.id)):
        outsider = Client(address, service, charlie_member)
        for method in service.methods:
            names = {field.name for field in method.input_type.fields}
            if "id" in names:
                told = refused(getattr(outsider, method.name), id=key)
                assert (told.code, told.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND"), method.name
    outsider = Client(address, TASKS, charlie_member)
    for name in ("GetExecution", "WatchExecution"):
        assert refused(getattr(outsider, name), execution_id=execution.execution_id).code == grpc.StatusCode.NOT_FOUND
    assert outsider.ListTasks().total == 0
    told = refused(outsider.CreateTask, name="n", datasource_id=source.id)
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert DataSource.objects.get().name == "shop"


def test_viewer_changes_nothing(address, vera_member, source):
    viewer = Client(address, DATA_SOURCES, vera_member)
    assert viewer.GetDataSource(id=source.id).name == "shop"
    assert refused(viewer.DeleteDataSource, id=source.id).code == grpc.StatusCode.PERMISSION_DENIED
    assert refused(viewer.CreateDataSource, name="n", type="mysql").code == grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": "n", "type": "nosuch"}, "type"),
        ({"name": "n", "type": "postgresql", "config": {"hots": "x"}}, "config"),
        ({"name": "", "type": "postgresql"}, "name"),
    ],
)
def test_bad_source_is_named(sources, fields, named):
    if "config" in fields:
        fields = fields | {"config": struct(**fields["config"])}
    told = refused(sources.CreateDataSource, **fields)
    assert told.code == grpc.StatusCode.INVALID_ARGUMENT
    assert any(each.field.startswith(named) for each in told.details["BadRequest"].field_violations), told.details


def test_bad_page_is_named(sources, tasks):
    assert refused(sources.ListDataSources, page_size=101).code == grpc.StatusCode.INVALID_ARGUMENT
    assert refused(sources.ListDataSources, type="postgres").code == grpc.StatusCode.INVALID_ARGUMENT
    assert refused(tasks.ListTasks, page=-1).code == grpc.StatusCode.INVALID_ARGUMENT
    assert refused(tasks.ListTasks, status="asleep").code == grpc.StatusCode.INVALID_ARGUMENT


def gathered(stream: Any, into: list[Any]) -> None:
    try:
        for message in stream:
            into.append(message)
    finally:
        connections.close_all()


def test_an_execution_is_followed_until_it_ends(tasks, task):
    execution = tasks.ExecuteTask(id=task.id)
    heard: list[Any] = []
    stream = tasks.WatchExecution(execution_id=execution.execution_id, timeout=120)
    follower = threading.Thread(target=gathered, args=(stream, heard))
    follower.start()
    until(lambda: len(heard) == 1)
    job: Any = jobs.claim(None)
    assert str(job.pk) == execution.execution_id
    jobs.complete(job, {"created": 3})
    follower.join(60)
    assert not follower.is_alive()
    assert [each.status for each in (heard[0], heard[-1])] == ["pending", "success"]
    assert heard[-1].result["created"] == 3
    assert [each.status for each in tasks.WatchExecution(execution_id=execution.execution_id)] == ["success"]


def test_an_asset_is_followed_until_it_is_deleted(address, alice_member, alice_actor, charlie_member, monkeypatch):
    monkeypatch.setattr(hearing, "LOOK_ANYWAY", 3600.0)  # it is told, or hears nothing
    asset = create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})
    heard: list[Any] = []
    stream = Client(address, WATCHES, alice_member).WatchAsset(asset_id=str(asset.pk), timeout=120)
    follower = threading.Thread(target=gathered, args=(stream, heard))
    follower.start()
    until(lambda: len(heard) == 1)
    until(lambda: any(asset.organization_id.hex in group for group in get_channel_layer().groups))
    update_asset(actor=alice_actor, asset=asset, changes={"name": "people"})
    until(lambda: len(heard) == 2)
    drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}") for n in range(250)]
    upsert_assets(actor=alice_actor, drafts=[*drafts, AssetDraft("TABLE", "folk", "db.users")])
    until(lambda: len(heard) == 3)
    delete_asset(actor=alice_actor, asset=asset)
    follower.join(60)
    assert [(each.event, each.asset.name) for each in heard] == [
        ("CURRENT", "users"),
        ("UPDATE", "people"),
        ("UPDATE", "folk"),
        ("DELETE", "folk"),
    ]
    outsider = Client(address, WATCHES, charlie_member)
    assert refused(outsider.WatchAsset, asset_id=str(asset.pk)).code == grpc.StatusCode.NOT_FOUND


def test_stream_ends_at_its_deadline(address, alice_member, alice_actor):
    asset = create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})
    told = refused(Client(address, WATCHES, alice_member).WatchAsset, asset_id=str(asset.pk), timeout=0.5)
    assert told.code == grpc.StatusCode.DEADLINE_EXCEEDED


def test_stream_ends_with_the_key_it_was_opened_with(address, monkeypatch, alice_actor, acme):
    monkeypatch.setattr(rpc_calls, "RECHECK_SECONDS", 0.2)
    asset = create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})
    made = {"actor": alice_actor, "organization": acme, "role": "viewer"}
    revoked, expiring = create_api_key(**made, name="revoked"), create_api_key(**made, name="expiring")
    streams = [
        Client(address, WATCHES, x_api_key=new.key).WatchAsset(asset_id=str(asset.pk)) for new in (revoked, expiring)
    ]
    assert {next(stream).event for stream in streams} == {"CURRENT"}
    revoke_api_key(actor=alice_actor, api_key=revoked.api_key)
    ApiKey.objects.filter(pk=expiring.api_key.pk).update(expires_at=timezone.now())
    for stream in streams:
        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        assert Refused(ended.value).code == grpc.StatusCode.UNAUTHENTICATED


def test_streams_do_not_take_the_threads_of_calls(settings, alice_member, alice_actor):
    settings.GRPC_THREADS, settings.GRPC_STREAMS = 1, 4
    asset = create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})
    with serving() as address, ThreadPoolExecutor(4) as followers:
        streams = [Client(address, WATCHES, alice_member).WatchAsset(asset_id=str(asset.pk)) for _ in range(4)]
        assert {message.event for message in followers.map(next, streams)} == {"CURRENT"}
        assert Client(address, METADATA, alice_member).GetAsset(id=str(asset.pk)).name == "users"
        told = refused(Client(address, WATCHES, alice_member).WatchAsset, asset_id=str(asset.pk))
        assert (told.code, told.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
        for stream in streams:
            stream.cancel()
