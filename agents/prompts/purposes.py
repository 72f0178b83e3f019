"""The three prompts that a conversation uses, each by its name, and what is asked in it."""

from collections.abc import Mapping
from typing import Final

from agents.gateway.port import Prompt, Purpose
from agents.personas.definition import Locale, Persona
from agents.prompts.contract import VERSION
from agents.prompts.layout import Frame, Tail, prompts
from agents.prompts.rules import canary_of
from core.texts import Text


def understand_prompt(persona: Persona, tail: Tail, *, cache_key: str = "") -> list[Prompt]:
    """The customer's words, to be turned into commands: no page that others wrote is in it."""
    frame = Frame(purpose=Purpose.UNDERSTAND, persona=persona, canary=canary_of(cache_key))
    return prompts(frame, tail)


def respond_prompt(persona: Persona, tail: Tail, *, company: str, cache_key: str = "") -> list[Prompt]:
    """Pages and results, to be put into words: nothing that it answers can move anything."""
    frame = Frame(purpose=Purpose.RESPOND, persona=persona, canary=canary_of(cache_key), company=company)
    return prompts(frame, tail)


def summarise_prompt(persona: Persona, tail: Tail, *, cache_key: str = "") -> list[Prompt]:
    frame = Frame(purpose=Purpose.SUMMARISE, persona=persona, canary=canary_of(cache_key))
    return prompts(frame, tail)


def cache_key_of(purpose: Purpose, cache_key: str) -> str:
    """Of the part that stays the same: another for each purpose and each version of the contract."""
    return f"{cache_key}:{purpose}:{VERSION}" if cache_key else ""


def instruction(text: Text, locale: Locale) -> str:
    return text.pt if locale == "pt-BR" else text.en


UNDERSTAND: Final = Text(
    'Traduza as mensagens da seção 12 em comandos. "asked" da seção 9 é o que perguntamos por último.',
    'Translate the messages of section 12 into commands. "asked" of section 9 is what we asked last.',
)
ANSWER: Final = Text(
    'Responda à pergunta em "question" da seção 9, só com as passagens e os resultados; cite as passagens.',
    'Answer the question in "question" of section 9, from the passages and the results alone; cite the passages.',
)
CONTINUE: Final = Text(
    "Diga algo breve e natural que leve ao objetivo da seção 4, a partir do que o cliente acabou de dizer.",
    "Say something brief and natural that leads to the objective of section 4, from what the customer just said.",
)
REPAIR: Final = Text(
    'Sua resposta anterior, "draft" da seção 14, foi recusada pelo que está em "violations". Reescreva sem isso.',
    'Your earlier answer, "draft" of section 14, was refused for what is in "violations". Rewrite it without that.',
)
IN_LANGUAGE: Final[Mapping[str, Text]] = {
    "pt-BR": Text("Escreva em português do Brasil.", "Write in Brazilian Portuguese."),
    "en": Text("Escreva em inglês.", "Write in English."),
    "es": Text("Escreva em espanhol.", "Write in Spanish."),
}
SUMMARISE: Final = Text("Resuma a conversa da seção 7.", "Sum up the conversation of section 7.")
