"""The account that most tests of the sandbox use, and messages that it may send."""

from typing import Any, Final

from sandbox.whatsapp.accounts import Account, Pace
from tests.sandbox.receiving import VERIFY_TOKEN

NUMBER: Final = "111222333"
WABA: Final = "444555666"
TOKEN: Final = "EAAtoken"
SECRET: Final = "app-secret"
APP: Final = "777888999"
ANA: Final = "+5511987654321"
ANA_ID: Final = "5511987654321"
BETO: Final = "+5511912340000"
NO_LIMITS: Final = Pace(per_second=None, pair_seconds=None)


def account(**changes: Any) -> Account:
    values: dict[str, Any] = {
        "phone_id": NUMBER,
        "waba_id": WABA,
        "display_phone_number": "+551133334444",
        "access_token": TOKEN,
        "app_secret": SECRET,
        "verify_token": VERIFY_TOKEN,
        "app_id": APP,
        "pace": NO_LIMITS,
    }
    return Account(**(values | changes))


def message(kind: str, content: Any, **changes: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": ANA, "type": kind, kind: content, **changes}


def text(body: str = "Oi, Ana!", **changes: Any) -> dict[str, Any]:
    return message("text", {"body": body}, **changes)
