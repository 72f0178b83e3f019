"""What somebody is in a group, what he may do there, and how Telegram tells it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sandbox.telegram.people import User
from sandbox.telegram.wire import Json


class Status(StrEnum):
    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"


class Right(StrEnum):
    """In the order in which they are told."""

    MANAGE_CHAT = "can_manage_chat"
    CHANGE_INFO = "can_change_info"
    DELETE_MESSAGES = "can_delete_messages"
    INVITE_USERS = "can_invite_users"
    RESTRICT_MEMBERS = "can_restrict_members"
    PIN_MESSAGES = "can_pin_messages"
    MANAGE_TOPICS = "can_manage_topics"
    PROMOTE_MEMBERS = "can_promote_members"
    MANAGE_VIDEO_CHATS = "can_manage_video_chats"
    POST_STORIES = "can_post_stories"
    EDIT_STORIES = "can_edit_stories"
    DELETE_STORIES = "can_delete_stories"
    MANAGE_TAGS = "can_manage_tags"


class Permission(StrEnum):
    """What plain members may do. To manage topics is, of a member, to open some and care for his own."""

    SEND_MESSAGES = "can_send_messages"
    SEND_AUDIOS = "can_send_audios"
    SEND_DOCUMENTS = "can_send_documents"
    SEND_PHOTOS = "can_send_photos"
    SEND_VIDEOS = "can_send_videos"
    SEND_VIDEO_NOTES = "can_send_video_notes"
    SEND_VOICE_NOTES = "can_send_voice_notes"
    SEND_POLLS = "can_send_polls"
    SEND_OTHER = "can_send_other_messages"
    ADD_PREVIEWS = "can_add_web_page_previews"
    REACT = "can_react_to_messages"
    EDIT_TAG = "can_edit_tag"
    CHANGE_INFO = "can_change_info"
    INVITE_USERS = "can_invite_users"
    PIN_MESSAGES = "can_pin_messages"
    MANAGE_TOPICS = "can_manage_topics"


_MEDIA: Final = frozenset(Permission) & {
    *(Permission.SEND_AUDIOS, Permission.SEND_DOCUMENTS, Permission.SEND_PHOTOS, Permission.SEND_VIDEOS),
    *(Permission.SEND_VIDEO_NOTES, Permission.SEND_VOICE_NOTES),
}
# Of a new supergroup: members write and send, administrators arrange.
ORDINARY: Final = frozenset(Permission) - {
    *(Permission.CHANGE_INFO, Permission.PIN_MESSAGES, Permission.MANAGE_TOPICS, Permission.EDIT_TAG)
}
# What people tick when they make somebody an administrator.
USUAL_RIGHTS: Final = frozenset(
    {
        *(Right.MANAGE_CHAT, Right.DELETE_MESSAGES, Right.INVITE_USERS, Right.RESTRICT_MEMBERS, Right.PIN_MESSAGES),
        *(Right.MANAGE_TOPICS, Right.MANAGE_VIDEO_CHATS),
    }
)
_HERE: Final = frozenset({Status.CREATOR, Status.ADMINISTRATOR, Status.MEMBER})


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """`rights` are an administrator's, `permissions` a restricted member's."""

    user: User
    status: Status = Status.MEMBER
    rights: frozenset[Right] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    is_anonymous: bool = False
    is_restricted_member: bool = True
    custom_title: str = ""
    until_date: int = 0

    @property
    def is_here(self) -> bool:
        return self.status in _HERE or (self.status is Status.RESTRICTED and self.is_restricted_member)

    @property
    def is_administrator(self) -> bool:
        return self.status in {Status.CREATOR, Status.ADMINISTRATOR}

    def can(self, right: Right) -> bool:
        is_his = self.status is Status.ADMINISTRATOR and right in self.rights
        return self.status is Status.CREATOR or is_his

    def may(self, permission: Permission, ordinary: frozenset[Permission]) -> bool:
        """`ordinary` is what the group allows to all."""
        if self.is_administrator:
            return True
        own = self.permissions if self.status is Status.RESTRICTED else frozenset(Permission)
        return self.is_here and permission in own & ordinary

    def now(self, status: Status) -> "Member":
        return replace(self, status=status, rights=frozenset(), is_anonymous=False, custom_title="")

    def wire(self, *, is_supergroup: bool) -> Json:
        return {"user": self.user.wire(), "status": self.status.value, **self._particulars(is_supergroup=is_supergroup)}

    def _particulars(self, *, is_supergroup: bool) -> Json:
        title = {"custom_title": self.custom_title} if self.custom_title else {}
        match self.status:
            case Status.CREATOR:
                return title | {"is_anonymous": self.is_anonymous}
            case Status.ADMINISTRATOR:
                told = {right.value: right in self.rights for right in Right}
                if not is_supergroup:
                    del told[Right.MANAGE_TOPICS.value]
                voice = {"can_manage_voice_chats": Right.MANAGE_VIDEO_CHATS in self.rights}
                return {"can_be_edited": False, **told, "is_anonymous": self.is_anonymous, **voice, **title}
            case Status.RESTRICTED if is_supergroup:
                lists = permissions_wire(self.permissions)
                return {"until_date": self.until_date, **lists, "is_member": self.is_restricted_member}
            case Status.KICKED:
                return {"until_date": self.until_date}
            case _:
                return {}


def permissions_wire(permissions: frozenset[Permission]) -> Json:
    told: Json = {}
    for permission in Permission:
        told[permission.value] = permission in permissions
        if permission is Permission.SEND_MESSAGES:
            told["can_send_media_messages"] = bool(_MEDIA & permissions)
    return told
