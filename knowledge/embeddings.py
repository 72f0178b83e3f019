"""What search asks of whoever makes vectors of texts. Without one, words alone are searched by."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from core.clock import Deadline
from core.errors import Unavailable


class TextKind(StrEnum):
    """Some models make another vector of a question than of a text that answers it."""

    QUERY = "query"
    PASSAGE = "passage"


class EmbeddingFailed(Unavailable):
    """No vectors this time: search goes on by words, and passages wait for theirs."""


class TextRejected(EmbeddingFailed):
    """The model is there, and does not take one of these texts: the same ones again bring nothing."""


class EmbeddingPort(Protocol):
    """One model. `name` is the provider's, such as `openai/text-embedding-3-small`."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str], *, kind: TextKind, deadline: Deadline) -> Sequence[Sequence[float]]:
        """A vector of length 1 for each text, in their order. Raises `EmbeddingFailed`, or `TextRejected`."""
        ...
