"""What Meta's error codes mean to us: the table of section 5 of the fact sheet, for refusals and failed statuses."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from channels.envelope import ProviderError
from channels.errors import (
    AccountBlocked,
    CredentialRefused,
    MediaRefused,
    NotNow,
    OptedOut,
    PairLimited,
    ProviderTrouble,
    RateLimited,
    SendError,
    TemplateRefused,
    Undeliverable,
    Unfit,
    WindowClosed,
)
from channels.whatsapp_cloud.fields import LONGEST_NAME, mapping, objects, text

_CODES: Final[Mapping[type[SendError], tuple[int, ...]]] = {
    CredentialRefused: (0, 190, 3, 10, *range(200, 300), 131005),
    RateLimited: (4, 80007, 130429),
    PairLimited: (131056,),
    NotNow: (131049,),
    OptedOut: (131050,),
    WindowClosed: (131047,),
    # 131062: an authentication template cannot go to a user id; 137000: the person's identity key is another one.
    Undeliverable: (130472, 131021, 131026, 131030, 131062, 137000),
    # 131048 asks to stop writing from this number altogether: to be told "slow down" would be to go on.
    AccountBlocked: (368, 130497, 131031, 131042, 131045, 131048, 133010),
    ProviderTrouble: (1, 2, 131000, 131016, 131057, 133004),
    Unfit: (33, 100, 131008, 131009, 135000),
    MediaRefused: (131051, 131052, 131053),
    # 131063 and 131064 refuse every marketing template: whoever looks after the templates must act.
    TemplateRefused: (
        *(131063, 131064),
        *(132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069),
    ),
}
KIND_OF_CODE: Final[Mapping[int, type[SendError]]] = MappingProxyType(
    {code: kind for kind, codes in _CODES.items() for code in codes}
)
_KIND_OF_STATUS: Final[Mapping[int, type[SendError]]] = {
    401: CredentialRefused,
    403: CredentialRefused,
    429: RateLimited,
}


def kind_of(code: int, *, http_status: int = 400) -> type[SendError]:
    """The code decides; the HTTP status only where the code is one that nobody told us of."""
    return KIND_OF_CODE.get(code) or _KIND_OF_STATUS.get(http_status, Unfit)


def code_in(error: Mapping[str, Any]) -> int | None:
    code = error.get("code")
    if isinstance(code, str) and code.isascii() and code.isdecimal() and len(code) <= 9:  # noqa: PLR2004 - an int
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def provider_errors(errors: object) -> Iterator[ProviderError]:
    """Of a failed status. The details may quote the recipient, so they stay in the raw event."""
    for error in objects(errors):
        code = code_in(error)
        if code is not None:
            title = text(error.get("title"), LONGEST_NAME) or text(mapping(error).get("message"), LONGEST_NAME) or ""
            yield ProviderError(kind=kind_of(code).name, code=str(code), title=title)
