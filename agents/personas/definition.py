"""What a persona is: a document of how it talks, what it collects, when a lead moves and when a person takes over.

The document is data. Whoever reads one goes through `reading.py`, which names what is wrong by its line.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]  # of slots, stages, texts, evidence
PersonaName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Criterion = Annotated[
    str, StringConstraints(pattern=r"^((slot|evidence|fact):[a-z0-9_]+|effect:[a-z0-9_.]+:succeeded)$")
]
Loss = Annotated[str, StringConstraints(pattern=r"^(slot_lost:[a-z0-9_]+|effect:[a-z0-9_.]+:(failed|succeeded|over))$")]
Cause = Annotated[
    str,
    StringConstraints(
        pattern=r"^(customer_asked|complaint|legal_threat|(repair|check_failed|slot:[a-z0-9_]+:invalid)>=[1-9])$"
    ),
]
Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def _duration(value: object) -> object:
    """`90s`, `5m`, `24h`, `2d`; anything else is left to the type, which refuses it."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Locale = Literal["pt-BR", "en"]


class Part(BaseModel):
    """Nothing that is not named here is let through: a misspelt key would otherwise be a rule that never holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SlotType(StrEnum):
    """What can be collected, each with an extractor that checks it."""

    PERSON_NAME = "person_name"
    TEXT = "text"
    CHOICE = "choice"
    MONEY = "money"
    QUANTITY = "quantity"
    DATE = "date"
    PERIOD = "period"  # "de manhã", "na semana que vem"
    MOMENT = "moment"  # "sexta às 9h"; a time alone is of the day that is known
    PHONE = "phone"
    EMAIL = "email"
    CPF = "cpf"
    CNPJ = "cnpj"
    CEP = "cep"
    YES_NO = "yes_no"


class Option(Part):
    """One of a choice, and what people call it."""

    value: Name
    label: Words
    aliases: tuple[Words, ...] = ()


class Slot(Part):
    type: SlotType
    ask: Name | None = None  # the text that asks for it
    ask_max: int = Field(default=2, ge=1, le=5)
    confirm: Literal["never", "always"] = "never"
    pii: Literal["none", "low", "high"] = "low"
    options: tuple[Option, ...] = ()
    label: Words | None = None  # as staff read it on the card
    remember: bool = True  # as a fact of the contact, on every channel


class Evidence(Part):
    """A fact that is no slot. It counts only with the customer's own words."""

    describe: Words
    any_of: tuple[Words, ...] = ()  # phrases that show it without a model


class AnyOf(Part):
    any: tuple[Criterion, ...] = Field(min_length=2)


class Criteria(Part):
    """All of these; a member that is an `any` needs one of its own."""

    all: tuple[Criterion | AnyOf, ...] = Field(min_length=1)


class Stall(Part):
    """What happens to a lead that stays where it is: a text of this name is sent."""

    after: Duration
    kickoff: Name
    max: int = Field(default=2, ge=1, le=5)


class StageEnd(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


Argument = Annotated[str, StringConstraints(pattern=r"^(slot|fact):[a-z0-9_]+$|^const:.{1,200}$")]


class ToolUse(Part):
    """A tool that may be used in a stage, and where each of its arguments comes from. A bare name needs none."""

    tool: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+$")]
    arguments: Mapping[Name, Argument] = {}
    approver: Literal["staff"] | None = None  # who has to agree, besides the customer where the tool asks them

    @property
    def slots(self) -> frozenset[str]:
        sources = (source.partition(":") for source in self.arguments.values())
        return frozenset(name for kind, _, name in sources if kind == "slot")

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, value: object) -> object:
        return {"tool": value} if isinstance(value, str) else value


class Stage(Part):
    """A state of the conversation, and a column of the board."""

    id: Name
    label: Words | None = None  # of its column on the board
    objective: Words
    enter: Criteria | None = None  # the first stage has none
    leave_back: tuple[Loss, ...] = ()  # each leads back to the stage before
    collect: tuple[Name, ...] = ()  # slots to ask for here, in this order
    tools: tuple[ToolUse, ...] = ()
    kb: tuple[Name, ...] = ()
    strict: bool = False  # only approved texts: prices, payment, law
    done: Name | None = None  # the text once nothing is left to ask for
    end: StageEnd = StageEnd.OPEN
    stall: Stall | None = None

    def wants(self, kind: Literal["slot", "evidence", "effect"]) -> Iterator[str]:
        """What its criteria name: of an `any`, all of it."""
        for criterion in self.enter.all if self.enter else ():
            for one in criterion.any if isinstance(criterion, AnyOf) else (criterion,):
                found, _, name = one.partition(":")
                if found == kind:
                    yield name.removesuffix(":succeeded")


class Identity(Part):
    name: Words
    role: Words
    disclose_ai: Literal["first_message", "when_asked"] = "first_message"


class Tone(Part):
    register_: Literal["informal_polite", "formal", "neutral"] = Field(default="informal_polite", alias="register")
    emoji: Literal["none", "sparse"] = "none"
    forbidden: tuple[Words, ...] = ()


class Goal(Part):
    """Something that the customer can come for. The first is what the persona works towards by itself.

    A bare name is a goal that nobody asks for by a phrase.
    """

    id: Name
    label: Words | None = None
    any_of: tuple[Words, ...] = ()  # phrases that ask for it
    stage: Name | None = None  # where it is dealt with: on the way there, only what the way needs is asked for

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, value: object) -> object:
        return {"id": value} if isinstance(value, str) else value


class Sla(Part):
    first: Duration = timedelta(minutes=5)
    next: Duration = timedelta(minutes=15)
    escalate: Name = "gerente"  # the queue that is told next


class Return(Part):
    idle: Duration = timedelta(minutes=30)
    requires_note: bool = False


class HandoffRules(Part):
    """When a person takes over. A customer who asks for one always gets one: that is not a choice."""

    on: tuple[Cause, ...] = ("customer_asked", "complaint", "repair>=2", "check_failed>=2", "legal_threat")
    queue: Name = "atendimento"
    brief: tuple[Literal["summary", "slots", "stage", "last_question", "reason"], ...] = ("summary", "slots", "reason")
    sla: Sla = Sla()
    return_: Return = Field(default=Return(), alias="return")
    hours: Hours = "08:00-18:00"  # in which people answer, on weekdays
    may_answer_while_queued: bool = False


class Guardrails(Part):
    grounding: Literal["numbers_and_links"] = "numbers_and_links"
    links_allow: tuple[str, ...] = ()
    max_questions: int = Field(default=1, ge=1, le=3)
    pii_out: Literal["deny", "own"] = "deny"
    judge: Literal["off"] = "off"


class TypingDelay(Part):
    characters_per_second: float = Field(default=28.0, gt=0, alias="cps")
    min: Duration = timedelta(seconds=1)
    max: Duration = timedelta(seconds=8)


class ChannelRules(Part):
    """How a reply is cut and timed on a channel."""

    max_bubbles: int = Field(default=3, ge=1, le=5)
    bubble_chars: int = Field(default=500, ge=70, le=4096)
    typing_delay: TypingDelay = TypingDelay()
    debounce: Literal["human", "off"] = "human"
    max_segments: int = Field(default=2, ge=1, le=6)  # of an SMS
    gsm7_only: bool = False
    no_links_unless: Literal["consent", "never"] = "never"
    style: Literal["written", "spoken"] = "written"
    max_sentence_chars: int = Field(default=400, ge=40)
    fused_call: bool = False
    numbers: Literal["digits", "spelled"] = "digits"


class QuietHours(Part):
    tz: Literal["contact", "company"] = "contact"
    allow: Hours = "08:00-20:00"
    sunday: Literal["on", "off"] = "off"
    applies_to: tuple[Literal["outbound_initiated"], ...] = ("outbound_initiated",)


class ModelAlias(Part):
    """Aliases that a company's settings resolve; never the name of a provider."""

    primary: Name
    fallback: tuple[Name, ...] = ()


class Models(Part):
    understand: ModelAlias = ModelAlias(primary="small")
    respond: ModelAlias = ModelAlias(primary="main")
    degrade: Literal["canned", "handoff"] = "handoff"  # where no model answers


class Budget(Part):
    model_calls: int = Field(default=4, ge=1, le=6)
    input_tokens: int = Field(default=3200, ge=500, le=32_000)
    output_tokens: int = Field(default=350, ge=50, le=4000)
    turn_deadline: Duration = timedelta(seconds=20)
    contact_calls_per_day: int = Field(default=120, ge=1)
    company_calls_per_day: int = Field(default=20_000, ge=1, le=1_000_000)  # of all its personas together
    per_conversation_brl: float | None = Field(default=None, gt=0)
    on_exceed: Literal["handoff", "canned"] = "handoff"  # where what a turn, contact or company may use is used up


class Answer(Part):
    """An approved answer: given as it stands, before any model is asked."""

    id: Name
    any_of: tuple[Words, ...] = Field(min_length=1)  # whole questions, as people ask them
    text: Name


class Example(Part):
    """Said by the customer, answered by the persona: shown to the model, and checked by the linter."""

    customer: Words
    persona: Words


LocalText = Mapping[Locale, Words]  # the same text in each language; the persona's own is a must


class Persona(Part):
    """A whole document."""

    persona: PersonaName
    locale: Locale = "pt-BR"
    migrate: Literal["pin", "follow_minor", "follow"] = "follow"
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")] = "1.0"
    label: Words | None = None
    identity: Identity
    scope: Words  # also what is refused beyond it
    tone: Tone = Tone()
    goals: tuple[Goal, ...] = Field(min_length=1)
    slots: Mapping[Name, Slot] = {}
    evidence: Mapping[Name, Evidence] = {}
    stages: tuple[Stage, ...] = Field(min_length=1)
    handoff: HandoffRules = HandoffRules()
    guardrails: Guardrails = Guardrails()
    channels: Mapping[Literal["whatsapp", "sms", "voice", "telegram"], ChannelRules] = {}
    quiet_hours: QuietHours = QuietHours()
    model: Models = Models()
    budget: Budget = Budget()
    answers: tuple[Answer, ...] = ()
    examples: tuple[Example, ...] = ()
    texts: Mapping[Name, LocalText]

    def stage(self, wanted: str) -> Stage:
        """The one of this name; the first where no such stage is left, so that an old conversation can go on."""
        return next((stage for stage in self.stages if stage.id == wanted), self.stages[0])

    def text(self, name: str, language: str) -> str:
        """In the customer's language where it was written, else in the persona's own."""
        written = self.texts.get(name) or OWN_TEXTS[name]
        return written["en"] if language.startswith("en") and "en" in written else written[self.locale]

    def has_text(self, name: str) -> bool:
        return name in self.texts or name in OWN_TEXTS

    def on(self, channel: str) -> ChannelRules:
        return self.channels.get(channel, ChannelRules())  # type: ignore[call-overload,no-any-return] # any name may be asked for


# Texts that the spine itself needs: every persona brings them.
SPINE_TEXTS: Final = (
    "greeting",  # the first message of a conversation; says who, for whom, and that it is an AI
    "handoff",  # a person will take over: what happens next
    "handoff_closed",  # the same out of hours; {opens} is when people are back
    "still_queued",  # asked while waiting
    "fallback",  # we could not say it properly
    "unclear",  # we did not understand
    "unheard",  # a recording of which no word is known
    "noted",  # something was told, and nothing else is to be said
    "out_of_scope",
    "not_found",  # the knowledge does not say
    "returned",  # the bot is back after a person
    "goodbye",
    "crisis",  # somebody may harm themselves: said before a person takes over
    "promise_due",  # the time has come of something that was promised in the conversation
)
# Those of them that we bring where a persona does not.
OWN_TEXTS: Final[Mapping[str, LocalText]] = {
    "unheard": {
        "pt-BR": "Não consegui ouvir o seu áudio. Pode escrever, por favor?",
        "en": "I could not hear your recording. Could you write it, please?",
    },
    "noted": {"pt-BR": "Anotado.", "en": "Noted."},
    "crisis": {
        "pt-BR": (
            "Sinto muito que você esteja passando por isso. O CVV escuta de graça, em sigilo e a qualquer hora do dia: "
            "ligue 188. Se houver perigo agora, ligue 192 (SAMU)."
        ),
        "en": (
            "I am so sorry that you are going through this. In Brazil, CVV listens free of charge, in confidence and "
            "at any hour: call 188. If you are in danger now, call 192 (SAMU)."
        ),
    },
    "promise_due": {
        "pt-BR": "Oi! Aqui é {name}, da {company}. Combinamos de retomar a nossa conversa, e estou por aqui.",
        "en": "Hi! This is {name}, of {company}. We agreed to come back to our conversation, and I am here for it.",
    },
}
