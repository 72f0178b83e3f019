"""Which addresses a user may give, read as every parser below us reads them."""

import ipaddress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from core.targets import Blocked, Reason, is_public, target_of
from tests.fixtures.addresses import PUBLIC_V4, PUBLIC_V6, plainly_public


class TestTargetOf:
    @pytest.mark.parametrize(
        ("written", "canonical"),
        [
            ("HTTPS://Hook.Example", "https://hook.example/"),
            ("https://hook.example.:443/a/../b?x=1&y=%20#z", "https://hook.example/a/../b?x=1&y=%20"),
            ("https://ação.example/ação?é", "https://xn--ao-siap.example/a%C3%A7%C3%A3o?%C3%A9"),
            ("https://[2606:4700:0:0::1111]:8443", "https://[2606:4700::1111]:8443/"),
            ("https://ｈｏｏｋ。example/", "https://hook.example/"),
            ('https://hook.example/"<{}>', "https://hook.example/%22%3C%7B%7D%3E"),
        ],
    )
    def test_one_form_is_left_of_many(self, written: str, canonical: str) -> None:
        assert target_of(written).url == canonical

    @given(st.text(max_size=40), st.sampled_from(["https://", "https://hook.example", "https://[2606:", "https://8.8"]))
    @settings(database=None, deadline=None)
    def test_whatever_it_lets_through_every_parser_reads_alike(self, text: str, start: str) -> None:
        try:
            target = target_of(start + text)
        except Blocked:
            return
        ours, theirs = httpx.URL(target.url), URL(target.url)

        assert ours.scheme == theirs.scheme == "https"
        assert (ours.raw_host.decode(), ours.port or 443) == (theirs.raw_host, theirs.port)
        assert target_of(target.url) == target

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("http://hook.example/", Reason.SCHEME),
            (f"https://hook.example/{'a' * 2048}", Reason.LENGTH),
            ("https://hook.example\\@127.0.0.1/", Reason.CHARACTERS),
            ("https://ana:key@hook.example/", Reason.CREDENTIALS),
            ("https://hook_example.example/", Reason.HOST),
            ("https://0x7f.1/", Reason.NUMBER),
            ("https://hook.example:25/", Reason.PORT),
            ("https://10.0.0.1/", Reason.NOT_PUBLIC),
            ("https://localhost/", Reason.NOT_PUBLIC),
        ],
    )
    def test_a_refusal_says_what_to_change(self, url: str, reason: Reason) -> None:
        with pytest.raises(Blocked) as caught:
            target_of(url)

        assert (caught.value.reason, caught.value.status) == (reason, 422)
        assert reason.value.pt in caught.value.detail.pt


class TestIsPublic:
    @given(st.ip_addresses() | st.ip_addresses(network="2000::/3"))
    @settings(database=None, deadline=None, max_examples=500)
    def test_it_never_lets_through_what_the_standard_library_calls_private(
        self, address: ipaddress.IPv4Address | ipaddress.IPv6Address
    ) -> None:
        assert plainly_public(str(address)) or not is_public(str(address))

    @pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6, "8.8.8.8", "1.1.1.1", "2800:3f0:4001::1", "200.160.2.3"])
    def test_it_lets_common_public_addresses_through(self, address: str) -> None:
        assert is_public(address)
