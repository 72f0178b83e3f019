"""What a status says about money."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

SERVICE: Final = "service"
AD_WINDOW: Final = 72 * 3600.0
# From here on answers inside the window are charged too.
_SERVICE_IS_CHARGED: Final = datetime(2026, 10, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pricing:
    billable: bool
    type: str
    category: str

    def wire(self) -> dict[str, Any]:
        return {"billable": self.billable, "pricing_model": "PMP", "type": self.type, "category": self.category}


def pricing(*, category: str, is_in_window: bool, came_by_ad: bool, now: float) -> Pricing:
    """`category` of the template in lower case; what is no template is `service`."""
    if came_by_ad:
        return Pricing(billable=False, type="free_entry_point", category=category)
    is_free = is_in_window and category in {SERVICE, "utility"} and now < _SERVICE_IS_CHARGED
    return Pricing(billable=not is_free, type="free_customer_service" if is_free else "regular", category=category)
