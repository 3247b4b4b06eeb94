"""The doors besides REST as a person runs them: in `manage.py up`, in processes of their own, over TLS, on servers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from catalog.protos import metadata_pb2 as pb
from config.prepare import CannotStart
from config.rpc import METADATA, WATCHES
from config.rpc_tls import credentials
from tests.certificates import Pair, make_pair
from tests.config.ports import free_port
from tests.config.rpc_client import Client
from tests.config.running import ADMIN, PASSWORD, Up, WebServer, begin, manage, until

UPDATED = "subscription S($id: ID!) { assetUpdated(assetId: $id) { name } }"


def healthy(channel: grpc.Channel) -> bool:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    try:
        asked = health_pb2.HealthCheckRequest(service="metastore.v1.MetadataService")
        return bool(stub.Check(asked, timeout=20).status == health_pb2.HealthCheckResponse.SERVING)
    except grpc.RpcError:
        return False


def grpc_of(address: str, token: str, service: Any = METADATA) -> Client:
    return Client(address, service, authorization=f"Bearer {token}")


def make_asset(up: Up, name: str = "t") -> str:
    body = {"type": "TABLE", "name": name, "qualified_name": f"{name}.{uuid4().hex}"}
    return str(up.ask("POST", "/v1/assets", 201, json=body)["id"])


@contextmanager
def subscribed(up: Up, key: str, *, changed_by: Up) -> Iterator[ClientConnection]:
    """A client of graphql-transport-ws that follows an asset: this is changed until the client is told."""
    address, protocol = f"{up.base.replace('http', 'ws')}/graphql", Subprotocol("graphql-transport-ws")
    with connect(address, subprotocols=[protocol], open_timeout=60) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {up.token}"}}))
        assert json.loads(socket.recv(60))["type"] == "connection_ack"
        payload = {"query": UPDATED, "variables": {"id": key}}
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        until(lambda: is_told(changed_by, key, socket))  # a subscription is not acknowledged
        yield socket


def is_told(up: Up, key: str, socket: ClientConnection) -> bool:
    """Whether a change of the asset is told, within a moment."""
    up.ask("PUT", f"/v1/assets/{key}", json={"name": f"is it told {uuid4().hex}"})
    with suppress(TimeoutError):
        return bool(socket.recv(0.5))
    return False


def hear_name(socket: ClientConnection, name: str) -> None:
    """Wait for this name; until then the changes are told that were before it."""
    until(lambda: json.loads(socket.recv(60))["payload"]["data"] == {"assetUpdated": {"name": name}})


@pytest.mark.xdist_group("up")
def test_up_serves_every_door(running):
    key = make_asset(running)
    client = grpc_of(f"127.0.0.1:{running.env['GRPC_PORT']}", running.token)
    assert healthy(client.channel)
    assert client.GetAsset(id=key).name == "t"
    query = {"query": "query Q($id: ID!) { asset(id: $id) { name } }", "variables": {"id": key}}
    assert running.ask("POST", "/graphql", json=query) == {"data": {"asset": {"name": "t"}}}
    with subscribed(running, key, changed_by=running) as socket:
        client.UpdateAsset(id=key, name="by gRPC")
        hear_name(socket, "by gRPC")
    assert running.resident() < 400 * 1024 * 1024


@pytest.mark.xdist_group("up")
def test_up_streams_what_http_changes(running):
    key = make_asset(running)
    stream = grpc_of(f"127.0.0.1:{running.env['GRPC_PORT']}", running.token, WATCHES).WatchAsset(asset_id=key)
    assert next(stream).event == "CURRENT"
    took: list[float] = []
    for number in range(5):
        began = time.monotonic()
        running.ask("PUT", f"/v1/assets/{key}", json={"name": f"by REST {number}"})
        changed = next(stream)
        assert (changed.event, changed.asset.name) == ("UPDATE", f"by REST {number}")
        took.append(time.monotonic() - began)
        if took[-1] < 4:
            break
    assert min(took) < 4, "it was not told: looking anyway takes 5 seconds each time"
    stream.cancel()


@pytest.fixture(scope="module")
def localhost(tmp_path_factory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("tls"), "localhost")


@contextmanager
def grpcserver(env: dict[str, str], log: Path) -> Iterator[None]:
    """`manage.py grpcserver`, which must end well."""
    process = begin("manage.py", "grpcserver", env=env, log=log)
    try:
        until(lambda: "is served" in log.read_text(), why=log.read_text)
        yield
        process.terminate()
        assert process.wait(60) == 0
        assert "Traceback" not in log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.xdist_group("up")
def test_grpcserver_runs_alone_over_tls(running, localhost, tmp_path):
    port = str(free_port())
    env = running.env | {"GRPC_PORT": port, "GRPC_TLS_CERT": str(localhost.cert), "GRPC_TLS_KEY": str(localhost.key)}
    with grpcserver(env, tmp_path / "log"):
        secure = localhost.channel(port)
        assert healthy(secure)
        stub: Any = secure.unary_unary(
            "/metastore.v1.MetadataService/GetAsset", lambda message: message.SerializeToString(), pb.Asset.FromString
        )
        asset = make_asset(running)
        metadata = (("authorization", f"Bearer {running.token}"),)
        assert stub(pb.GetAssetRequest(id=asset), metadata=metadata, timeout=60).id == asset
        assert not healthy(grpc.insecure_channel(f"localhost:{port}"))


@pytest.mark.xdist_group("up")
def test_a_client_without_the_certificate_that_is_asked_for_gets_nowhere(running, localhost, tmp_path):
    known, stranger = make_pair(tmp_path, "client"), make_pair(tmp_path, "stranger")
    port = str(free_port())
    pair = {"GRPC_TLS_CERT": str(localhost.cert), "GRPC_TLS_KEY": str(localhost.key)}
    env = running.env | pair | {"GRPC_PORT": port, "GRPC_TLS_CLIENT_CA": str(known.cert)}
    with grpcserver(env, tmp_path / "log"):
        assert healthy(localhost.channel(port, client=known))
        assert not healthy(localhost.channel(port, client=stranger))
        assert not healthy(localhost.channel(port))


@pytest.mark.xdist_group("up")
def test_grpcserver_says_that_its_port_is_taken(running):
    taken = manage("grpcserver", env=running.env)
    assert (taken.returncode, "set GRPC_PORT to a free port" in taken.stderr) == (1, True), taken.stderr
    assert "Traceback" not in taken.stderr


def test_tls_that_cannot_work_is_told_before_the_server_starts(localhost, tmp_path, settings):
    other = make_pair(tmp_path, "other")
    (tmp_path / "no.pem").write_text("no certificate")
    cert, key, none = str(localhost.cert), str(localhost.key), str(tmp_path / "no.pem")
    settings.GRPC_TLS_CERT, settings.GRPC_TLS_KEY, settings.GRPC_TLS_CLIENT_CA = "", "", ""
    assert credentials() is None
    for given, words in (
        ((cert, "", ""), "needs both GRPC_TLS_CERT and GRPC_TLS_KEY"),
        (("", "", cert), "needs both GRPC_TLS_CERT and GRPC_TLS_KEY"),
        (("/nowhere", key, ""), "GRPC_TLS_CERT must name a file that can be read"),
        ((none, key, ""), "GRPC_TLS_CERT must name a file with certificates"),
        ((cert, none, ""), "GRPC_TLS_KEY must name a file with an unencrypted private key"),
        ((cert, str(other.key), ""), "GRPC_TLS_KEY is not the key of the certificate"),
        ((cert, key, none), "GRPC_TLS_CLIENT_CA must name a file with certificates"),
    ):
        settings.GRPC_TLS_CERT, settings.GRPC_TLS_KEY, settings.GRPC_TLS_CLIENT_CA = given
        with pytest.raises(CannotStart, match=words):
            credentials()


@pytest.fixture(scope="module")
def servers(postgresql_url, redis_url) -> Iterator[dict[str, str]]:
    name = f"cartulary_doors_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    yield {
        "DATABASE_URL": postgresql_url.rpartition("/")[0] + f"/{name}",
        "REDIS_URL": redis_url,
        "SECRET_KEY": "one for all processes, long enough for HMAC with SHA-256",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "CELERY_BROKER_URL": "memory://",
        **ADMIN,
    }
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.postgresql
@pytest.mark.redis
@pytest.mark.only_on("postgresql")
@pytest.mark.xdist_group("up on servers")
def test_an_event_made_in_one_process_reaches_every_door_of_another(servers, tmp_path):
    up = Up(tmp_path / "up", **servers)
    try:
        up.log_in()
        web = WebServer(tmp_path / "web", **servers)
        env = web.env | {"GRPC_PORT": str(free_port())}
        rpc = begin("manage.py", "grpcserver", env=env, log=tmp_path / "rpc.log")
        try:
            web.token = up.token
            key = make_asset(up)
            client = grpc_of(f"127.0.0.1:{env['GRPC_PORT']}", up.token, WATCHES)
            until(lambda: healthy(client.channel), why=(tmp_path / "rpc.log").read_text)
            stream = client.WatchAsset(asset_id=key, timeout=600)
            assert next(stream).event == "CURRENT"
            with subscribed(web, key, changed_by=up) as graphql, web.socket() as socket:
                follow = {"type": "subscribe", "channel": "asset.updates", "asset_id": key}
                socket.send(json.dumps(follow))
                until(lambda: json.loads(socket.recv(60))["type"] == "subscribed")
                writer = threading.Timer(0, up.ask, ["PUT", f"/v1/assets/{key}"], {"json": {"name": "told"}})
                writer.start()
                until(lambda: json.loads(socket.recv(60))["data"]["name"] == "told")
                hear_name(graphql, "told")
                until(lambda: next(stream).asset.name == "told")
                writer.join(60)
            stream.cancel()
        finally:
            rpc.terminate()
            rpc.wait(60)
            web.end()
    finally:
        up.end()
