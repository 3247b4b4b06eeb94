"""The one way out: which addresses may be connected to."""

import socket

import pytest

from ingestion.guard import Blocked, Unresolvable, allowed_addresses, check_url


@pytest.fixture
def resolves_to(monkeypatch):
    def answer(*addresses):
        found = [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80))
            for one in addresses
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)

    return answer


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.1.1",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "::ffff:0:169.254.169.254",
        "::ffff:0:a9fe:a9fe%eth0",
        "::169.254.169.254",
        "64:ff9b:1::169.254.169.254",
        "64:ff9b:1:a9fe:a9:fe00::",
        "64:ff9b:1:a9fe:a9:fe12:3456:789a",
        "64:ff9b:1:12a9:fe:a9fe::",
        "64:ff9b:1:1234:a9:fea9:fe00::",
        "2001:0:a9fe:a9fe::1",
        "2001:0:808:808::5601:5601",
        "2001:db8::5efe:169.254.169.254",
        "2001:db8::200:5efe:100.100.100.200",
        "::ffff:0.0.0.0",
        "fd00:ec2::254",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104  to be refused
        "::",
        "224.0.0.1",
    ],
)
def test_link_local_and_metadata_addresses_are_always_refused(resolves_to, address):
    resolves_to(address)
    with pytest.raises(Blocked):
        allowed_addresses("innocent.example", 80)


@pytest.mark.parametrize(
    "host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "0xa9.254.0xa9.254", "169.254.169.254"]
)
def test_unusual_forms_of_an_ipv4_address_are_read_before_they_are_judged(host):
    with pytest.raises(Blocked, match=r"169\.254\.169\.254"):
        allowed_addresses(host, 80)


@pytest.mark.parametrize("host", ["::ffff:0:169.254.169.254", "::ffff:0:a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"])
def test_address_within_an_address_is_judged_without_a_name_service_too(host):
    with pytest.raises(Blocked):
        allowed_addresses(host, 80)


def test_one_bad_address_among_good_ones_is_enough(resolves_to):
    resolves_to("93.184.216.34", "169.254.169.254")
    with pytest.raises(Blocked):
        allowed_addresses("innocent.example", 80)


PRIVATE = [
    "127.0.0.1",
    "::1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "100.64.0.1",
    "::ffff:0:10.0.0.1",
    "::10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::8.8.8.8",
    "2002:a00:1::1",
    "2606:2800:220:1:0:5efe:10.0.0.1",
    "fd12::5efe:8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_allowed_until_the_setting_denies_them(resolves_to, settings, address):
    resolves_to(address)
    assert len(allowed_addresses("db.internal", 5432)) == 1
    settings.DENY_PRIVATE_NETWORKS = True
    with pytest.raises(Blocked, match="DENY_PRIVATE_NETWORKS"):
        allowed_addresses("db.internal", 5432)


def test_public_addresses_are_allowed_and_returned_to_connect_to(resolves_to, settings):
    settings.DENY_PRIVATE_NETWORKS = True
    resolves_to("93.184.216.34", "2606:2800:220:1::1", "93.184.216.34")
    assert allowed_addresses("example.com", 443) == ["93.184.216.34", "2606:2800:220:1::1"]


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "::ffff:0:8.8.8.8"])
def test_public_address_within_an_address_is_allowed(resolves_to, settings, address):
    settings.DENY_PRIVATE_NETWORKS = True
    resolves_to(address)
    assert len(allowed_addresses("example.com", 443)) == 1


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "", "\x00"])
def test_host_that_is_not_known(host):
    with pytest.raises((Unresolvable, Blocked)):
        allowed_addresses(host or "invalid.invalid", 80)


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "file:///etc/passwd", "https://", "http://[", "https://x:99999/"]
)
def test_url_that_is_no_web_address_is_refused(url):
    with pytest.raises(Blocked):
        check_url(url)
