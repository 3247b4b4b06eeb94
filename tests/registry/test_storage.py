"""Content is stored once, whole or not at all, whether on the disk or in S3."""

from __future__ import annotations

import hashlib
import io
import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from moto.server import ThreadedMotoServer

from contracts.errors import TooLarge, Unavailable
from registry import storage

BYTES = b"MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKT" * 1000
SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture(scope="session")
def moto_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def kept(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Any:
    """Either storage, empty."""
    settings.DATA_DIR = tmp_path
    if request.param == "s3":
        address = request.getfixturevalue("moto_address")
        httpx.post(f"{address}/moto-api/reset", timeout=60).raise_for_status()
        httpx.put(f"{address}/files", timeout=60).raise_for_status()
        settings.STORAGE_URL = f"s3://key:secret@files/below?endpoint={address}&region=us-east-1"
    return storage.backend()


def incoming_files() -> list[Path]:
    folder = storage.incoming_folder()
    return list(folder.iterdir()) if folder.is_dir() else []


def test_stores_by_content_and_reads_back(kept: Any) -> None:
    stored = storage.store(io.BytesIO(BYTES))
    assert stored == storage.StoredFile(SHA256, len(BYTES), f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}")
    assert storage.exists(SHA256)
    assert kept.size(stored.path) == len(BYTES)
    with storage.open(SHA256) as file:
        assert file.read() == BYTES
    with storage.open(SHA256, 40_000) as file:
        assert file.read() == BYTES[40_000:]
    assert [path for path, _ in kept.walk()] == [stored.path]
    assert [put_at for _, put_at in kept.walk()] == [kept.put_at(stored.path)]
    assert kept.put_at("00/00/none") is None
    assert incoming_files() == []


def test_same_content_is_stored_once(kept: Any) -> None:
    assert storage.store([BYTES]) == storage.store([BYTES[:7], BYTES[7:]])
    assert len(list(kept.walk())) == 1


def test_stores_an_empty_file(kept: Any) -> None:
    stored = storage.store([])
    assert stored.size == 0
    with storage.open(stored.sha256) as file:
        assert file.read() == b""


def test_a_stream_that_breaks_leaves_nothing(kept: Any) -> None:
    def broken() -> Iterator[bytes]:
        yield BYTES
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        storage.store(broken())
    assert not storage.exists(SHA256)
    assert incoming_files() == []


def test_a_file_over_the_limit_leaves_nothing(kept: Any) -> None:
    with pytest.raises(TooLarge):
        storage.store([BYTES], limit=len(BYTES) - 1)
    assert incoming_files() == []
    assert list(kept.walk()) == []


def test_what_is_not_there_is_file_not_found(kept: Any) -> None:
    assert not storage.exists(SHA256)
    with pytest.raises(FileNotFoundError):
        storage.open(SHA256)


def test_content_cannot_be_seen_before_it_is_kept(kept: Any) -> None:
    with storage.receive() as incoming:
        incoming.write(BYTES)
        incoming.finish()
        assert not storage.exists(SHA256)
        incoming.keep()
        assert storage.exists(SHA256)


def test_many_writers_of_one_content_agree(kept: Any) -> None:
    found: list[storage.StoredFile] = []
    threads = [threading.Thread(target=lambda: found.append(storage.store([BYTES]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 4
    with storage.open(SHA256) as file:
        assert file.read() == BYTES


def test_tells_whether_it_answers(kept: Any, settings: Any) -> None:
    assert kept.answers()
    if settings.STORAGE_URL:
        settings.STORAGE_URL = settings.STORAGE_URL.replace("@files/", "@gone/")
        assert not storage.backend().answers()


def test_only_s3_has_addresses_to_download_from(kept: Any) -> None:
    stored = storage.store([BYTES])
    link = kept.link(stored.path, filename="insulin chain.fasta", content_type="text/plain", seconds=60)
    if link is None:
        assert type(kept).__name__ == "LocalFiles"
        return
    answer = httpx.get(link, timeout=60)
    assert answer.content == BYTES
    assert "X-Amz-Signature=" in link
    assert answer.headers["Content-Type"] == "text/plain"


def test_a_bounded_file_ends_where_told_and_says_so() -> None:
    done: list[bool] = []
    part = storage.Bounded(io.BytesIO(BYTES), 100, lambda: done.append(True))
    assert part.read(60) == BYTES[:60]
    assert part.read(60) == BYTES[60:100]
    assert done == []
    assert part.read(60) == b""
    assert part.read(60) == b""
    assert done == [True]


def test_sweeps_what_died_half_way(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    with storage.receive() as incoming:
        incoming.write(BYTES)
        assert storage.sweep_incoming() == 0
        assert storage.sweep_incoming(older_than=-10) == 1
        assert not incoming.path.exists()


def test_a_disk_that_refuses_is_unavailable(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / SHA256[:2]).write_text("in the way")
    with pytest.raises(Unavailable):
        storage.store([BYTES])
    assert incoming_files() == []


@pytest.fixture
def full_disk(settings: Any, tmp_path: Path) -> Iterator[None]:
    """No file grows beyond 100,000 bytes, as on a disk that is full."""
    settings.DATA_DIR = tmp_path
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("chunks", [[b"x" * 65_000] * 3, [b"x" * 99_000, b"x" * 2000]])
def test_a_full_disk_is_unavailable_and_nothing_stays(chunks: list[bytes]) -> None:
    with pytest.raises(Unavailable):
        storage.store(chunks)
    assert incoming_files() == []
