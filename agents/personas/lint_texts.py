"""The linter's rules about texts: all are there, can be filled, fit their channels, keep the persona's word."""

import re
from collections.abc import Iterator
from typing import Final

from agents.personas.definition import SPINE_TEXTS, Persona, SlotType, ToolUse
from agents.personas.gsm7 import segment_room, strangers
from agents.personas.lint_sheet import BY_CUSTOMER, READ, Sheet
from agents.personas.problems import Path, Problem, meant
from core import lexicon

_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_COMMON: Final = frozenset({"contact", "company", "name", "opens", "closes"})
_FILLABLE: Final = re.compile(r"[a-z_]+")  # what is filled when a text is said; anything else would stand as it is
_WORD: Final = re.compile(r"[^\W_]+")
_QUESTION: Final = re.compile(r"\?+")
_USUAL: Final = 20  # characters that come into a place
_LIST: Final = 300  # and into one for a list
_CHECKED: Final = frozenset({SlotType.CPF, SlotType.CNPJ, SlotType.CEP, SlotType.PHONE, SlotType.EMAIL})
_DISCLOSES: Final = re.compile(
    r"\b(?:ia|ai|a\.i\.|bot|robo|assistente virtual|virtual assistant|inteligencia artificial|artificial intelligence"
    r"|atendimento automatico|automated)\b"
)


def presence(sheet: Sheet) -> Iterator[Problem]:
    """What code says at some point is written, in the persona's own language."""
    persona = sheet.persona
    for name in SPINE_TEXTS:
        if not persona.has_text(name):
            yield sheet.error(("texts",), f"falta o texto `{name}`", f"the text `{name}` is missing")
    for name, written in persona.texts.items():
        if persona.locale not in written:
            yield sheet.error(("texts", name), f"falta em {persona.locale}", f"is not written in {persona.locale}")
    yield from _of_tools(sheet)
    for name, slot in persona.slots.items():
        if slot.type in _CHECKED and slot.ask and f"invalid_{name}" not in persona.texts:
            yield sheet.warning(
                ("slots", name),
                f"falta o texto `invalid_{name}`: quem errar o dado não saberá por quê",
                f"the text `invalid_{name}` is missing: whoever mistypes it will not know why",
            )


def use(sheet: Sheet) -> Iterator[Problem]:
    """What is written and never said, or kept and never wanted, is probably a slip."""
    persona = sheet.persona
    used = frozenset(_used(sheet))
    for name in persona.texts:
        if name not in used:
            hint = meant(name, sorted(used - persona.texts.keys()))
            yield sheet.warning(("texts", name), f"nada usa este texto{hint.pt}", f"nothing uses this text{hint.en}")
    told = " ".join(_told(persona))
    for part, kind in (("slots", "slot"), ("evidence", "evidence")):
        for name in persona.slots if part == "slots" else persona.evidence:
            if f"{kind}:{name}:" not in told:
                yield sheet.warning((part, name), f"nada usa `{name}`", f"nothing uses `{name}`")


def places(sheet: Sheet) -> Iterator[Problem]:
    persona = sheet.persona
    for name, path, text in _written(persona):
        allowed = _fillable(sheet, name)
        for place in _PLACE.findall(text):
            if place not in allowed:
                hint = meant(place, sorted(allowed))
                yield sheet.error(
                    path, f"nada preenche `{{{place}}}`{hint.pt}", f"nothing fills `{{{place}}}`{hint.en}"
                )
        if text.count("{") != text.count("}") or "{{" in text:
            yield sheet.error(path, "as chaves não formam pares simples", "its braces are not simple pairs")
    for path, text in _prose(persona):
        if "{" in text or "}" in text:
            yield sheet.error(path, "lugares como {company} só valem em `texts`", "places only count in `texts`")


def words(sheet: Sheet) -> Iterator[Problem]:
    """A persona that forbids a word does not say it; and it asks no more at a time than it allows itself."""
    persona = sheet.persona
    said = [*((path, text) for _, path, text in _written(persona))]
    said += [(("examples", place, "persona"), one.persona) for place, one in enumerate(persona.examples)]
    for path, text in said:
        spoken = _spoken(text)
        for word in persona.tone.forbidden:
            if _spoken(word) in spoken:
                yield sheet.error(
                    path, f"diz `{word}`, que `tone.forbidden` proíbe", f"says `{word}`, a forbidden word"
                )
        if (count := len(_QUESTION.findall(text))) > persona.guardrails.max_questions:
            most = persona.guardrails.max_questions
            yield sheet.error(path, f"faz {count} perguntas; o máximo é {most}", f"asks {count} times; {most} at most")


def disclosure(sheet: Sheet) -> Iterator[Problem]:
    persona = sheet.persona
    if persona.identity.disclose_ai != "first_message":
        return
    for language, text in persona.texts.get("greeting", {}).items():
        if not _DISCLOSES.search(lexicon.normalise(text)):
            yield sheet.warning(
                ("texts", "greeting", language),
                "`disclose_ai: first_message`, e o texto não diz que é uma IA",
                "`disclose_ai: first_message`, and it does not say that an AI writes",
            )


def room(sheet: Sheet) -> Iterator[Problem]:
    """Each text fits, as one message of each channel the persona has rules for; whatever the first, for any other."""
    persona = sheet.persona
    for channel in persona.channels or ("whatsapp",):
        rules = persona.on(channel)
        per_bubble = min(rules.bubble_chars, segment_room(rules)) if channel == "sms" else rules.bubble_chars
        most = per_bubble * rules.max_bubbles
        for _, path, text in _written(persona):
            if (length := _length(text)) > most:
                yield sheet.error(
                    path,
                    f"tem uns {length} caracteres; em {channel} cabem {most}",
                    f"has about {length} characters; {channel} has room for {most}",
                )
            if rules.gsm7_only and (found := strangers(text)):
                yield sheet.error(
                    path,
                    f"`gsm7_only` em {channel}: o SMS simples não tem {found}",
                    f"`gsm7_only` on {channel}: a plain SMS has no {found}",
                )


def _of_tools(sheet: Sheet) -> Iterator[Problem]:
    """Once for each tool, where it is first offered; with an approval it says other things."""
    seen: set[tuple[str, str | None]] = set()
    for _, stage, path in sheet.stages():
        for number, offered in enumerate(stage.tools):
            if (offered.tool, offered.approver) in seen or offered.tool not in sheet.tools:
                continue
            seen.add((offered.tool, offered.approver))
            for ending in _endings(sheet, offered):
                name = f"{offered.tool.replace('.', '_')}_{ending}"
                if name not in sheet.persona.texts:
                    yield sheet.error(
                        (*path, "tools", number),
                        f"falta o texto `{name}`, que `{offered.tool}` diz",
                        f"the text `{name}`, which `{offered.tool}` says, is missing",
                    )


def _endings(sheet: Sheet, use: ToolUse) -> tuple[str, ...]:
    if sheet.tools[use.tool].cls == READ:
        return ("found", "none")
    asks = sheet.tools[use.tool].approver == BY_CUSTOMER
    if use.approver:
        return (*(("ask",) if asks else ()), "waiting", "done", "refused", "failed")
    return ("ask", "started", "done", "failed") if asks else ("done", "failed")


def _used(sheet: Sheet) -> Iterator[str]:
    persona = sheet.persona
    yield from SPINE_TEXTS
    for name, slot in persona.slots.items():
        yield from (slot.ask or "", f"invalid_{name}", f"confirm_{name}" if slot.confirm != "never" else "")
    for stage in persona.stages:
        yield from (stage.done or "", stage.stall.kickoff if stage.stall else "")
        for offered in stage.tools:
            if offered.tool in sheet.tools:
                name = offered.tool.replace(".", "_")
                yield from (f"{name}_{ending}" for ending in _endings(sheet, offered))
    yield from (answer.text for answer in persona.answers)


def _told(persona: Persona) -> Iterator[str]:
    """Everything that refers to a slot or to evidence, each with a colon behind it."""
    for stage in persona.stages:
        yield from (f"slot:{name}:" for name in stage.collect)
        yield from (f"slot:{source.partition(':')[2]}:" for one in stage.tools for source in one.arguments.values())
        yield stage.model_dump_json(include={"enter"}).replace('"', ":").replace("fact:", "slot:")
        yield from (loss.replace("slot_lost:", "slot:") + ":" for loss in stage.leave_back)
    yield from (f"slot:{place}:" for _, _, text in _written(persona) for place in _PLACE.findall(text))


def _fillable(sheet: Sheet, name: str) -> frozenset[str]:
    slots = {slot for slot in sheet.persona.slots if _FILLABLE.fullmatch(slot)}
    own = {"value"} if name.startswith("confirm_") else {"items", "count"} if name.endswith("_found") else set()
    return _COMMON | slots | own


def _written(persona: Persona) -> Iterator[tuple[str, Path, str]]:
    for name, written in persona.texts.items():
        for language, text in written.items():
            yield name, ("texts", name, language), text


def _prose(persona: Persona) -> Iterator[tuple[Path, str]]:
    """What is shown to a model or to staff as it stands."""
    yield ("scope",), persona.scope
    yield ("identity", "name"), persona.identity.name
    yield ("identity", "role"), persona.identity.role
    yield from ((("stages", place, "objective"), stage.objective) for place, stage in enumerate(persona.stages))
    yield from ((("examples", place, "persona"), one.persona) for place, one in enumerate(persona.examples))


def _spoken(text: str) -> str:
    """Its words alone, with a blank on either side of each."""
    return f" {' '.join(_WORD.findall(lexicon.normalise(text)))} "


def _length(text: str) -> int:
    lists = _LIST * text.count("{items}")
    return len(_PLACE.sub("", text)) + _USUAL * (len(_PLACE.findall(text)) - text.count("{items}")) + lists
