"""What the demonstration tells: a customer is answered, taken over, taught from, given back; the next one profits."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from admin_api.chatting import queries as talks
from admin_api.chatting import telegram
from admin_api.chatting.customer import Customer
from admin_api.chatting.group_board import Button
from admin_api.demo import queries
from admin_api.demo.queries import Learned, Standing
from admin_api.demo.stage import NotHappened, Stage
from core.texts import Text
from knowledge import approved

QUESTION: Final = "Vocês fazem treinamento na minha cidade?"
ANSWER: Final = "Fazemos, sim: o treinamento dura duas horas, é na sua empresa e não custa nada a mais."
_HELLO: Final = "Oi, boa tarde! Meu nome é Ana."
_NEEDS: Final = (
    "quero um sistema de pedidos para a minha padaria",
    "meu orçamento é 6 mil por mês",
    "preciso até sexta",
)
_PERSON: Final = "quero falar com uma pessoa"
_ALL_AT_ONCE: Final = "Oi! Meu nome é Ana e quero falar com uma pessoa."
_VOICE: Final = "Oi, Ana! Aqui é a Bia, da equipe. Já vi o que você precisa, pode perguntar."
_BACK: Final = "devolver"
_TAKE: Final = "Aceitar"
_TEACH: Final = "Ensinar"
_FOR: Final = "90"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    title: Text
    play: Callable[[], Awaitable[Text]]  # what was checked


@dataclass(slots=True)
class Story:
    stage: Stage
    ana: Customer
    bruno: Customer
    is_short: bool
    _thread: int = 0
    _learned: Learned | None = field(default=None)

    def steps(self) -> Iterator[Step]:
        if not self.is_short:
            yield Step(title=Text("Uma cliente escreve, e a persona responde", "A customer writes"), play=self._hello)
            yield Step(title=Text("A persona entende e qualifica", "The persona qualifies"), play=self._qualify)
        yield Step(title=Text("Ela pede uma pessoa", "She asks for a person"), play=self._hand_over)
        yield Step(title=Text("Alguém da equipe aceita", "Somebody of the staff takes it"), play=self._claim)
        yield Step(title=Text("A equipe responde com um áudio", "Staff answers with a voice note"), play=self._voice)
        yield Step(title=Text("A equipe responde e ensina", "Staff answers, and teaches"), play=self._teach)
        yield Step(title=Text("A equipe devolve ao bot", "Staff gives it back"), play=self._give_back)
        yield Step(title=Text("O próximo cliente pergunta o mesmo", "The next one asks the same"), play=self._again)
        yield Step(title=Text("O tópico de Ana se fecha", "Ana's topic is closed"), play=self._close)

    async def _hello(self) -> Text:
        await self.stage.say(self.ana, _HELLO)
        noted = await self._commands()
        if not any(one.get("type") == "set_slot" and one.get("name") == "nome" for one in noted):
            raise NotHappened(Text("a persona soube o nome", "the persona learned the name"))
        return Text(
            "respondida no WhatsApp, e o nome foi entendido", "answered in WhatsApp, and the name was understood"
        )

    async def _qualify(self) -> Text:
        for words in _NEEDS:
            await self.stage.say(self.ana, words)
        async with self.stage.session() as session:
            notes = await talks.notes(session, (await self._stands()).id, [])
        moved = [move for note in notes for move in note.moves if move["to"] == "qualificado"]
        if not moved:
            raise NotHappened(Text("o lead chegou à etapa Qualificado", "the lead came to the stage Qualificado"))
        return Text(
            f"etapa Qualificado, por {len(moved[0]['criteria'])} critérios com as palavras dela",
            f"stage Qualificado, by {len(moved[0]['criteria'])} criteria in her own words",
        )

    async def _hand_over(self) -> Text:
        await self.stage.say(self.ana, _ALL_AT_ONCE if self.is_short else _PERSON)
        told = await self._until_standing(
            Text("a equipe foi avisada num tópico", "staff was told in a topic"),
            lambda now: now.control == "queued" and now.is_told and now.thread is not None,
        )
        self._thread = told.thread or 0
        await self._button(_TAKE)
        return Text("tópico aberto, cartão com botões, equipe avisada", "topic opened, card with buttons, staff told")

    async def _claim(self) -> Text:
        await self.stage.press(await self._button(_TAKE))
        person = self.stage.person
        await self._until_standing(
            Text(f"a conversa é de {person.name}", f"{person.name} has the conversation"),
            lambda now: now.control == "human" and now.assignee == person.user,
        )
        return Text(f"a conversa é de {person.name}; o bot não fala mais", f"{person.name} has it; the bot is silent")

    async def _voice(self) -> Text:
        stage, ana = self.stage, self.ana
        before = len(stage.arrived[ana.phone])
        message = await stage.room.write(stage.person.telegram_id, telegram.voice(_VOICE), thread=self._thread)
        conversation = (await self._stands()).id
        sha256 = await stage.until(
            Text("o áudio apareceu no grupo", "the voice note is in the group"), lambda: self._sha256(message)
        )

        async def sent() -> bool | None:
            async with stage.session() as session:
                is_sent = await queries.voice_sent(session, conversation, sha256)
            return True if is_sent and len(stage.arrived[ana.phone]) > before else None

        await stage.until(Text("o áudio chegou ao WhatsApp", "the voice note came to WhatsApp"), sent)
        return Text("o mesmo arquivo, byte a byte, chegou ao telefone dela", "the same bytes came to her phone")

    async def _teach(self) -> Text:
        stage = self.stage
        await stage.tell(self.ana, QUESTION)
        await stage.until(
            Text("a pergunta no tópico", "the question in the topic"), lambda: self._in_topic(f"👤 {QUESTION}")
        )
        await stage.write(self._thread, ANSWER)
        await stage.until(Text("a resposta no WhatsApp dela", "the answer at her phone"), lambda: self._has(self.ana))
        await stage.press(await self._button(_TEACH))
        await stage.press(await self._button(_FOR))
        conversation = (await self._stands()).id

        async def learned() -> Learned | None:
            async with stage.session() as session:
                found = await queries.learned(session, QUESTION, conversation)
            return found if found is not None and found.has_case else None

        self._learned = await stage.until(Text("a resposta foi aprendida", "the answer was learned"), learned)
        return Text("resposta aprovada por 90 dias, e um caso de teste", "approved for 90 days, with a test case")

    async def _give_back(self) -> Text:
        await self.stage.write(self._thread, _BACK)
        await self._until_standing(
            Text("o bot atende Ana de novo", "the bot has Ana again"), lambda now: now.control == "bot"
        )
        return Text("o bot atende Ana de novo", "the bot has Ana again")

    async def _close(self) -> Text:
        """In its turn: a group may be told so much a minute."""
        await self._until_standing(
            Text("o tópico fechou", "the topic closed"),
            lambda now: now.topic == "closed" and self._thread in self.stage.board.closed,
        )
        return Text("fechado no Telegram, e aqui", "closed in Telegram, and here")

    async def _again(self) -> Text:
        await self.stage.say(self.bruno, QUESTION)
        await self.stage.until(Text("a resposta ensinada a Bruno", "the taught answer"), lambda: self._has(self.bruno))
        bruno, learned = await self.stage.standing(self.bruno), self._learned
        if bruno is None or learned is None:
            raise NotHappened(Text("a conversa de Bruno", "Bruno's conversation"))
        async with self.stage.session() as session:
            source = await queries.cites(session, bruno.id, learned.answer)
        if source is None:
            raise NotHappened(Text("a fonte é a resposta ensinada", "its source is the taught answer"))
        title = source.get("title") or QUESTION
        return Text(
            f"respondido pelo bot; fonte: resposta aprovada “{title}”",
            f"answered by the bot; source: approved answer “{title}”",
        )

    async def forget(self) -> bool:
        """What an earlier demonstration taught: else the bot would know it already."""
        async with self.stage.session() as session:
            found = await approved.find(session, QUESTION)
            if found is None or found.answer != ANSWER:
                return False
            await approved.withdraw(session, found.id)
            return True

    async def _commands(self) -> list[Mapping[str, Any]]:
        async with self.stage.session() as session:
            notes = await talks.notes(session, (await self._stands()).id, [])
        return [command for note in notes for command in note.commands]

    async def _stands(self) -> Standing:
        found = await self.stage.standing(self.ana)
        if found is None:
            raise NotHappened(Text("a conversa de Ana", "Ana's conversation"))
        return found

    async def _until_standing(self, what: Text, holds: Callable[[Standing], bool]) -> Standing:
        async def look() -> Standing | None:
            found = await self._stands()
            return found if holds(found) else None

        return await self.stage.until(what, look)

    async def _button(self, label: str) -> Button:
        async def look() -> Button | None:
            return self.stage.button(self._thread, label)

        return await self.stage.until(Text(f"o botão {label}", f"the button {label}"), look)

    async def _in_topic(self, words: str) -> bool | None:
        return True if self.stage.board.has_said(self._thread, words) else None

    async def _has(self, customer: Customer) -> bool | None:
        return True if any(ANSWER in one for one in self.stage.arrived[customer.phone]) else None

    async def _sha256(self, message: int) -> str | None:
        board = self.stage.board
        files = [file for named, file in board.files.items() if named.message == message]
        return str((await self.stage.room.file(files[0]))["sha256"]) if files else None
