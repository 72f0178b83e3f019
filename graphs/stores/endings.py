"""A turn that has run, and what it leaves to be written: the one value that all of its commit is about."""

from dataclasses import dataclass

from core.ids import ContactId, ConversationId, TurnId
from graphs.conversation.state import Decision, Dialogue, Outcome
from graphs.stores.snapshots import Begun


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """Several are written together where no two of them are with the same contact."""

    begun: Begun
    outcome: Outcome

    @property
    def decision(self) -> Decision:
        return self.outcome.decision

    @property
    def before(self) -> Dialogue:
        return self.begun.snapshot.dialogue

    @property
    def turn(self) -> TurnId:
        return self.begun.claim.turn

    @property
    def conversation(self) -> ConversationId:
        return self.begun.snapshot.conversation

    @property
    def contact(self) -> ContactId:
        return self.begun.snapshot.contact
