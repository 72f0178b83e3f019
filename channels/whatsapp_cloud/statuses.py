"""What became of our messages, and what customers tell WhatsApp about being written to."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from channels.envelope import InboundEvent, Person, PreferenceChanged, Status, StatusChanged, Unknown
from channels.whatsapp_cloud.errors_table import provider_errors
from channels.whatsapp_cloud.fields import LONGEST_NAME, identifier, items, kept, moment, objects, text, word
from channels.whatsapp_cloud.people import Names, person_of, profile_of

Value = Mapping[str, Any]

_STATUSES: Final = {status.value: status for status in Status}
_PREFERENCES: Final = {"stop": True, "resume": False, "signup": False}


def read_statuses(value: Value, *, entry_time: object) -> Iterator[InboundEvent]:
    for status in items(value.get("statuses")):
        yield _status(status, entry_time) if isinstance(status, dict) else Unknown(what="status")


def _status(status: Value, entry_time: object) -> StatusChanged | Unknown:
    provider_id = identifier(status.get("id"))
    state = _STATUSES.get(text(status.get("status")) or "")
    if state is None:
        return Unknown(what=f"status.{word(status.get('status'))}")
    if provider_id is None:
        return Unknown(what="status.id")
    return StatusChanged(
        provider_id=provider_id,
        status=state,
        at=moment(status.get("timestamp"), entry_time),
        tag=identifier(status.get("biz_opaque_callback_data")),
        error=next(provider_errors(status.get("errors")), None),
        pricing=kept(status.get("pricing")) or None,
        recipient=_recipient(status),
    )


def _recipient(status: Value) -> Person | None:
    """In a group the one who received or read it; the group itself is no person."""
    of_group = "participant_" if "recipient_participant_id" in status or status.get("recipient_type") == "group" else ""
    parent = f"recipient_{of_group}parent_user_id"
    person = person_of(
        Names(
            number=status.get(f"recipient_{of_group}id"),
            user_id=status.get(f"recipient_{of_group}user_id"),
            # Three spellings have been seen in one year.
            parent_user_id=status.get(parent) or status.get("parent_recipient_user_id") or status.get("parent_user_id"),
        )
    )
    return person if person.identities else None


def read_preferences(value: Value, *, entry_time: object) -> Iterator[InboundEvent]:
    for preference in items(value.get("user_preferences")):
        yield _preference(preference, value, entry_time) if isinstance(preference, dict) else Unknown(what="preference")


def _preference(preference: Value, value: Value, entry_time: object) -> PreferenceChanged | Unknown:
    is_stop = _PREFERENCES.get(text(preference.get("value")) or "")
    if is_stop is None:
        return Unknown(what=f"preference.{word(preference.get('value'))}")
    names = Names(
        number=preference.get("wa_id"),
        user_id=preference.get("user_id"),
        parent_user_id=preference.get("parent_user_id"),
    )
    is_alone = len(items(value.get("user_preferences"))) == 1
    person = person_of(names, profile_of(names, objects(value.get("contacts")), is_alone=is_alone))
    if not person.identities:
        return Unknown(what="preference.person")
    return PreferenceChanged(
        person=person,
        at=moment(preference.get("timestamp"), entry_time),
        is_stop=is_stop,
        detail=text(preference.get("detail"), LONGEST_NAME) or "",
    )
