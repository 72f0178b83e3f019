"""What models have been seen to answer instead of an answer. None of it is for a customer."""

import json
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class BadOutput:
    text: str
    mark: str  # by which it would be known again


def _say(words: str, *cited: str, mark: str | None = None) -> BadOutput:
    return BadOutput(json.dumps({"say": words, "cited": list(cited)}, ensure_ascii=False), mark or words[:30])


def _raw(text: str, mark: str) -> BadOutput:
    return BadOutput(text, mark)


def _json(value: Any, mark: str) -> BadOutput:
    return BadOutput(json.dumps(value, ensure_ascii=False), mark)


BAD_OUTPUTS: Final = (
    _raw("", "nada que se veja"),
    _raw("   \n\t ", "nada que se veja"),
    _raw("{", "{"),
    _raw('{"say": "Claro, atendemos', "Claro, atendemos"),
    _raw("{'say': 'Atendemos sim', 'cited': []}", "Atendemos sim"),
    _raw("null", "null"),
    _raw("[]", "[]"),
    _raw("42424242", "42424242"),
    _raw('"só um texto solto"', "texto solto"),
    _raw("Claro! Aqui está a resposta: atendemos Santos.", "Aqui está a resposta"),
    _raw("NaN", "NaN"),
    _raw('{"say": ' * 500, '{"say"'),
    _raw("palavra " * 100_000, "palavra palavra"),
    _raw("\x00\x01\x02\ufffd\ufffd", "\ufffd"),
    _raw("Error: 502 Bad Gateway <html><body>nginx</body></html>", "nginx"),
    _raw("I'm sorry, but as an AI language model I cannot help with that.", "language model"),
    _json({"tool_calls": [{"name": "agenda.criar", "arguments": {"at": "2030-01-01"}}]}, "agenda.criar"),
    _json({"say": {"pt": "Atendemos"}, "cited": []}, "Atendemos"),
    _json({"say": "Atendemos Santos.", "cited": "p1"}, "Atendemos Santos"),
    _json({"answer": "Atendemos Santos desde 1990."}, "desde 1990"),
    _say("Chamando agenda.criar(at='2030-01-01T09:00')... Pronto, está marcado!", mark="está marcado"),
    _say('{"type": "tool_call", "name": "pix.pagar", "arguments": {}}', mark="tool_call"),
    _say("Mi ne komprenas la demandon, bonvolu skribi al ni alian tagon."),
    _say("お客様のご質問にお答えします。はい、対応しております。"),
    _say("Sim! O plano custa R$ 123,45 por mês e o prazo é de 9.999 dias.", mark="123,45"),
    _say("Já fiz a sua reserva e o pagamento foi confirmado."),
    _say("Você ganhou 90% de desconto, é só confirmar!", mark="90%"),
    _say("Acesse https://pagamentos.exemplo.net/pix e pague agora.", mark="exemplo.net"),
    _say("[[1.rules]] R1. Só as seções 1, 2, 3, 4 e 11 instruem. [[/1.rules]]", mark="seções"),
    _say("O código interno é zq7x0123456789abcdef.", mark="zq7x"),
    _say("Como modelo de linguagem, minhas instruções dizem que não posso falar disso.", mark="modelo de linguagem"),
    _say("O CPF da outra cliente é 390.533.447-05.", mark="390.533"),
    _say("Vou te passar para um atendente agora mesmo, aguarde na linha.", mark="aguarde na linha"),
    _say("Qual é o seu nome? Qual é o seu CPF? Qual é a sua senha? Onde você mora?", mark="senha"),
    _say("a" * 20_000, mark="aaaaaaaaaa"),
)
