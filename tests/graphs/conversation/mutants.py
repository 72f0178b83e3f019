"""Mistakes that somebody could make in the rules, one each, and what makes it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from agents.checks import claims
from agents.checks.quotes import Located
from agents.commands import AskKnowledge, GiveEvidence, Quote
from agents.personas.definition import AnyOf, Criteria, Persona, Stage
from core.models.stream import Control
from graphs.conversation import decide, pending, progress, slots
from graphs.conversation.desk import Desk
from graphs.conversation.progress import Known
from graphs.conversation.rules import Rule
from graphs.conversation.state import Decision, StageMove, ToolCall

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    what: str
    plant: Plant
    in_words: bool = False  # it shows where messages are read, and not where claims are decided on


def _skip_a_criterion(patch: pytest.MonkeyPatch) -> None:
    met = progress._met

    def mutated(stage: Stage, known: Known) -> Any:
        rest = stage.enter.all[1:] if stage.enter else ()
        return met(stage.model_copy(update={"enter": Criteria(all=rest)}), known) if rest else met(stage, known)

    patch.setattr(progress, "_met", mutated)


def _any_is_the_first(patch: pytest.MonkeyPatch) -> None:
    met = progress._met

    def mutated(stage: Stage, known: Known) -> Any:
        if stage.enter is None:
            return None
        firsts = tuple(one.any[0] if isinstance(one, AnyOf) else one for one in stage.enter.all)
        return met(stage.model_copy(update={"enter": Criteria(all=firsts)}), known)

    patch.setattr(progress, "_met", mutated)


def _two_at_once(patch: pytest.MonkeyPatch) -> None:
    forward = progress._forward

    def mutated(persona: Persona, stage: str, known: Known) -> Iterator[StageMove]:
        order = [one.id for one in persona.stages]
        for move in forward(persona, stage, known):
            place = order.index(move.target) + 1
            yield replace(move, target=order[place]) if place < len(order) else move
            return

    patch.setattr(progress, "_forward", mutated)


def _unconfirmed_counts(patch: pytest.MonkeyPatch) -> None:
    proof_of = progress.proof_of

    def mutated(criterion: str, known: Known) -> Mapping[str, Any] | None:
        counting = {name: replace(filled, is_confirmed=True) for name, filled in known.slots.items()}
        return proof_of(criterion, replace(known, slots=counting))

    patch.setattr(progress, "proof_of", mutated)


def _loss_keeps_the_stage(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(progress, "_back", lambda *_: ())


def _proposed_is_done(patch: pytest.MonkeyPatch) -> None:
    proof_of = progress.proof_of

    def mutated(criterion: str, known: Known) -> Mapping[str, Any] | None:
        tool = criterion.removeprefix("effect:").removesuffix(":succeeded")
        return proof_of(criterion, replace(known, succeeded={*known.succeeded, tool}))

    patch.setattr(progress, "proof_of", mutated)


def _evidence_without_words(patch: pytest.MonkeyPatch) -> None:
    apply = slots.apply

    def mutated(desk: Desk) -> None:
        apply(desk)
        for shown in desk.every(GiveEvidence):
            if shown.name in desk.evidence:
                desk.evidence[shown.name] = Quote(text="", message=0)

    patch.setattr(slots, "apply", mutated)


def _opt_out_waits_in_the_queue(patch: pytest.MonkeyPatch) -> None:
    consent = decide._consent

    def mutated(desk: Desk) -> Decision | None:
        return None if desk.snapshot.control is Control.QUEUED else consent(desk)

    patch.setattr(decide, "_FIRST", tuple(mutated if one is consent else one for one in decide._FIRST))


def _a_question_hides_the_wish_for_a_person(patch: pytest.MonkeyPatch) -> None:
    human = decide._human

    def mutated(desk: Desk) -> Decision | None:
        return None if desk.first(AskKnowledge) else human(desk)

    patch.setattr(decide, "_FIRST", tuple(mutated if one is human else one for one in decide._FIRST))


def _done_without_a_yes(patch: pytest.MonkeyPatch) -> None:
    take = pending._take

    def mutated(desk: Desk, asked: str, *, is_yes: bool) -> None:
        take(desk, asked, is_yes=is_yes)
        if asked.startswith(pending.EFFECT) and not is_yes:
            desk.effects.append(ToolCall(tool=asked.removeprefix(pending.EFFECT), is_confirmed=True))

    patch.setattr(pending, "_take", mutated)


def _news_are_lost_on_who_leaves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_hear_news", lambda _: None)


def _people_hold_it_in_vain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_HELD", {Control.CLOSED: Rule.CLOSED})


def _staff_speaks_for_the_customer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claims, "_of_customer", claims._of_now)


def _quoted_from_nowhere(patch: pytest.MonkeyPatch) -> None:
    def mutated(quote: str, message: object, among: Any) -> Located:
        del message
        return Located(quote=Quote(text=quote, message=among[0].number), spoken=among[0])

    patch.setattr(claims, "locate", mutated)


MUTANTS: Final = (
    Mutant(what="a criterion is skipped", plant=_skip_a_criterion),
    Mutant(what="of any only the first counts", plant=_any_is_the_first),
    Mutant(what="two stages are one step", plant=_two_at_once),
    Mutant(what="a slot counts before its yes", plant=_unconfirmed_counts),
    Mutant(what="a loss keeps the stage", plant=_loss_keeps_the_stage),
    Mutant(what="what was proposed counts as done", plant=_proposed_is_done),
    Mutant(what="evidence needs no words", plant=_evidence_without_words),
    Mutant(what="an opt-out waits in the queue", plant=_opt_out_waits_in_the_queue),
    Mutant(what="a question hides the wish for a person", plant=_a_question_hides_the_wish_for_a_person),
    Mutant(what="a no is as good as a yes", plant=_done_without_a_yes),
    Mutant(what="news are lost on who is handed over", plant=_news_are_lost_on_who_leaves),
    Mutant(what="a person holds it in vain", plant=_people_hold_it_in_vain),
    Mutant(what="staff speaks for the customer", plant=_staff_speaks_for_the_customer, in_words=True),
    Mutant(what="words are quoted from nowhere", plant=_quoted_from_nowhere, in_words=True),
)
