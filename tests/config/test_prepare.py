"""What `manage.py up` checks before it changes anything, each refusal in one line."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from config.env import Environment
from config.prepare import CannotStart, _claim
from tests.config.ports import free_port


@pytest.fixture
def values(tmp_path) -> dict[str, str]:
    return {"DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port()), "GRPC_PORT": str(free_port())}


@contextmanager
def claimed(values: dict[str, str]) -> Iterator[None]:
    held = _claim(Environment(values))
    try:
        yield
    finally:
        held.http.close()
        os.close(held.lock)


def refusal(values: dict[str, str]) -> str:
    with pytest.raises(CannotStart) as caught:
        _claim(Environment(values))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_data_directory_is_made_for_this_user_only(values, tmp_path):
    with claimed(values):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "data" / "secret_key").stat().st_mode) == 0o600
        assert (tmp_path / "data" / "running.pid").read_text() == f"{os.getpid()}\n"


def test_secret_key_is_made_once(values, tmp_path):
    with claimed(values):
        first = (tmp_path / "data" / "secret_key").read_text()
    with claimed(values):
        assert (tmp_path / "data" / "secret_key").read_text() == first
    assert len(first) >= 50


def test_secret_key_that_is_given_makes_no_file(values, tmp_path):
    with claimed(values | {"SECRET_KEY": "given"}):
        assert not (tmp_path / "data" / "secret_key").exists()


@pytest.mark.parametrize("variable", ["PORT", "GRPC_PORT"])
def test_occupied_port_is_named_before_anything_is_made(values, tmp_path, variable):
    with socket.create_server(("127.0.0.1", int(values[variable]))):
        assert refusal(values) == (
            f"Port {values[variable]} on 127.0.0.1 is in use by another program: set {variable} to a free port"
        )
    assert not (tmp_path / "data").exists()


def test_port_of_a_program_that_shares_addresses_is_occupied_too(values):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", int(values["PORT"])))
        other.listen(1)
        assert "is in use" in refusal(values)


def test_both_ports_the_same(values):
    assert "PORT and GRPC_PORT are both" in refusal(values | {"GRPC_PORT": values["PORT"]})


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a..b", "x" * 300])
def test_host_that_is_not_ours(values, host):
    assert refusal(values | {"HOST": host}).startswith(f"HOST '{host}' is not an address of this machine")


def test_host_over_ipv6(values):
    with claimed(values | {"HOST": "::1"}):
        pass


@pytest.mark.parametrize("path", ["/dev/null/below", "/proc/cartulary", "/sys/cartulary"])
def test_data_directory_that_cannot_be_made(values, path):
    said = refusal(values | {"DATA_DIR": path})
    assert said.startswith(f"DATA_DIR {path} cannot be written to (")
    assert said.endswith("set DATA_DIR to a directory that can")


def test_data_directory_that_is_a_file(values, tmp_path):
    (tmp_path / "data").write_text("a file")
    assert "cannot be written to" in refusal(values)
    assert (tmp_path / "data").read_text() == "a file"


def test_second_instance_is_refused_and_told_which_process_is_first(values):
    other = values | {"PORT": str(free_port()), "GRPC_PORT": str(free_port())}
    with claimed(values):
        assert f"is already running with DATA_DIR {values['DATA_DIR']} (process {os.getpid()})" in refusal(other)
    with claimed(other):
        pass


def test_lock_of_a_killed_process_is_no_lock(values):
    """The file stays, with a process id that may belong to anybody by now; the kernel's lock is gone."""
    code = "import os, signal; from config.prepare import claim; claim(); os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ | values, check=False)
    assert killed.returncode == -9
    assert os.path.exists(os.path.join(values["DATA_DIR"], "running.pid"))
    with claimed(values):
        pass
