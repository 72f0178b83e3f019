"""`make bench-grounding DATA=…`: what the rehearsal model makes of passages, and whether it knows when to say nothing.

The way of a turn: search, prompt, words, checks. DATA is a set in the layout of SQuAD; without one, the shop alone.
"""

import asyncio
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agents import guardrails, replying
from agents.commands import Heard
from agents.gateway.gateway import Gateway
from agents.gateway.models import Keys, Models
from agents.gateway.registry import Registry
from agents.guardrails import Ground
from agents.personas.definition import Persona
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.ports import Passage
from agents.prompts.contract import clean
from agents.replying import Brief
from bench import knowledge_shop
from bench.knowledge_scene import Scene, fill, open_scene
from core import clock
from core.clock import Deadline
from graphs.retrieving import CompanyKnowledge, Knowledge

_Z: Final = 1.96
_BASES: Final = ("texts", "shop")


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    text: str
    golds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What came of a question."""

    question: Question
    text: str
    cited: tuple[Passage, ...]
    violations: tuple[str, ...]
    is_verbatim: bool

    @property
    def is_answer(self) -> bool:
        return bool(self.cited)

    @property
    def holds_gold(self) -> bool:
        return any(gold in self.text for gold in self.question.golds)


class Desk:
    """A persona at work, without what surrounds its words."""

    def __init__(self, knowledge: CompanyKnowledge, stored: Sequence[str]) -> None:
        self._knowledge = knowledge
        self._stored = stored
        self._gateway = Gateway(Models(), adapters=Registry(Keys()))
        self._persona = read_persona(shipped()["suporte"])

    async def answer(self, question: Question, base: str) -> Said:
        passages = await self._knowledge.search(question.text, bases=[base])
        draft = await replying.reply(self._gateway, _brief(self._persona, question.text, passages), Deadline.after(10))
        cited = tuple(one for one in passages if one.id in draft.cited)
        wrong = guardrails.violations(draft.text, draft.cited, _ground(self._persona, question.text, passages))
        return Said(
            question=question,
            text=draft.text,
            cited=cited,
            violations=tuple(one.rule for one in wrong),
            is_verbatim=all(self._stands_in(_span(draft.text, one), one) for one in cited),
        )

    def _stands_in(self, span: str, passage: Passage) -> bool:
        """The span in what was given, and that in what is kept."""
        is_given = bool(span) and _in_one_line(span) in _in_one_line(passage.text)
        return is_given and any(passage.text in whole for whole in self._stored)


def main() -> int:
    figures = asyncio.run(_run())
    print(json.dumps({"bench": "grounding", **figures}, ensure_ascii=False))
    return 0


async def _run() -> dict[str, Any]:
    told = os.environ.get("DATA")
    texts, questions = _read(Path(told)) if told else ((), ())
    async with open_scene() as scene:
        desk = await _desk(scene, texts)
        shop = [Question(text=text) for text in knowledge_shop.questions()]
        return {
            **await _own(desk, questions),
            **await _foreign(desk, questions, base="shop", name="questions_at_the_shop"),
            **await _foreign(desk, shop if texts else (), base="texts", name="shoppers_at_the_texts"),
        }


async def _desk(scene: Scene, texts: Sequence[tuple[str, str]]) -> Desk:
    for base, passages in zip(_BASES, (texts, knowledge_shop.PASSAGES), strict=True):
        if passages:
            await fill(scene, base, passages, name=base)
    stored = [text for _, text in (*texts, *knowledge_shop.PASSAGES)]
    return Desk(Knowledge(scene.database).of(scene.company), stored)


async def _own(desk: Desk, questions: Sequence[Question]) -> dict[str, Any]:
    if not questions:
        return {}
    said = [await desk.answer(question, "texts") for question in questions]
    answers = [one for one in said if one.is_answer]
    _row("answered", len(answers), len(said))
    _row("of these, hold the answer", sum(one.holds_gold for one in answers), len(answers))
    _row("word for word, rightly cited", sum(one.is_verbatim for one in answers), len(answers))
    _show([one for one in answers if not one.is_verbatim])
    _row("with a number from nowhere", sum("ground.number" in one.violations for one in said), len(said))
    _row("refused by a check", sum(bool(one.violations) for one in said), len(said))
    return {
        "questions": len(said),
        "answered": round(len(answers) / len(said), 4),
        "holds_answer": round(sum(one.holds_gold for one in answers) / max(1, len(answers)), 4),
        "verbatim": round(sum(one.is_verbatim for one in answers) / max(1, len(answers)), 4),
        "unsupported_numbers": sum("ground.number" in one.violations for one in said),
    }


async def _foreign(desk: Desk, questions: Sequence[Question], *, base: str, name: str) -> dict[str, Any]:
    if not questions:
        return {}
    said = [await desk.answer(question, base) for question in questions]
    answers = [one for one in said if one.is_answer]
    _row(f"{name.replace('_', ' ')}: answered", len(answers), len(said))
    _show(answers)
    return {name: round(len(answers) / len(said), 4)}


def _show(said: Sequence[Said]) -> None:
    if "-v" in sys.argv:
        print("\n".join(f"    {one.question.text}\n      {one.text}" for one in said))


def _brief(persona: Persona, question: str, passages: Sequence[Passage]) -> Brief:
    return Brief(
        persona=persona,
        stage="em_solucao",
        query=question,
        said=(),
        ask=None,
        passages=passages,
        results={},
        known={},
        facts={},
        summary=None,
        history=(),
        heard=(Heard(message=1, text=question),),
        language="pt-BR",
        contact_name=None,
        company_name="Bench",
        now=clock.now(),
        time_zone="America/Sao_Paulo",
    )


def _ground(persona: Persona, question: str, passages: Sequence[Passage]) -> Ground:
    rules = persona.on("whatsapp")
    return Ground(
        passages=passages,
        texts=(question,),
        links_allow=(),
        max_questions=persona.guardrails.max_questions,
        forbidden=persona.tone.forbidden,
        last_bot_text=None,
        language="pt-BR",
        max_chars=rules.bubble_chars * rules.max_bubbles,
        done=frozenset(),
        hands_over=False,
    )


def _span(said: str, passage: Passage) -> str:
    """What is quoted: without the name of its source, and without dots that show where a sentence goes on."""
    return said.partition(f'"{passage.title}": ')[2].removeprefix("… ").removesuffix("…").strip()


def _in_one_line(text: str) -> str:
    """Where a line ends is no part of what it says."""
    return " ".join(text.split())


def _read(file: Path) -> tuple[list[tuple[str, str]], list[Question]]:
    """Without characters that nobody sees, which a loader takes out as well."""
    texts: list[tuple[str, str]] = []
    questions: list[Question] = []
    for article in json.loads(file.read_text())["data"]:
        for paragraph in article["paragraphs"]:
            texts.append((article.get("title", ""), clean(paragraph["context"])))
            for asked in paragraph["qas"]:
                golds = tuple(answer["text"] for answer in asked["answers"])
                questions.append(Question(text=asked["question"], golds=golds))
    return texts, questions


def _row(name: str, count: int, of: int) -> None:
    low, high = _interval(count, of)
    print(f"{name:<44} {count:>5} of {of:<5} {count / max(1, of):>7.1%}  ({low:.1%} to {high:.1%})")


def _interval(count: int, of: int) -> tuple[float, float]:
    """Wilson's."""
    if not of:
        return 0.0, 1.0
    share, spread = count / of, _Z * _Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / of + spread / of / 4) / (1 + spread)
    return middle - half, middle + half


if __name__ == "__main__":
    sys.exit(main())
