"""Cassettes: in their order, all of them and nothing else; and files that are wrong say where."""

import pytest

from agents.rehearsal.cassette_file import CassetteBroken, read_cassette
from agents.rehearsal.cassettes import Deck, OffScript, Player
from agents.rehearsal.replies import Fault
from tests.agents.rehearsal.prompting import data, passages, responding, understanding

SCRIPT = """\
- purpose: understand
  must_see: ["8 mil"]
  must_not_see: ["CPF"]
  emit:
    commands: [{type: cancel}]
- {purpose: respond, must_see: ['"id": "p1"'], say: "Certo!", cite: [p1], cut_after: 3}
- {purpose: respond, fail: 429}
- {purpose: respond, hang: 200ms, raw: "{bad"}
"""


def player(text: str) -> Player:
    return Player(read_cassette(text, name="ana.yaml"))


class TestPlaying:
    def test_each_call_is_the_next_step(self) -> None:
        played = player(SCRIPT)
        first = played.reply(understanding("uns 8 mil"), schema_name="understand")
        assert data(first.text) == {"lang": "pt-BR", "commands": [{"type": "cancel"}], "query": None, "unsure": False}
        second = played.reply(responding("oi", passages=passages(("Frete", "Grátis."))), schema_name="respond")
        assert data(second.text) == {"say": "Certo!", "cited": ["p1"]}
        assert second.fault == Fault(cut_after=3)
        assert played.reply(responding("oi"), schema_name="respond").fault == Fault(status=429)
        last = played.reply(responding("oi"), schema_name="respond")
        assert (last.text, last.fault) == ("{bad", Fault(hang=0.2))
        played.finish()

    def test_a_call_of_another_purpose_is_off_script(self) -> None:
        with pytest.raises(OffScript, match="line 1: expected understand, got respond"):
            player(SCRIPT).reply(responding("oi"), schema_name="respond")

    def test_a_prompt_without_what_must_be_seen_is_off_script(self) -> None:
        with pytest.raises(OffScript, match=r"lacks.*8 mil"):
            player(SCRIPT).reply(understanding("uns 9 mil"), schema_name="understand")

    def test_a_prompt_with_what_must_not_be_seen_is_off_script(self) -> None:
        with pytest.raises(OffScript, match=r"has.*CPF"):
            player(SCRIPT).reply(understanding("8 mil, meu CPF é outro"), schema_name="understand")

    def test_a_call_off_script_uses_no_step_up(self) -> None:
        played = player(SCRIPT)
        with pytest.raises(OffScript):
            played.reply(understanding("nada"), schema_name="understand")
        played.reply(understanding("8 mil"), schema_name="understand")
        assert played.played == 1

    def test_a_step_that_nobody_called_fails_at_the_end(self) -> None:
        with pytest.raises(OffScript, match=r"4 step\(s\) never called, from line 1"):
            player(SCRIPT).finish()

    def test_a_call_too_many_fails(self) -> None:
        played = player('- {purpose: respond, say: "Oi!"}')
        played.reply(responding("oi"), schema_name="respond")
        with pytest.raises(OffScript, match="too many"):
            played.reply(responding("oi"), schema_name="respond")

    def test_only_a_script_that_says_so_goes_on_honestly(self) -> None:
        played = player('- {purpose: respond, say: "Oi!"}\n- otherwise: honest\n')
        played.reply(responding("oi"), schema_name="respond")
        answer = played.reply(
            responding("qual o frete?", passages=passages(("Frete", "O frete custa R$ 9,00."))), schema_name="respond"
        )
        assert "R$ 9,00" in answer.text
        played.finish()

    def test_conversations_have_their_own_places(self) -> None:
        script = read_cassette('- {purpose: respond, say: "Oi!"}', name="a")
        deck = Deck.of({"ana": script, "beto": script})
        deck.reply(responding("oi"), schema_name="respond", conversation="ana")
        with pytest.raises(OffScript, match="never called"):
            deck.finish()
        deck.reply(responding("oi"), schema_name="respond", conversation="beto")
        deck.finish()
        with pytest.raises(OffScript, match="carla"):
            deck.reply(responding("oi"), schema_name="respond", conversation="carla")


class TestReading:
    @pytest.mark.parametrize(
        ("text", "line", "about"),
        [
            ("- a: 1\n- b: ]", 2, "not YAML"),
            ("a: 1", 1, "list of steps"),
            ("", 1, "list of steps"),
            ("- oi", 1, "mapping"),
            ("- {purpose: respond, say: x}\n- {purpose: chat, say: x}", 2, "purpose is one of"),
            ("- {say: x}", 1, "purpose is one of"),
            ("- purpose: respond\n  say: x\n  wait: 3", 3, "unknown key wait"),
            ("- purpose: respond\n  say: x\n  say: y", 3, "twice"),
            ("- purpose: respond\n  say: x\n  fail: 429", 1, "one of: say"),
            ("- {purpose: respond}", 1, "one of: say"),
            ("- purpose: respond\n  say: [x]", 2, "another shape"),
            ("- purpose: understand\n  say: x", 2, "answers with emit"),
            ("- purpose: understand\n  emit: x", 2, "another shape"),
            ("- purpose: respond\n  say: x\n  must_see: x", 3, "list of texts"),
            ("- purpose: respond\n  say: x\n  cite: [1]", 3, "list of texts"),
            ("- purpose: respond\n  fail: 200", 2, "HTTP status"),
            ("- purpose: respond\n  fail: true", 2, "HTTP status"),
            ("- purpose: respond\n  say: x\n  hang: soon", 3, "hang is like"),
            ("- purpose: respond\n  say: x\n  cut_after: -1", 3, "number of chunks"),
            ("- otherwise: honest\n- {purpose: respond, say: x}", 1, "unknown key otherwise"),
            ("- {purpose: respond, say: x}\n- otherwise: chaotic", 2, "may end it"),
            ("- purpose: respond\n  say: !!python/name:os.system x", 2, "cannot be read"),
        ],
    )
    def test_what_is_wrong_is_named_by_its_line(self, text: str, line: int, about: str) -> None:
        with pytest.raises(CassetteBroken, match=about) as caught:
            read_cassette(text, name="ana.yaml")
        assert caught.value.line == line
        assert caught.value.detail.pt.startswith(f"ana.yaml, linha {line}: ")
