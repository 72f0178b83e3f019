"""Calls to the Graph API: where it is for a line, and what every call carries."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import httpx

from channels.base import Line
from channels.errors import CredentialRefused
from core.clock import Deadline
from core.errors import Malformed
from core.http import Answer, Unreachable, perform

MOST_BYTES: Final = 1 << 20
_ID: Final = re.compile(r"[0-9]{1,32}")
_PATH_PART: Final = re.compile(r"[A-Za-z0-9_.-]{1,512}")
_SECRET: Final = re.compile(r"[\x21-\x7e]{1,4096}")
_JSON: Final = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bases:
    """`sandbox`: where the simulated providers are, for the lines that use them."""

    real: str
    version: str
    sandbox: str | None


class Graph:
    def __init__(self, client: httpx.AsyncClient, bases: Bases) -> None:
        self.client = client
        self._bases = bases

    def base_of(self, line: Line) -> str:
        """Without a slash at its end."""
        base = self._bases.sandbox if line.settings.get("is_sandbox") is True else self._bases.real
        if base is None:
            raise Unreachable("sandbox")
        return str(base).rstrip("/")

    def get(self, line: Line, path: str, query: Mapping[str, str] | None = None) -> httpx.Request:
        return self._request("GET", line, path, query=query)

    def post(self, line: Line, path: str, content: bytes, *, content_type: str = _JSON) -> httpx.Request:
        return self._request("POST", line, path, content=content, content_type=content_type)

    async def call(self, request: httpx.Request, *, deadline: Deadline, starts_by: Deadline | None = None) -> Answer:
        return await perform(self.client, request, deadline=deadline, max_bytes=MOST_BYTES, starts_by=starts_by)

    def _request(
        self,
        method: str,
        line: Line,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        content_type: str | None = None,
    ) -> httpx.Request:
        # The proof is needed where the app demands it, and does no harm where it does not.
        params = urlencode({**(query or {}), "appsecret_proof": proof_of(line)})
        headers = {**bearer(line), **({"Content-Type": content_type} if content_type else {})}
        url = f"{self.base_of(line)}/{self._bases.version}/{path}?{params}"
        return self.client.build_request(method, url, headers=headers, content=content)


def bearer(line: Line) -> dict[str, str]:
    return {"Authorization": f"Bearer {_secret(line, 'access_token')}"}


def token_of(line: Line) -> str:
    return _secret(line, "access_token")


def proof_of(line: Line) -> str:
    secret, token = _secret(line, "app_secret"), _secret(line, "access_token")
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def phone_of(line: Line) -> str:
    return _setting(line, "phone_number_id")


def account_of(line: Line) -> str:
    return _setting(line, "waba_id")


def path_part(value: str) -> str:
    """An id of Meta's as one step of a path, never more than one."""
    if not _PATH_PART.fullmatch(value) or not value.strip("."):
        raise Malformed(
            "O id do WhatsApp não tem a forma esperada.", "The WhatsApp id does not have the expected form."
        )
    return value


def _setting(line: Line, name: str) -> str:
    value = str(line.settings.get(name, ""))
    if not _ID.fullmatch(value):
        raise Malformed(
            f"A conexão não tem um {name} válido: atualize-a.", f"The connection has no valid {name}: update it."
        )
    return value


def _secret(line: Line, name: str) -> str:
    value = line.secrets.get(name, "")
    if not _SECRET.fullmatch(value):  # it would break the header, and Meta never made it
        raise CredentialRefused
    return value
