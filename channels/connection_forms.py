"""What each kind of connection is told when it is made: its fields, which of them are secret, and its addresses."""

import re
import secrets as randomness
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Final

from core.errors import FieldError, Malformed
from core.models.people import ConnectionKind
from core.texts import Text

LONGEST_NAME: Final = 120
_LONGEST_SECRET: Final = 4096
_FASTEST: Final = 1_000  # messages per second that a provider has ever given one number
_WEEK_HOURS: Final = 168
_LARGEST_FILE: Final = 100 * 1024 * 1024

Rule = Callable[[Any], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One thing to be told, and the words for whoever told it wrongly."""

    name: str
    rule: Rule
    wanted: Text
    is_required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressRule:
    """The setting under whose value the provider's news arrive."""

    kind: str
    setting: str
    is_own: bool = True  # of this connection alone; otherwise the company's connections share it


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """All that a connection is told."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = dataclass_field(repr=False)


def _as_told(words: Words) -> Words:
    """Most channels have to be told everything."""
    return words


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    settings: tuple[Field, ...]
    secrets: tuple[Field, ...]
    addresses: tuple[AddressRule, ...]
    read_out: Callable[[Words], Words] = _as_told  # what follows from what was told
    make_up: Callable[[Words], Words] = _as_told  # what a new connection is given, where it was not told

    @property
    def fixed(self) -> frozenset[str]:
        """What the connection is known by outside: another value would be another connection."""
        return frozenset(address.setting for address in self.addresses if address.is_own)

    def refuse_wrong(self, settings: Mapping[str, Any], secrets: Mapping[str, Any], *, is_new: bool) -> None:
        """A new connection is told all that is required; a change only what changes."""
        told = {**settings, **secrets}
        fields = {field.name: field for field in (*self.settings, *self.secrets)}
        wrong = [FieldError(field=f"body.{name}", message=_UNKNOWN) for name in told if name not in fields]
        for name, field in fields.items():
            if name not in told:
                wrong += [FieldError(field=f"body.{name}", message=_MISSING)] if is_new and field.is_required else []
            elif not field.rule(told[name]):
                wrong.append(FieldError(field=f"body.{name}", message=field.wanted))
        if wrong:
            raise _malformed(tuple(wrong))


def form_of(kind: ConnectionKind) -> Form:
    form = FORMS.get(kind)
    if form is None:
        some = ", ".join(FORMS)
        raise Malformed(
            f"Conexões do canal {kind} ainda não existem aqui; por enquanto: {some}.",
            f"Connections of the channel {kind} do not exist here yet; for now: {some}.",
        )
    return form


def refuse_bad_name(name: str, what: str = "name") -> None:
    if not (name.strip() == name and 0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise _malformed((FieldError(field=f"body.{what}", message=_NAME),))


def _malformed(wrong: tuple[FieldError, ...]) -> Malformed:
    pt = "; ".join(f"{error.field.removeprefix('body.')}: {error.message.pt}" for error in wrong)
    en = "; ".join(f"{error.field.removeprefix('body.')}: {error.message.en}" for error in wrong)
    return Malformed(f"Dados da conexão errados: {pt}.", f"Wrong data of the connection: {en}.", errors=wrong)


def _matching(pattern: str) -> Rule:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _between(least: int, most: int) -> Rule:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_MISSING: Final = Text("falta", "missing")
_UNKNOWN: Final = Text("este canal não tem este campo", "this channel has no such field")
_NAME: Final = Text(
    f"de 1 a {LONGEST_NAME} caracteres visíveis, sem espaço nas pontas",
    f"1 to {LONGEST_NAME} visible characters, with no space at the ends",
)
_ID: Final = Text("só os dígitos que a Meta mostra", "the digits that Meta shows, nothing else")
_FLAG: Final = Text("true ou false", "true or false")


def _secret(name: str, *, least: int) -> Field:
    """Too short, it is no secret: a signature whose key can be guessed proves nothing."""
    wanted = Text(
        f"de {least} a {_LONGEST_SECRET} caracteres visíveis, sem espaços",
        f"{least} to {_LONGEST_SECRET} visible characters without spaces",
    )
    return Field(name=name, rule=_matching(f"[!-~]{{{least},{_LONGEST_SECRET}}}"), wanted=wanted, is_required=True)


def _flag(name: str) -> Field:
    return Field(name=name, rule=_is_flag, wanted=_FLAG)


def _with_number(words: Words) -> Words:
    """A bot's token begins with its number, by which it is told from others."""
    token = words.secrets.get("token")
    number = token.partition(":")[0] if isinstance(token, str) else ""
    if not number.isdecimal():
        return words
    return Words(settings={**words.settings, "bot_id": number}, secrets=words.secrets)


def _with_secret(words: Words) -> Words:
    """By which Telegram's calls are told from a forger's."""
    made = {"webhook_secret": randomness.token_urlsafe(32)}
    return Words(settings=words.settings, secrets={**made, **words.secrets})


_TOKEN: Final = Text(
    "o token que o @BotFather dá, como 123456789:AA…", "the token that @BotFather gives, such as 123456789:AA…"
)

_USERNAME: Final = Text("o nome de usuário do bot, sem @", "the bot's user name, without @")
_HOOK_SECRET: Final = Text("de 16 a 256 letras, números, _ ou -", "16 to 256 letters, digits, _ or -")

# A new kind of connection is a line here, an adapter in the registry, and its words in the commands and schemas.
FORMS: Final[Mapping[ConnectionKind, Form]] = {
    ConnectionKind.WHATSAPP: Form(
        settings=(
            Field(name="phone_number_id", rule=_matching("[0-9]{1,32}"), wanted=_ID, is_required=True),
            Field(name="waba_id", rule=_matching("[0-9]{1,32}"), wanted=_ID),
            Field(
                name="display_phone_number",
                rule=_matching(r"\+?[0-9][0-9 ().-]{4,30}"),
                wanted=Text("um telefone, como +55 11 99999-0000", "a telephone number, such as +55 11 99999-0000"),
            ),
            Field(
                name="per_second",
                rule=_between(1, _FASTEST),
                wanted=Text(f"um número de 1 a {_FASTEST}", f"a number from 1 to {_FASTEST}"),
            ),
            Field(
                name="answer_hours",
                rule=_between(1, _WEEK_HOURS),
                wanted=Text(f"um número de 1 a {_WEEK_HOURS}", f"a number from 1 to {_WEEK_HOURS}"),
            ),
            Field(
                name="media_max_bytes",
                rule=_between(1, _LARGEST_FILE),
                wanted=Text(f"um número de 1 a {_LARGEST_FILE}", f"a number from 1 to {_LARGEST_FILE}"),
            ),
            _flag("is_coexistence"),
            _flag("is_sandbox"),
        ),
        secrets=(
            _secret("app_secret", least=16),  # Meta's has 32
            _secret("access_token", least=1),
            _secret("verify_token", least=6),
        ),
        addresses=(
            AddressRule(kind="whatsapp.phone", setting="phone_number_id"),
            AddressRule(kind="whatsapp.account", setting="waba_id", is_own=False),
        ),
    ),
    ConnectionKind.TELEGRAM: Form(
        settings=(
            Field(name="bot_id", rule=_matching("[0-9]{1,20}"), wanted=_TOKEN),
            Field(name="username", rule=_matching(r"[A-Za-z]\w{4,31}"), wanted=_USERNAME),
            _flag("is_sandbox"),
        ),
        secrets=(
            Field(name="token", rule=_matching(r"[0-9]{1,20}:[\w-]{20,120}"), wanted=_TOKEN, is_required=True),
            Field(name="webhook_secret", rule=_matching(r"[\w-]{16,256}"), wanted=_HOOK_SECRET, is_required=True),
        ),
        addresses=(AddressRule(kind="telegram.bot", setting="bot_id"),),
        read_out=_with_number,
        make_up=_with_secret,
    ),
}
