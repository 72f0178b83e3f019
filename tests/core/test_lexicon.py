"""What Brazilians type to leave and to come back, what only looks like it, and texts nobody should type."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lexicon import (
    ConsentWord,
    consent_word,
    has_terminal_punctuation,
    is_bare_greeting,
    is_question,
    normalise,
)

OPT_OUT_WORDS = (
    *("PARE", "PARAR", "SAIR", "STOP", "CANCELAR", "CANCELAR INSCRIÇÃO", "DESCADASTRAR", "REMOVER"),
    *("unsubscribe", "stopall", "STOP ALL", "cancel", "quit", "revoke", "optout", "END", "baja", "salir"),
)
DISGUISES = ("{}", "{}.", "{}!!!", "*{}*", '"{}"', "_{}_", "  {}\n", "{} 🛑🛑", "\u202e{}\u202c", "👉🏽 {} 👈🏽", "{}…")
OPT_OUT_PHRASES = (
    # what a campaign tells people to write, and how it is mistyped
    *(
        "Parem",
        "PAAAARE",
        "pareee",
        "stopp",
        "s a i r",
        "S.A.I.R.",
        "ｓａｉｒ",
        "𝐒𝐀𝐈𝐑",
        "s\u200ba\u00adi\u200dr",
        "SÁIR",
    ),
    *("SAIR SAIR SAIR", "pare\npare\npare", "Cancelar inscricao", "cancelar minha inscrição", "descadastre-me"),
    *("me descadastra", "quero me descadastrar", "descadastro", "discadastrar", "desinscrever", "quero sair"),
    # not wanting
    *("NÃO QUERO MAIS RECEBER", "não quero receber mais", "n quero mais receber msg", "naum quero mais receber nada"),
    *("não quero mais receber mensagens de vocês", "não quero receber propaganda", "eu não quero mais suas mensagens"),
    *("não gostaria de receber mais mensagens", "gostaria de não receber mais mensagens", "não quero mais spam"),
    *("não quero receber mais notificações no meu whatsapp", "não autorizo o envio de mensagens"),
    *("não quero mais que me mandem mensagem", "não quero ser incomodado", "não quero mais fazer parte da lista"),
    *("quero parar de receber mensagens", "parar de receber", "quero que parem de me mandar mensagem"),
    *("cancelar recebimento de mensagens", "revogo meu consentimento"),
    # lists and numbers
    *("me tira da lista", "me tirem da lista de vocês", "me tira dessa lista por favor", "me tira daqui", "me exclua"),
    *("remove meu contato dessa lista", "apaga meu número", "quero ser removida da lista", "sair do grupo"),
    *("quero sair dessa lista de transmissão", "solicito a exclusão do meu contato da lista"),
    # orders
    *("para de me mandar mensagem", "PAREM DE MANDAR MENSAGEM", "pare de mandar msg pra mim", "parem de ligar"),
    *("para de encher o saco", "para com essas mensagens", "não me mande mais mensagens", "nao me manda mais nada"),
    *("não me mandem mensagem nunca mais", "não me liguem mais", "não me perturbe", "me deixa em paz"),
    *("não entrem mais em contato", "PARA!", "PARA", "chega!", "PARE PORRA"),
    # courtesies around it
    *("Oi, quero sair da lista. Obrigada", "Bom dia! Por favor, me tirem da lista.", "por favor parar", "ok, sair"),
    *("Oi, tudo bem? Quero sair da lista", "Não. Sair.", "não quero, sair", "não tenho interesse, me tira da lista"),
    # requests that are put as questions
    *("pode me tirar da lista?", "Pode, por favor, me tirar da lista?", "tem como me tirar da lista?"),
    *("vocês podem parar de me mandar mensagem?", "me tira da lista?", "como faço para sair da lista?"),
    *("como faço pra parar de receber mensagens?", "could you please remove me from this list?"),
    # English and Spanish
    *("stop please", "remove me from your list", "take me off the list", "stop texting me", "please stop messaging me"),
    *("don't text me", "Don’t message me anymore", "do not contact me again", "no more messages", "leave me alone"),
    *("i don't want to receive messages", "opt-out", "unsubscribe me"),
    *("dar de baja", "quiero darme de baja", "no quiero recibir más", "no quiero recibir más mensajes"),
    *("ya no quiero recibir mensajes", "no me escriban más", "dejen de mandarme mensajes", "sácame de la lista"),
)
NEGATIVE = ("nao", "n ", "naum", "no", "eu nao", "don", "do not", "i don")
AFFIRMATIVE = [
    text
    for text in (*OPT_OUT_WORDS, *OPT_OUT_PHRASES)
    if text.replace(" ", "").isalpha() and not normalise(text).startswith(NEGATIVE)
]
OPT_IN = (
    *("VOLTAR", "Voltar!", "RETOMAR", "START", "unstop", "quero receber", "quero voltar", "quero receber mensagens"),
    *("quero voltar a receber mensagens", "quero receber novamente, por favor", "pode voltar a mandar mensagens"),
    *("subscribe", "opt in", "alta", "ALTA", "dar de alta", "quiero recibir mensajes", "quiero volver a recibir"),
)
NEITHER = (
    *("", " ", "1", "?", "!!!", "🛑", "sim", "ok", "não", "não quero", "não quero mais", "\u200b"),
    # an order, an appointment, anything but our messages
    *("quero cancelar meu pedido", "quero cancelar", "cancelar pedido", "cancelar, por favor", "oi, cancelar"),
    *("pode cancelar", "cancela", "remover item", "quero parar de fumar", "vou sair agora", "quero sair amanhã"),
    *("não quero receber", "não quero receber hoje", "não quero receber o pedido", "quero receber o boleto"),
    *("saia", "saia preta", "quanto sai", "pare na rua 3", "tira da lista o arroz", "tirar da lista", "2 sair"),
    *("me exclui do pedido", "me tira uma dúvida", "não me mande mais foto", "não me mande para outro atendente"),
    *("we have to STOP this", "one stop shop", "stop loss", "non stop", "start up", "alta qualidade"),
    # everyday words that nobody shouts
    *("para", "para amanhã", "chega", "chega hoje!", "basta", "end", "END RUA 3"),
    # the opposite
    *("não pare", "NÃO PARE!", "não parar", "não quero parar", "não quero sair da lista", "não me tira da lista"),
    *("não quero cancelar inscrição", "não quero parar de receber", "não quero voltar", "dont stop"),
    *("vocês não me mandaram mais mensagem", "não me mandam mais nada", "não recebi mais mensagens"),
    *("não, quero receber", "não, quero receber mais", "quero receber mais"),
    # questions
    *("parar?", "Parar ?", "PARE?!", "parar ❓", "parar？", "¿parar", "sair?", "stop?", "cancelar?", "pode parar?"),
    *("posso sair?", "a oferta vai sair do ar?", "parar de receber?", "voltar?", "quero receber?"),
    # both, or talk about it
    *("parar. voltar", "SAIR ou VOLTAR", "responda SAIR", "para sair digite SAIR", "não. voltar"),
)
GREETINGS = (
    *("Oi", "oii", "oiiii 😊", "OI!", "Oie", "oioi", "olá", "Olá, tudo bem?", "Olá! Como vai?", "oi, td bem?", "👋 oi"),
    *("bom dia", "Bom diaaa!!", "boa tarde pessoal", "Boa noite, tudo bem com você?", "e aí", "eae", "opa", "alô"),
    *("oi bom dia", "Oi, moça", "hello", "Hi there", "hey", "Good morning", "hola", "buenas tardes", "Buenos días"),
)
NO_GREETINGS = (
    *("", "👋", "?", "ok", "dia", "boa", "pessoal", "amigo", "oi quero comprar", "bom dia quanto custa", "oi sair"),
    *("olá Maria Souza", "hi-fi", "que horas abre", "beleza pode mandar"),
)

SECONDS = 0.5  # the slowest takes a hundredth of it
hostile = st.sampled_from(
    [
        "PARE ",
        "por favor ",
        "nao quero mais receber ",
        "oi ",
        "s.",
        "a b ",
        "🛑",
        "é\u0334\u0322",
        "\u202e",
        "?",
        "!",
        "\n",
    ]
)
texts = st.text() | st.text("pares toi?!.,¿ \n\u200b\u0301🛑", max_size=30)


class TestNormalise:
    @pytest.mark.parametrize(
        ("text", "normal"),
        [
            ("  Olá,\n\tMUNDO!  ", "ola, mundo"),
            ("NÃO É AÇÃO", "nao e acao"),
            ("s\u200ba\u202ei\u2066r\ufeff", "sair"),
            ("Z̴̢̛̈́á̷l̸g̶o̵", "zalgo"),
            ("ｆｕｌｌ 𝗯𝗼𝗹𝗱 ﬁm", "full bold fim"),
            ("siiiiim!!!", "sim"),
            ("carro, coordenação", "carro, coordenacao"),
            ("R$ 1.000,00 (mil)", "r$ 1.000,00 (mil"),
            ("🛑🛑 *pare* 🛑🛑", "pare"),
            ("\u3164\u2800", ""),
            ("Straße", "strasse"),
            ("", ""),
        ],
    )
    def test_what_does_not_change_the_meaning_is_gone(self, text: str, normal: str) -> None:
        assert normalise(text) == normal

    @given(texts)
    def test_a_second_time_changes_nothing(self, text: str) -> None:
        assert normalise(normalise(text)) == normalise(text)

    def test_the_longest_message_is_quick(self) -> None:
        for piece in ("a", "é\u0334", "🛑", "a ", "\u202e"):
            before = time.perf_counter()
            normalise(piece * (65_536 // len(piece)))
            assert time.perf_counter() - before < SECONDS


class TestConsentWord:
    @pytest.mark.parametrize("disguise", DISGUISES)
    @pytest.mark.parametrize("word", OPT_OUT_WORDS)
    def test_a_word_to_leave_counts_however_it_is_dressed(self, word: str, disguise: str) -> None:
        assert consent_word(disguise.format(word)) is ConsentWord.OPT_OUT

    @pytest.mark.parametrize("text", OPT_OUT_PHRASES)
    def test_a_message_that_only_asks_to_be_left_alone_counts(self, text: str) -> None:
        assert consent_word(text) is ConsentWord.OPT_OUT

    @pytest.mark.parametrize("text", OPT_IN)
    def test_a_message_that_only_asks_for_messages_brings_them_back(self, text: str) -> None:
        assert consent_word(text) is ConsentWord.OPT_IN

    @pytest.mark.parametrize("text", NEITHER)
    def test_whatever_says_something_else_is_neither(self, text: str) -> None:
        assert consent_word(text) is None

    @given(
        st.sampled_from([*OPT_OUT_WORDS, *OPT_OUT_PHRASES, *OPT_IN]),
        st.sampled_from(["{} meu pedido", "{} a reunião", "{} quarta", "quando {} avisa", "o botão {}", "{} = 3"]),
    )
    def test_no_word_counts_inside_a_sentence(self, text: str, sentence: str) -> None:
        assert consent_word(sentence.format(text.rstrip("?!. "))) is None

    @given(st.sampled_from(OPT_OUT_WORDS), st.sampled_from(["{}?", "{} ?", "{}??", "{}?!", "{}? 🤔", "¿{}", "{} ❓"]))
    def test_no_word_counts_as_a_question(self, word: str, question: str) -> None:
        assert consent_word(question.format(word)) is None

    @given(st.sampled_from(AFFIRMATIVE), st.sampled_from(["não {}", "Nao {}!", "nunca {}", "eu não {}"]))
    def test_the_opposite_never_counts(self, text: str, negation: str) -> None:
        assert consent_word(negation.format(text)) is None

    @given(texts)
    def test_any_text_has_an_answer(self, text: str) -> None:
        assert consent_word(text) in {None, *ConsentWord}

    def test_a_message_of_any_length_may_be_asked(self) -> None:
        assert consent_word("🛑" * 500 + "SAIR") is ConsentWord.OPT_OUT
        assert consent_word("P" + "A" * 2000 + "RE") is ConsentWord.OPT_OUT
        assert consent_word("SAIR " * 13_107) is None

    @given(st.lists(hostile, min_size=1, max_size=4), st.sampled_from([4096, 65_536]))
    @settings(max_examples=30, deadline=None)
    def test_no_text_takes_long(self, pieces: list[str], length: int) -> None:
        text = ("".join(pieces) * length)[:length]
        before = time.perf_counter()
        for ask in (consent_word, is_bare_greeting, has_terminal_punctuation, is_question):
            ask(text)

        assert time.perf_counter() - before < SECONDS


class TestIsBareGreeting:
    @pytest.mark.parametrize("text", GREETINGS)
    def test_a_greeting_alone_is_one(self, text: str) -> None:
        assert is_bare_greeting(text)

    @pytest.mark.parametrize("text", NO_GREETINGS)
    def test_a_greeting_with_its_matter_is_none(self, text: str) -> None:
        assert not is_bare_greeting(text)

    @given(texts)
    def test_any_text_has_an_answer(self, text: str) -> None:
        assert is_bare_greeting(text) in {True, False}


class TestHasTerminalPunctuation:
    @pytest.mark.parametrize(
        "text",
        ["Sim.", "Sim!", "Sim?", "Sim?! 😂", 'Ele disse "sim."', "(sim.)", "Sim !\n", "はい。", "Sim！", "sim ❓"],
    )
    def test_a_sentence_that_ends_has_it(self, text: str) -> None:
        assert has_terminal_punctuation(text)

    @pytest.mark.parametrize(
        "text", ["", "sim", "sim 😂", "sim,", "sim:", "sim...", "sim…", "sim..", "3.5", "sim. e", "😂"]
    )
    def test_one_that_goes_on_has_none(self, text: str) -> None:
        assert not has_terminal_punctuation(text)

    @given(texts)
    def test_any_text_has_an_answer(self, text: str) -> None:
        assert has_terminal_punctuation(text) in {True, False}


class TestIsQuestion:
    @pytest.mark.parametrize(
        "text", ["quanto?", "quanto ?", "quanto?? 😂", "quanto?!", "quanto？", "quanto ❓", "¿cuánto", "Oi. Tem?", "؟"]
    )
    def test_what_ends_as_one_is_one(self, text: str) -> None:
        assert is_question(text)

    @pytest.mark.parametrize(
        "text", ["", "quanto", "Tem? Obrigado.", "Tem? Obrigado", "quero saber quanto custa!", "?a"]
    )
    def test_what_ends_otherwise_is_none(self, text: str) -> None:
        assert not is_question(text)

    @given(texts)
    def test_a_question_ends_as_a_sentence(self, text: str) -> None:
        assert not is_question(text) or "¿" in text or has_terminal_punctuation(text)
