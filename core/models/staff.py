"""The staff group: bots, groups and the people in them, a topic per customer, and what has to be said there."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, TenantEntity, TenantRow, closed, within_tenant


class StaffBot(TenantRow):
    """A Telegram connection at work: one process holds its lease, asks for updates and sends for it."""

    __tablename__ = "staff_bots"

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    telegram_id: Mapped[int | None]
    username: Mapped[str | None]
    next_update: Mapped[int] = mapped_column(server_default="0")  # asked for from here on: all before it is kept
    problem: Mapped[str | None]  # why it cannot work, by its name in `channels/telegram_staff/problems.py`
    heard_at: Mapped[datetime | None]  # when Telegram last answered it
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]

    __table_args__ = (within_tenant("connection_id", "connections"),)


class StaffUpdate(TenantRow):
    """An update that was acted on. Telegram repeats what it believes we missed; after some days it no longer can."""

    __tablename__ = "staff_updates"

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("connection_id", "connections"),
        Index("ix_staff_updates_oldest", "tenant_id", "created_at"),
    )


class StaffGroup(TenantEntity):
    """The one group of a company in which its people work. One that was left stays on record."""

    __tablename__ = "staff_groups"

    connection_id: Mapped[UUID]
    chat_id: Mapped[int]
    title: Mapped[str]
    is_forum: Mapped[bool] = mapped_column(server_default=text("false"))
    rights: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # of the bot, as Telegram last told
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # how its people want it
    problem: Mapped[str | None]
    bound_by: Mapped[int]  # the Telegram user who typed the code
    bound_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    left_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("connection_id", "connections"),
        Index("uq_staff_groups_bound", "tenant_id", unique=True, postgresql_where=text("left_at IS NULL")),
    )


class StaffCode(TenantEntity):
    """A code that binds a group, or links the person it was made for. Used once, and only its digest is kept."""

    __tablename__ = "staff_codes"

    digest: Mapped[bytes]
    user_id: Mapped[UUID | None]  # none: it binds a group
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None]  # the Telegram user

    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["memberships.tenant_id", "memberships.user_id"]),
    )


class StaffPerson(TenantEntity):
    """A member of the company, as Telegram knows them: by number, for names can be changed by anybody."""

    __tablename__ = "staff_people"

    user_id: Mapped[UUID]
    telegram_id: Mapped[int]
    chat_id: Mapped[int | None]  # their private chat with the bot
    name: Mapped[str]
    linked_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["memberships.tenant_id", "memberships.user_id"]),
        UniqueConstraint("tenant_id", "user_id"),
        UniqueConstraint("tenant_id", "telegram_id"),
    )


class TopicState(StrEnum):
    WANTED = "wanted"  # it has still to be opened in Telegram
    OPEN = "open"
    CLOSED = "closed"


class StaffTopic(TenantEntity):
    """The place in the group for one person on one connection: opened again when they need somebody again."""

    __tablename__ = "staff_topics"

    group_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    conversation_id: Mapped[UUID]  # the newest of them
    thread_id: Mapped[int | None]  # Telegram's; none before it is opened, and after somebody deleted it
    name: Mapped[str]
    state: Mapped[TopicState] = mapped_column(closed(TopicState, "state"), server_default="wanted")
    card_message_id: Mapped[int | None]  # the summary at its head
    shown_seq: Mapped[int] = mapped_column(server_default="0")  # of the conversation: what is shown up to here
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("group_id", "staff_groups"),
        within_tenant("contact_id", "contacts"),
        within_tenant("connection_id", "connections"),
        within_tenant("conversation_id", "conversations"),
        UniqueConstraint("tenant_id", "group_id", "contact_id", "connection_id"),
        Index(
            "uq_staff_topics_thread",
            "tenant_id",
            "group_id",
            "thread_id",
            unique=True,
            postgresql_where=text("thread_id IS NOT NULL"),
        ),
        Index(None, "tenant_id", "conversation_id"),
    )


class NoteLane(StrEnum):
    """What goes first where the group's allowance is short: the order of this list."""

    ANSWER = "answer"  # to what somebody just typed or pressed
    ALERT = "alert"  # a customer waits for a person
    RELAY = "relay"  # what is said in a conversation that a person has
    NEWS = "news"


class NoteState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    MERGED = "merged"  # said together with the one before it
    FAILED = "failed"


class StaffNote(TenantEntity):
    """Something to be said or done in the group or to one of its people: at least once, in order of ids per topic."""

    __tablename__ = "staff_notes"

    key: Mapped[str]  # posted twice with one key, it is one note
    slot: Mapped[str | None]  # while it waits, a newer note of the same slot takes its place
    group_id: Mapped[UUID | None]
    topic_id: Mapped[UUID | None]  # none: the group's General, or a person's private chat
    person_id: Mapped[UUID | None]
    lane: Mapped[NoteLane] = mapped_column(closed(NoteLane, "lane"))
    body: Mapped[dict[str, Any]]  # one of `channels/telegram_staff/notes.py`
    state: Mapped[NoteState] = mapped_column(closed(NoteState, "state"), server_default="queued")
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    not_before: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    lease_until: Mapped[datetime | None]
    message_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))  # Telegram's, once it is said
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("group_id", "staff_groups"),
        within_tenant("topic_id", "staff_topics"),
        within_tenant("person_id", "staff_people"),
        UniqueConstraint("tenant_id", "key"),
        Index(
            "uq_staff_notes_slot",
            "tenant_id",
            "slot",
            unique=True,
            postgresql_where=text("state = 'queued' AND slot IS NOT NULL"),
        ),
        Index("ix_staff_notes_due", "tenant_id", "id", postgresql_where=text("state IN ('queued', 'sending')")),
        Index("ix_staff_notes_topic", "tenant_id", "topic_id", "id"),
    )


class LineKind(StrEnum):
    """What a message in the group is to a conversation."""

    SHOWN = "shown"  # something said in it, for the people of the company to see
    SENT = "sent"  # what one of them wrote to the customer
    INNER = "inner"  # a note among themselves
    CARD = "card"


class StaffLine(TenantEntity):
    """Which message of the group stands for which message of a conversation: for replies, edits, ticks, `/porque`."""

    __tablename__ = "staff_lines"

    group_id: Mapped[UUID]
    message_id: Mapped[int]  # Telegram's
    topic_id: Mapped[UUID | None]
    kind: Mapped[LineKind] = mapped_column(closed(LineKind, "kind"))
    said_id: Mapped[UUID | None]  # the message of the conversation
    person_id: Mapped[UUID | None]  # who wrote it in the group
    tick: Mapped[str | None]  # the state that is shown on it
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("group_id", "staff_groups"),
        within_tenant("topic_id", "staff_topics"),
        within_tenant("said_id", "messages"),
        within_tenant("person_id", "staff_people"),
        UniqueConstraint("tenant_id", "group_id", "message_id", "said_id"),
        Index(None, "tenant_id", "said_id"),
    )


class StaffButton(TenantEntity):
    """One press of one button: what it does, for whom, until when, and under which epoch of the control."""

    __tablename__ = "staff_buttons"

    signature: Mapped[bytes]  # kept, so that it holds though the key that made it is forgotten
    card_id: Mapped[UUID]  # the buttons of one card: who presses one has pressed all that exclude each other
    action: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    conversation_id: Mapped[UUID | None]
    epoch: Mapped[int | None]
    person_id: Mapped[UUID | None]  # only this one may press it
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("person_id", "staff_people"),
        within_tenant("used_by", "staff_people"),
        Index(None, "tenant_id", "card_id"),
        Index("ix_staff_buttons_expires", "tenant_id", "expires_at"),
    )
