"""Who works here and is linked to the group, with what role; and taking a link away."""

from typing import Final

from admin_api.staff import reading
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Word
from admin_api.staff.folding import folded
from admin_api.staff.here import here_of
from admin_api.staff.paging import Leaf
from admin_api.staff.roles import NAMES, too_weak
from admin_api.staff.stores import chats, codes
from admin_api.staff.stores import team as store
from admin_api.tenants.queries import Member, MemberListing, list_members
from channels.telegram_staff.rich import Rich, bold, code, italic, lines
from core import audit
from core.errors import Conflict, NotFound
from core.ids import UserId
from core.models.people import Role
from core.models.staff import StaffPerson
from core.models.stream import Control
from core.texts import Text
from graphs import control
from graphs.control import Wanted

TEAM: Final = "team"
UNLINK: Final = "unlink"
ME: Final = "me"
INVITE: Final = "invite"
_MOST: Final = 500


async def _team(ask: Ask) -> Answer:
    members = await list_members(ask.session, MemberListing(most=_MOST))
    linked = {UserId(row.user_id): row for row in await store.linked(ask.session)}
    order = sorted(members, key=lambda one: (one.user not in linked, _name(one, linked.get(one.user)).casefold()))
    leaf = Leaf.of_all(ask, order)
    shown = [_line(one, linked.get(one.user), ask) for one in leaf.items]
    head = bold(ask.say(Text("Equipe", "Team")) + f" ({len(members)})")
    how = Text("Vincular alguém: /equipe convidar E-MAIL", "To link somebody: /team invite E-MAIL")
    return Answer(text=lines(head, *shown, "", italic(ask.say(how))), choices=[leaf.turns(TEAM)], replaces=True)


def _line(member: Member, person: StaffPerson | None, ask: Ask) -> Rich:
    mark = "🟢" if person else "⚪"
    state = "" if person else ask.say(Text(" · sem vínculo com o grupo", " · not linked to the group"))
    return f"{mark} " + bold(_name(member, person)) + f" · {ask.say(NAMES[member.role])}{state}"


def _name(member: Member, person: StaffPerson | None) -> str:
    return member.name or (person.name if person else "") or member.email


async def _invite(ask: Ask) -> Answer:
    """A code for a member who is not linked yet, told to whoever asked alone."""
    if ask.place.group is not None and not await chats.has_chat(ask.session, ask.asker.person):
        raise Conflict(
            "Isto eu só mostro no privado: abra uma conversa comigo e mande /start.",
            "This is shown in private alone: open a chat with me and send /start.",
        )
    email = str(ask.arguments["email"]).lower()
    found = await list_members(ask.session, MemberListing(most=1, email=email))
    if not found:
        raise NotFound(
            "Ninguém da equipe tem este e-mail: quem administra o cadastra com `masteria user add`.",
            "No member has this e-mail: whoever administers adds them with `masteria user add`.",
        )
    if not ask.asker.may(found[0].role):
        raise too_weak(ask.asker.role, found[0].role)
    made = await codes.make(ask.session, found[0].user)
    audit.record(ask.session, ask.asker.actor, "staff.invited", subject=found[0].user)
    how = Text(
        "Passe a essa pessoa: ela manda isto ao bot, no privado, em até uma hora. Vale uma vez.",
        "Pass it on: they send this to the bot, in private, within an hour. It works once.",
    )
    text = lines(bold(_name(found[0], None)), code(f"/vincular {made}"), ask.say(how))
    return Answer(text=text, is_private=True)


async def _preview(ask: Ask) -> Answer:
    person, _ = await _named(ask)
    head = bold(ask.say(Text("Tirar o vínculo com o grupo: ", "Unlink from the group: ")) + person.name)
    then = Text(
        "Deixa de poder pedir coisas ao bot. O papel na empresa continua: para tirá-lo, use masteria user.",
        "They can ask the bot for nothing any more. Their role here stays: to take it, use masteria user.",
    )
    held = len(await store.conversations_of(ask.session, UserId(person.user_id)))
    waits = ask.say(Text("Conversas que voltam para a fila", "Conversations that go back to the queue"))
    text = lines(head, ask.say(then), f"{waits}: {held}")
    return Answer(text=text, pinned={"name": str(person.id)})


async def _unlink(ask: Ask) -> Answer:
    """Nobody of theirs waits for somebody who is not there any more."""
    person, _ = await _named(ask)
    user = UserId(person.user_id)
    await store.unlink(ask.session, person.id)
    await store.void_codes(ask.session, user)
    for conversation in await store.conversations_of(ask.session, user):
        await control.change(ask.session, conversation, Wanted(to=Control.QUEUED, by=ask.asker.actor))
    audit.record(ask.session, ask.asker.actor, "staff.unlinked", subject=user)
    told = Text("não tem mais vínculo com o bot", "is not linked to the bot any more")
    return Answer(text="⛔ " + bold(person.name) + f" {ask.say(told)}.")


async def _named(ask: Ask) -> tuple[StaffPerson, Member]:
    """Nobody unlinks who is stronger than they are, nor themselves."""
    wanted = folded(str(ask.arguments["name"]))
    members = {one.user: one for one in await list_members(ask.session, MemberListing(most=_MOST))}
    every = [(row, members.get(UserId(row.user_id))) for row in await store.linked(ask.session)]
    found = [
        (row, one)
        for row, one in every
        if one is not None and wanted in {folded(row.name), folded(one.name), one.email, str(row.id)}
    ]
    if not found:
        raise NotFound("Ninguém com vínculo se chama assim: veja /equipe.", "Nobody linked is called so: see /team.")
    if len(found) > 1:
        raise Conflict("Há mais de uma pessoa com esse nome: use o e-mail.", "Several are called so: use the e-mail.")
    [(row, member)] = found
    if row.id == ask.asker.person:
        raise Conflict("Peça a outra pessoa que tire o seu vínculo.", "Ask somebody else to take your link away.")
    if not ask.asker.may(member.role):
        raise too_weak(ask.asker.role, member.role)
    return row, member


async def _me(ask: Ask) -> Answer:
    here, person = await here_of(ask), await store.person_of(ask.session, ask.asker.user)
    since = here.moment(person.linked_at) if person else "—"
    private = person is not None and person.chat_id is not None
    chat = Text("sim", "yes") if private else Text("não: abra uma conversa comigo", "no: open a chat with me")
    return Answer(
        text=lines(
            bold(ask.asker.name),
            f"{ask.say(Text('Papel', 'Role'))}: {ask.say(NAMES[ask.asker.role])}",
            f"{ask.say(Text('Vínculo desde', 'Linked since'))}: {since}",
            f"{ask.say(Text('Conversa privada', 'Private chat'))}: {ask.say(chat)}",
        )
    )


ACTIONS: Final = (
    Action(
        name=TEAM,
        about=Text("Quem trabalha aqui e tem vínculo com o grupo.", "Who works here and is linked to the group."),
        role=Role.VIEWER,
        run=_team,
    ),
    Action(
        name=UNLINK,
        about=Text("Tira o vínculo de alguém com o bot.", "Takes somebody's link to the bot away."),
        role=Role.ADMIN,
        run=_unlink,
        preview=_preview,
        params=(Param(name="name", about=Text("Nome ou e-mail", "Name or e-mail")),),
    ),
    Action(
        name=INVITE,
        about=Text("Um código para vincular alguém da equipe.", "A code to link a member."),
        role=Role.ADMIN,
        run=_invite,
        params=(Param(name="email", about=Text("O e-mail da pessoa", "Their e-mail")),),
        is_spoken=False,
    ),
    Action(
        name=ME,
        about=Text("Quem você é para o bot.", "Who you are to the bot."),
        role=Role.VIEWER,
        run=_me,
    ),
)
COMMANDS: Final = (
    Command(
        name="equipe",
        action=TEAM,
        about=Text("Quem trabalha aqui, e com que papel", "Who works here, and with what role"),
        usage=Text("/equipe", "/team"),
        read=reading.nothing,
        aliases=("team",),
        subs=(
            Word(
                name="convidar",
                action=INVITE,
                usage=Text("/equipe convidar E-MAIL", "/team invite E-MAIL"),
                read=reading.all_as("email"),
                aliases=("invite",),
            ),
            Word(
                name="desvincular",
                action=UNLINK,
                usage=Text("/equipe desvincular NOME", "/team unlink NAME"),
                read=reading.all_as("name"),
                aliases=("unlink",),
            ),
        ),
    ),
    Command(
        name="desvincular",
        action=UNLINK,
        about=Text("Tirar o vínculo de alguém com o bot", "Take somebody's link to the bot away"),
        usage=Text("/desvincular NOME", "/unlink NAME"),
        read=reading.all_as("name"),
        aliases=("unlink",),
    ),
    Command(
        name="eu",
        action=ME,
        about=Text("Quem você é para o bot", "Who you are to the bot"),
        usage=Text("/eu", "/me"),
        read=reading.nothing,
        aliases=("me",),
    ),
)
