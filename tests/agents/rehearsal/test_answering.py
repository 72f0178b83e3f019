"""Respond and summarise in honest mode: quoted, sourced, short; and honest about what it does not know."""

import pytest

from agents.commands import Said
from agents.guardrails import Ground, violations
from agents.prompts.layout import Slots
from agents.rehearsal.badge import REHEARSAL_BADGE
from agents.rehearsal.brain import REFUSAL, reply
from agents.rehearsal.lines import lines_in
from core.texts import Language
from tests.agents.rehearsal.prompting import data, passages, responding, said, summarising

FREIGHT = ("Frete", "O frete é grátis nas compras acima de R$ 250,00. Abaixo disso, depende do CEP.")
HOURS = ("Horários", "Abrimos de segunda a sexta, das 9h às 18h30. Aos sábados abrimos das 9h às 13h.")
NOT_FOUND = lines_in("pt-BR").not_found


def ground(*given: tuple[str, str], language: str = "pt-BR", last: str | None = None, questions: int = 0) -> Ground:
    return Ground(
        passages=passages(*given),
        texts=(),
        links_allow=(),
        max_questions=questions,
        forbidden=(),
        last_bot_text=last,
        language=language,
        max_chars=500,
        done=frozenset(),
        hands_over=False,
    )


class TestQuoting:
    def test_the_answer_stands_in_the_passage_word_for_word(self) -> None:
        answer = said("a partir de quanto o frete é grátis?", passages=passages(HOURS, FREIGHT))
        quoted = answer["say"].removeprefix('Segundo "Frete": ')
        assert quoted != answer["say"]
        assert quoted in FREIGHT[1]
        assert "R$ 250,00" in quoted
        assert answer["cited"] == ["p2"]

    def test_the_question_given_counts_before_the_message(self) -> None:
        answer = said("e no sábado?", question="Que horas abrem no sábado?", passages=passages(FREIGHT, HOURS))
        assert "13h" in answer["say"]

    def test_it_answers_in_english(self) -> None:
        answer = said("How much is shipping?", passages=passages(("Shipping", "Shipping costs $15 anywhere.")))
        assert answer["say"] == 'From "Shipping": Shipping costs $15 anywhere.'

    def test_a_long_sentence_is_quoted_in_part_and_shown_as_such(self) -> None:
        before = "Para que ninguém tenha surpresas ao receber um produto tão grande em casa, " * 4
        text = (
            f"{before}a montagem da cama custa R$ 89,90 na capital, e o manual vai na embalagem {'sempre ' * 20}junto."
        )
        say = said("quanto custa a montagem da cama?", passages=passages(("Montagem", text)))["say"]
        assert "R$ 89,90" in say
        assert len(say) < 360
        assert "… " in say or say.endswith("…")

    def test_a_passage_without_a_title_is_quoted_all_the_same(self) -> None:
        assert (
            said("qual o frete?", passages=passages(("", "O frete custa R$ 9,00.")))["say"] == "O frete custa R$ 9,00."
        )

    def test_what_the_passages_do_not_say_was_not_found(self) -> None:
        answer = said("vocês vendem bicicleta?", passages=passages(FREIGHT, HOURS))
        assert answer == {"say": NOT_FOUND, "cited": []}
        assert "pessoa" in answer["say"]

    def test_a_question_with_no_passages_at_all_was_not_found(self) -> None:
        assert said("vende bicicleta?", question="vende bicicleta?")["say"] == NOT_FOUND

    def test_results_are_said_as_they_are(self) -> None:
        results = {"agenda.livre": {"items": "sexta às 9h, sexta às 10h"}}
        assert "sexta às 9h, sexta às 10h" in said("tem horário?", question="tem horário?", results=results)["say"]

    def test_empty_results_are_not_found(self) -> None:
        results = {"agenda.livre": {"items": ""}}
        assert said("tem horário?", question="tem horário?", results=results)["say"] == NOT_FOUND


class TestSeveralQuestions:
    REST = lines_in("pt-BR").rest_not_found

    @pytest.mark.parametrize("is_given", [True, False])
    def test_each_that_the_passages_answer_is_answered(self, *, is_given: bool) -> None:
        text = "A partir de quanto o frete é grátis? Que horas vocês abrem no sábado?"
        answer = said(text, question=text if is_given else None, passages=passages(FREIGHT, HOURS))
        assert answer["say"].startswith('Segundo "Frete": O frete é grátis nas compras acima de R$ 250,00.')
        assert answer["say"].endswith("Aos sábados abrimos das 9h às 13h.")
        assert answer["cited"] == ["p1", "p2"]
        assert violations(answer["say"], answer["cited"], ground(FREIGHT, HOURS)) == ()

    @pytest.mark.parametrize(
        "text", ["O frete é grátis? Vocês vendem bicicleta?", "Vocês vendem bicicleta? O frete é grátis?"]
    )
    def test_what_was_not_found_is_said_beside_what_was(self, text: str) -> None:
        answer = said(text, question=text, passages=passages(FREIGHT, HOURS))
        assert answer["say"].startswith('Segundo "Frete": O frete é grátis')
        assert answer["say"].endswith(self.REST)
        assert answer["cited"] == ["p1"]
        assert violations(answer["say"], answer["cited"], ground(FREIGHT, HOURS)) == ()

    def test_of_one_passage_the_source_is_named_once(self) -> None:
        text = "Que horas abrem na sexta? Que horas abrem no sábado?"
        assert said(text, question=text, passages=passages(HOURS))["say"].count("Segundo") == 1

    def test_the_same_sentence_is_not_said_twice(self) -> None:
        text = "O frete é grátis? A partir de quanto o frete é grátis?"
        assert said(text, question=text, passages=passages(FREIGHT))["say"].count("O frete é grátis") == 1

    @pytest.mark.parametrize("opener", ["Pode me ajudar?", "Posso tirar uma dúvida?", "Oi, tudo bem?"])
    def test_asking_to_be_heard_is_no_question_that_was_not_answered(self, opener: str) -> None:
        text = f"{opener} A partir de quanto o frete é grátis?"
        assert self.REST not in said(text, question=text, passages=passages(FREIGHT))["say"]

    @pytest.mark.parametrize("text", ["Que horas vocês abrem na sexta? E no sábado?", "e no sábado?"])
    def test_one_that_leans_on_the_one_before_is_read_with_it(self, text: str) -> None:
        asked = "Que horas vocês abrem na sexta? E no sábado?"
        answer = said(text, question=asked, passages=passages(FREIGHT, HOURS))
        assert "Aos sábados abrimos das 9h às 13h." in answer["say"]
        assert ("18h30" in answer["say"]) is (text == asked)
        assert self.REST not in answer["say"]

    def test_answers_that_do_not_fit_together_are_not_all_told(self) -> None:
        long = [
            (f"T{word}", f"O prazo de {word} é de 30 dias" + f" e depende de {word} e da região onde a loja fica" * 5)
            for word in ("entrega", "troca")
        ]
        text = "Qual o prazo de entrega? Qual o prazo de troca?"
        answer = said(text, question=text, passages=passages(*long))
        assert len(answer["say"]) <= 500
        assert answer["cited"] == ["p1"]


class TestFriendly:
    def test_it_says_what_it_is_when_asked(self) -> None:
        assert "ensaio" in said("você é um robô?")["say"]
        assert "rehearsal" in said("are you a bot?")["say"]

    def test_before_a_question_of_ours_it_asks_nothing(self) -> None:
        for text in ("oi", "meu nome é Ana", "obrigado", "isso é um absurdo"):
            assert "?" not in said(text, ask="Como você se chama?")["say"]

    def test_thanks_are_answered_as_thanks(self) -> None:
        assert said("obrigada!")["say"] in lines_in("pt-BR").welcome

    def test_it_does_not_recite_what_the_persona_is_for(self) -> None:
        says = {
            said("entendi", history=tuple(Said(author="customer", text="oi", message=n) for n in range(1, 1 + count)))[
                "say"
            ]
            for count in range(12)
        }
        assert says <= set(lines_in("pt-BR").at_your_service)

    def test_it_does_not_say_the_same_twice_in_a_row(self) -> None:
        first = said("certo", ask="Como você se chama?")["say"]
        before = (Said(author="bot", text=first, message=1),)
        assert said("certo", ask="Como você se chama?", history=before)["say"] != first

    @pytest.mark.parametrize("tongue", ["pt-BR", "en", "es"])
    def test_no_line_of_its_own_is_refused_by_the_guardrails(self, tongue: str) -> None:
        lines = lines_in(tongue)  # type: ignore[arg-type] # the three there are
        own = [*lines.hello, *lines.noted, *lines.welcome, *lines.sorry, *lines.at_your_service, lines.not_found]
        for line in own:
            assert violations(line, (), ground(language=tongue)) == ()
        assert violations(lines.not_found, (), ground(FREIGHT, language=tongue)) == ()

    def test_no_quotation_is_refused_by_the_guardrails(self) -> None:
        answer = said("a partir de quanto o frete é grátis?", passages=passages(FREIGHT))
        assert violations(answer["say"], answer["cited"], ground(FREIGHT)) == ()


class TestRepair:
    def mended(self, *violated: str, text: str = "a partir de quanto o frete é grátis?", draft: str = "x") -> str:
        repair = {"draft": draft, "violations": list(violated)}
        return str(said(text, passages=passages(FREIGHT), repair=repair)["say"])

    def test_too_long_becomes_shorter(self) -> None:
        long = said("a partir de quanto o frete é grátis?", passages=passages(FREIGHT))["say"]
        assert len(self.mended("say.length: 600 > 500")) <= len(long)
        assert self.mended("say.length: 600 > 500").count(".") <= long.count(".")

    def test_a_number_without_a_source_is_given_up(self) -> None:
        assert self.mended("ground.number: R$ 250,00") == NOT_FOUND

    def test_a_question_too_many_is_left_out(self) -> None:
        assert "?" not in self.mended("say.questions: 2 > 1")

    def test_a_repetition_becomes_another_line(self) -> None:
        draft = lines_in("pt-BR").noted[0]
        repair = {"draft": draft, "violations": ["say.repeats: last_bot_text"]}
        assert said("ok", ask="Seu nome?", repair=repair)["say"] != draft


class TestSummary:
    def summary(self, **others: object) -> str:
        return str(data(reply(summarising(**others), schema_name="summarise").text)["summary"])

    def test_it_holds_what_is_known_asked_and_said_last(self) -> None:
        history = tuple(
            Said(author="customer", text=text, message=number)
            for number, text in enumerate(["oi", "qual o prazo de entrega?", "moro em Santos.", "tenho pressa."])
        )
        text = self.summary(history=history, slots=Slots(known={"orcamento": "R$ 900,00"}), heard=())
        for part in ("orcamento: R$ 900,00", "qual o prazo de entrega?", "moro em Santos.", "tenho pressa."):
            assert part in text

    def test_it_carries_no_number_of_a_document(self) -> None:
        history = (Said(author="customer", text="meu cpf é 529.982.247-25", message=1),)
        assert "529" not in self.summary(history=history, heard=())

    def test_nothing_said_is_said(self) -> None:
        assert self.summary(heard=()) == "Nada foi dito ainda."


class TestOthers:
    def test_it_judges_nothing(self) -> None:
        assert reply([{"role": "user", "content": "which is better?"}], schema_name="judge").text == REFUSAL

    def test_without_a_schema_it_answers_in_words(self) -> None:
        given = responding("qual o frete?", passages=passages(("Frete", "O frete custa R$ 9,00.")))
        assert reply(given, schema_name=None).text == 'Segundo "Frete": O frete custa R$ 9,00.'

    def test_its_badge_says_what_it_is(self) -> None:
        assert "sem IA generativa" in REHEARSAL_BADGE.in_(Language.PT)
        assert "no generative AI" in REHEARSAL_BADGE.in_(Language.EN)
