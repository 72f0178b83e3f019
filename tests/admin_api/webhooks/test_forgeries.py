"""What only looks as if Meta had posted it."""

import json
from collections.abc import Callable
from typing import Final

import pytest

from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.meta import SIGNATURE
from tests.admin_api.webhooks.place import Place, Shop, rows_of

Headers = list[tuple[str, str]]
Forge = Callable[[bytes, str], tuple[bytes, Headers]]


def _signed(header: Callable[[str], Headers]) -> Forge:
    """The body as it is, with what is made of its true signature."""
    return lambda body, secret: (body, header(meta.signature(body, secret)))


def _as(body: Callable[[bytes], bytes]) -> Forge:
    """Another body under the signature of the first."""
    return lambda posted, secret: (body(posted), [(SIGNATURE, meta.signature(posted, secret))])


def _reserialised(body: bytes) -> bytes:
    return json.dumps(json.loads(body), ensure_ascii=False).encode()


def _without_an_escape(body: bytes) -> bytes:
    return json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()


FORGERIES: Final[dict[str, Forge]] = {
    "no signature": _signed(lambda _: []),
    "an empty one": _signed(lambda _: [(SIGNATURE, "")]),
    "the prefix alone": _signed(lambda _: [(SIGNATURE, "sha256=")]),
    "a short one that is the beginning of the true one": _signed(lambda true: [(SIGNATURE, true[:-2])]),
    "one byte too many": _signed(lambda true: [(SIGNATURE, f"{true}00")]),
    "in capitals": _signed(lambda true: [(SIGNATURE, "sha256=" + true.removeprefix("sha256=").upper())]),
    "the prefix in capitals": _signed(lambda true: [(SIGNATURE, true.replace("sha256", "SHA256"))]),
    "without the prefix": _signed(lambda true: [(SIGNATURE, true.removeprefix("sha256="))]),
    "of another algorithm by name": _signed(lambda true: [(SIGNATURE, true.replace("sha256", "sha512"))]),
    "the old header": _signed(lambda true: [("X-Hub-Signature", true)]),
    "the true one twice": _signed(lambda true: [(SIGNATURE, true), (SIGNATURE, true)]),
    "a false one before the true one": _signed(lambda true: [(SIGNATURE, f"sha256={'0' * 64}"), (SIGNATURE, true)]),
    "the true one among others": _signed(lambda true: [(SIGNATURE, f"{true}, sha256={'0' * 64}")]),
    "spaces inside": _signed(lambda true: [(SIGNATURE, true.replace("=", "= "))]),
    "letters that only look like it": _signed(lambda _: [(SIGNATURE, f"sha256={'g' * 64}")]),
    "of another body": _signed(lambda _: [(SIGNATURE, meta.signature(b"{}", "segredo"))]),
    "of another secret": lambda body, _: (body, [(SIGNATURE, meta.signature(body, "outro"))]),
    "of no secret": lambda body, _: (body, [(SIGNATURE, meta.signature(body, ""))]),
    "one byte changed": _as(lambda body: body.replace(b"5511987654321", b"5511987654322")),
    "a byte added": _as(lambda body: body + b" "),
    "serialised again": _as(_reserialised),
    "without its escapes": _as(_without_an_escape),
}


class TestForgeries:
    @pytest.mark.parametrize("kind", FORGERIES)
    async def test_a_forgery_is_refused_and_leaves_no_row(self, place: Place, ana: Shop, kind: str) -> None:
        body, headers = FORGERIES[kind](ana.post(), ana.app_secret)

        response = await place.post(body, headers)

        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert await rows_of(place.floor, ana.company) == []

    async def test_the_same_body_with_its_true_signature_is_kept(self, place: Place, ana: Shop) -> None:
        assert (await place.deliver(ana)).status_code == 200
        assert len(await rows_of(place.floor, ana.company)) == 1

    async def test_another_companys_secret_opens_nothing(self, place: Place, ana: Shop, beto: Shop) -> None:
        body = ana.post()

        response = await place.post(body, meta.headers(body, beto.app_secret))

        assert response.status_code == 401
        assert await rows_of(place.floor, ana.company) == []
        assert await rows_of(place.floor, beto.company) == []

    async def test_the_refusal_tells_nothing_of_what_was_posted(self, place: Place, ana: Shop) -> None:
        body = ana.post(meta.message("palavra-secreta"))
        refusals = [await place.post(body, headers) for headers in ([], [(SIGNATURE, f"sha256={'0' * 64}")])]
        unknown = meta.posted_to("5" * 12)
        refusals.append(await place.post(unknown, meta.headers(unknown, "outro")))

        assert len({response.text for response in refusals}) == 1
        assert "palavra-secreta" not in refusals[0].text
