"""What connectors over the network share."""

import socket

import pytest

from ingestion.connectors import network


@pytest.mark.parametrize("addresses", [["127.0.0.9", "127.0.0.1"], ["127.0.0.1", "127.0.0.9"], ["127.0.0.1"]])
def test_address_where_somebody_listens_is_chosen(addresses, monkeypatch):
    """As of a name that stands for an IPv6 address, which the server does not use, and an IPv4 one."""
    monkeypatch.setattr(network, "allowed_addresses", lambda host, port: addresses)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = {"host": "shop.example", "port": listener.getsockname()[1], "timeout": 5}
        assert network.listening_address_of(config) == "127.0.0.1"


def test_last_address_is_given_where_nobody_listens(monkeypatch, unused_tcp_port):
    monkeypatch.setattr(network, "allowed_addresses", lambda host, port: ["127.0.0.9", "127.0.0.1"])
    config = {"host": "shop.example", "port": unused_tcp_port, "timeout": 5}
    assert network.listening_address_of(config) == "127.0.0.1"
