"""What a newcomer's first questions find: a base for each that the shipped personas name, and a sentence to quote."""

import pytest

from admin_api.tenants import demo_knowledge
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.rehearsal.finding import Known, Quotation, find
from core.db.sessions import Database
from core.ids import CompanyId
from graphs.retrieving import CompanyKnowledge, Knowledge
from knowledge.stores import documents

# A question of a customer, the bases of the stage that it is asked in, and what the answer has to say.
ASKED = [
    ("qual o horário de atendimento?", "geral produtos", "9h às 18h"),
    ("onde vocês ficam?", "geral produtos", "Rua do Exemplo"),
    ("vocês parcelam no cartão?", "geral produtos", "3 vezes"),
    ("o que o plano profissional inclui?", "geral produtos", "três números"),
    ("quanto custa o plano essencial?", "produtos precos", "R$ 149,00"),
    ("tem fidelidade?", "produtos precos", "Não há fidelidade"),
    ("quanto tempo leva a implantação?", "produtos precos", "5 a 10 dias"),
    ("o que preciso levar na primeira consulta?", "geral preparo", "documento com foto"),
    ("quanto tempo dura o retorno?", "geral preparo", "30 minutos"),
    ("qual a tolerância para atrasos?", "geral preparo", "10 minutos"),
    ("vocês têm loja física?", "ajuda politicas", "Não temos loja física"),
    ("qual a garantia?", "ajuda politicas", "12 meses"),
    ("qual o prazo de entrega?", "ajuda politicas", "3 a 7 dias úteis"),
    ("qual o prazo para trocar um produto?", "ajuda politicas trocas", "30 dias"),
    ("posso devolver por arrependimento?", "ajuda politicas trocas", "7 dias corridos"),
]
UNKNOWN = [
    ("vocês vendem geladeira?", "geral produtos"),
    ("qual a capital da França?", "ajuda politicas trocas"),
    ("quem ganhou o jogo ontem?", "geral preparo"),
    ("vocês aceitam vale-refeição?", "produtos precos"),
]


@pytest.fixture
async def known(database: Database, ana: CompanyId) -> CompanyKnowledge:
    async with database.tenant_session(ana) as session:
        await demo_knowledge.install(session)
    return Knowledge(database).of(ana)


async def quoted(known: CompanyKnowledge, question: str, bases: str) -> Quotation | None:
    found = await known.search(question, bases=bases.split())
    return find(question, [Known(id=one.id, title=one.title, text=one.text) for one in found])


class TestInstall:
    async def test_every_base_that_a_shipped_persona_names_is_there(self, known: CompanyKnowledge) -> None:
        named = {name for text in shipped().values() for stage in read_persona(text).stages for name in stage.kb}
        assert named
        assert await known.bases() == named

    async def test_told_again_it_changes_nothing(self, known: CompanyKnowledge) -> None:
        async with known.knowledge.database.tenant_session(known.company) as session:
            before = [(one.id, one.version) for one in await documents.every(session)]
            await demo_knowledge.install(session)
            after = [(one.id, one.version) for one in await documents.every(session)]
        assert sorted(before) == sorted(after)

    async def test_a_customers_questions_are_answered_word_for_word(self, known: CompanyKnowledge) -> None:
        missed = []
        for question, bases, wanted in ASKED:
            answer = await quoted(known, question, bases)
            if answer is None or wanted not in answer.text:
                missed.append((question, answer and answer.text))
        assert missed == []

    async def test_what_it_does_not_say_is_not_answered(self, known: CompanyKnowledge) -> None:
        answers = {question: await quoted(known, question, bases) for question, bases in UNKNOWN}
        assert {question: one.text for question, one in answers.items() if one} == {}
