"""What a draft must not say, whoever wrote it: every number has a source, every claim a deed, every link a right.

Code alone, no model: what it refuses is written again once, and then an approved text stands for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from agents.checks import leaks, links, machine, promises, tongues
from agents.checks.atoms import Atom, Kind
from agents.checks.facts import Facts, unborne
from agents.checks.folding import folded, tokens
from agents.ports import Passage
from core.texts import Text

_SAME: Final = 0.9  # share of words that two messages have in common
_LEAST_WORDS: Final = 4  # of a message that can be a repetition at all


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """`detail` is what was found: for the repair, and for whoever reads the trace. Data of people is not repeated."""

    rule: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What a draft may rest on.

    `texts` is everything else a number may come from, the customer's own messages too. Prices and favours come from
    passages and from `approved`, the company's own words; links from the latter or a host of `links_allow`; and none
    of them from what a customer wrote.
    """

    passages: Sequence[Passage]
    texts: tuple[str, ...]
    links_allow: tuple[str, ...]
    max_questions: int
    forbidden: tuple[str, ...]
    last_bot_text: str | None
    language: str
    max_chars: int
    done: frozenset[str]
    hands_over: bool
    approved: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A draft, and all that is known about its truth, read once."""

    text: str
    cited: Sequence[str]
    ground: Ground
    company: tuple[str, ...]  # what the company itself says
    facts: Facts
    company_facts: Facts
    bare: str  # the text without its addresses
    unborne: tuple[Atom, ...]  # what it states and nothing bears out


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """`id` is written to traces and counted: it never changes its meaning."""

    id: str
    about: Text
    find: Callable[[Case], Iterable[str]]


def violations(text: str, cited: Sequence[str], ground: Ground) -> tuple[Violation, ...]:
    """All that is wrong with a draft, in the order of the table; nothing said is nothing wrong."""
    if not text.strip():
        return ()
    company = (
        *(passage.text for passage in ground.passages),
        *(one.title for one in ground.passages),
        *ground.approved,
    )
    facts, bare = Facts.of((*company, *ground.texts)), links.without_addresses(text)
    case = Case(
        text=text,
        cited=cited,
        ground=ground,
        company=company,
        facts=facts,
        company_facts=Facts.of(company),
        bare=bare,
        unborne=tuple(unborne(bare, facts)),
    )
    return tuple(Violation(rule=rule.id, detail=detail) for rule in RULES for detail in dict.fromkeys(rule.find(case)))


# --- what each rule finds ---------------------------------------------------------------------------------------------


def _numbers(case: Case) -> Iterator[str]:
    return (atom.text.strip() for atom in case.unborne if atom.kind in {Kind.NUMBER, Kind.PERCENT, Kind.MONEY})


def _times(case: Case) -> Iterator[str]:
    return (atom.text.strip() for atom in case.unborne if atom.kind in {Kind.DATE, Kind.TIME})


def _people(case: Case) -> Iterator[str]:
    return (atom.kind.value for atom in case.unborne if atom.kind in {Kind.EMAIL, Kind.DIGITS})


def _links(case: Case) -> Iterator[str]:
    """A page is no reason for a link to a host that the persona does not know: anybody may have planted it there."""
    cited = [passage.text for passage in case.ground.passages if passage.id in case.cited]
    return links.foreign(case.text, allowed=case.ground.links_allow, own=case.ground.approved, pages=cited)


def _unknown_sources(case: Case) -> Iterator[str]:
    given = {passage.id for passage in case.ground.passages}
    return (cited for cited in case.cited if cited not in given)


def _no_source(case: Case) -> Iterator[str]:
    """Whoever answers from pages says which. That the pages say nothing needs none."""
    if case.ground.passages and not case.cited and not promises.abstains(case.text):
        yield "0"


def _actions(case: Case) -> Iterator[str]:
    return promises.actions(case.text, done=case.ground.done, approved=promises.joined(case.ground.approved))


def _handovers(case: Case) -> Iterator[str]:
    return iter(()) if case.ground.hands_over else promises.handovers(case.text)


def _errands(case: Case) -> Iterator[str]:
    return promises.errands(case.text, done=case.ground.done)


def _favours(case: Case) -> Iterator[str]:
    return promises.favours(case.text, given=promises.joined(case.company))


def _prices(case: Case) -> Iterator[str]:
    """Those that nothing bears out at all are numbers without a source already."""
    return (atom.text.strip() for atom in promises.prices(case.text, case.company_facts) if case.facts.bear(atom))


def _canary(case: Case) -> Iterator[str]:
    return leaks.canaries(case.text)


def _tells(case: Case) -> Iterator[str]:
    return leaks.tells(case.text)


def _machine(case: Case) -> Iterator[str]:
    return machine.marks(case.text)


def _language(case: Case) -> Iterator[str]:
    ground = case.ground
    quoted = [passage.text for passage in ground.passages]
    if tongues.is_other(case.text, ground.language, quoted) or tongues.is_no_known(
        case.text, ground.language, (*case.company, *ground.texts)
    ):
        yield ground.language


def _length(case: Case) -> Iterator[str]:
    if len(case.text) > case.ground.max_chars:
        yield f"{len(case.text)} > {case.ground.max_chars}"


def _questions(case: Case) -> Iterator[str]:
    asked = sum(1 for sentence in promises.sentences(case.bare) if sentence.asks)
    if asked > case.ground.max_questions:
        yield f"{asked} > {case.ground.max_questions}"


def _repetition(case: Case) -> Iterator[str]:
    mine, last = set(tokens(case.text)), set(tokens(case.ground.last_bot_text or ""))
    if len(mine) >= _LEAST_WORDS and len(mine & last) >= _SAME * len(mine | last):
        yield "last_bot_text"


def _forbidden(case: Case) -> Iterator[str]:
    said = f" {' '.join(tokens(case.text))} "
    plain = folded(case.text)
    for words in case.ground.forbidden:
        wanted = " ".join(tokens(words))
        if (wanted and f" {wanted} " in said) or (not wanted and words.strip() and folded(words) in plain):
            yield words


RULES: Final = (
    Rule(
        id="ground.number", about=Text("Número ou preço sem fonte", "A number or price without a source"), find=_numbers
    ),
    Rule(id="ground.time", about=Text("Data ou hora sem fonte", "A date or time without a source"), find=_times),
    Rule(id="ground.link", about=Text("Link que não foi dado", "A link that was not given"), find=_links),
    Rule(
        id="data.foreign",
        about=Text("Dado de contato ou documento sem fonte", "Personal data without a source"),
        find=_people,
    ),
    Rule(
        id="cite.unknown",
        about=Text("Cita uma passagem que não existe", "Cites a passage that is not there"),
        find=_unknown_sources,
    ),
    Rule(
        id="cite.none", about=Text("Responde sem citar passagem", "Answers without citing a passage"), find=_no_source
    ),
    Rule(id="claim.action", about=Text("Diz que fez o que não foi feito", "Claims what was not done"), find=_actions),
    Rule(
        id="claim.handoff",
        about=Text("Promete uma pessoa que não vem", "Promises a person who is not coming"),
        find=_handovers,
    ),
    Rule(id="claim.errand", about=Text("Promete fazer algo depois", "Promises to do something later"), find=_errands),
    Rule(
        id="promise.favour",
        about=Text("Promete desconto, reembolso ou brinde", "Promises a discount, refund or gift"),
        find=_favours,
    ),
    Rule(
        id="promise.price",
        about=Text("Dá um preço que a empresa não deu", "Names a price that the company did not"),
        find=_prices,
    ),
    Rule(id="leak.canary", about=Text("Revela o código interno", "Reveals the internal code"), find=_canary),
    Rule(id="leak.prompt", about=Text("Revela instruções", "Reveals instructions"), find=_tells),
    Rule(id="say.code", about=Text("Mostra código ou dados", "Shows code or data"), find=_machine),
    Rule(
        id="say.language", about=Text("Não está no idioma do cliente", "Not in the customer's language"), find=_language
    ),
    Rule(id="say.length", about=Text("Longo demais", "Too long"), find=_length),
    Rule(id="say.questions", about=Text("Perguntas demais", "Too many questions"), find=_questions),
    Rule(id="say.repeats", about=Text("Repete a última mensagem", "Repeats the last message"), find=_repetition),
    Rule(id="say.forbidden", about=Text("Usa palavra proibida", "Uses a forbidden word"), find=_forbidden),
)
