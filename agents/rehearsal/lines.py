"""The few lines that the rehearsal model says by itself. None asks, promises or claims that something was done."""

from dataclasses import dataclass
from typing import Final

from agents.rehearsal.languages import Tongue


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    quoted: str  # before a quotation; {title} is its source
    results: str
    not_found: str
    rest_not_found: str  # where something else that was asked was found
    hello: tuple[str, ...]
    noted: tuple[str, ...]
    welcome: tuple[str, ...]
    sorry: tuple[str, ...]
    at_your_service: tuple[str, ...]


def lines_in(tongue: Tongue) -> Lines:
    return _LINES[tongue]


_LINES: Final[dict[Tongue, Lines]] = {
    "pt-BR": Lines(
        quoted='Segundo "{title}": ',
        results="Veja o que encontrei: {items}",
        rest_not_found="O resto não encontrei na base.",
        not_found="Não encontrei isso na base. Se preferir, é só pedir para falar com uma pessoa da equipe.",
        hello=("Oi! Que bom ter você por aqui.", "Olá! É um prazer falar com você.", "Oi! Bem-vindo por aqui."),
        noted=("Certo, obrigado.", "Entendi, obrigado.", "Perfeito, obrigado por contar.", "Está certo."),
        welcome=("Por nada! Estou por aqui se precisar.", "Imagina! É só chamar.", "De nada, conte comigo."),
        sorry=(
            "Sinto muito por isso. Se preferir, é só pedir para falar com uma pessoa da equipe.",
            "Lamento que tenha sido assim. Obrigado por contar.",
        ),
        at_your_service=(
            "Estou à disposição. Se tiver alguma dúvida, é só escrever.",
            "Estou por aqui. Pode perguntar, que eu procuro na base da empresa.",
            "Pode escrever sua dúvida, que eu procuro a resposta na base.",
        ),
    ),
    "en": Lines(
        quoted='From "{title}": ',
        results="Here is what I found: {items}",
        rest_not_found="I did not find the rest in our knowledge base.",
        not_found="I did not find that in our knowledge base. If you prefer, just ask to talk to a person.",
        hello=("Hi! Good to have you here.", "Hello! Nice to meet you.", "Hi there, welcome."),
        noted=("All right, thank you.", "Got it, thanks.", "Thanks for letting me know.", "Understood."),
        welcome=("You're welcome! I'm here if you need me.", "Any time!", "My pleasure."),
        sorry=(
            "I'm sorry about that. If you prefer, just ask to talk to a person.",
            "I'm sorry it went like that. Thank you for telling me.",
        ),
        at_your_service=(
            "I'm at your service. If you have a question, just write.",
            "I'm here. Ask away, and I'll look in the company's knowledge base.",
            "Write your question, and I'll look for the answer in the knowledge base.",
        ),
    ),
    "es": Lines(
        quoted='Según "{title}": ',
        results="Esto es lo que encontré: {items}",
        rest_not_found="Lo demás no lo encontré en la base.",
        not_found="No encontré eso en la base. Si prefiere, solo pida hablar con una persona del equipo.",
        hello=("¡Hola! Qué bueno tenerle por aquí.", "¡Hola! Es un placer."),
        noted=("Muy bien, gracias.", "Entendido, gracias.", "Gracias por contarme."),
        welcome=("¡De nada! Aquí estoy.", "¡Con gusto!"),
        sorry=("Lo siento mucho. Si prefiere, solo pida hablar con una persona del equipo.",),
        at_your_service=(
            "Estoy a su disposición. Si tiene una duda, solo escriba.",
            "Aquí estoy. Escriba su duda y busco la respuesta en la base.",
        ),
    ),
}
