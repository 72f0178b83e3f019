"""The templates of each WABA: written, judged, edited, paused, deleted."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sandbox.ground import Ground
from sandbox.strict import strict
from sandbox.whatsapp.errors import GraphError, unknown_object
from sandbox.whatsapp.fields import Json, listed, one_of
from sandbox.whatsapp.ids import Ids
from sandbox.whatsapp.template_rules import CATEGORIES, check_components, check_template

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_MOST_AN_HOUR: Final = 100
_NAME_LOCK: Final = 30 * _DAY
_EDITS_IN_MONTH: Final = 10
_ALREADY_THERE: Final = 2388024
_STILL_LOCKED: Final = 2388023


class TemplateStatus(StrEnum):
    APPROVED = "APPROVED"
    PENDING = "PENDING"
    REJECTED = "REJECTED"
    PAUSED = "PAUSED"
    DISABLED = "DISABLED"
    IN_APPEAL = "IN_APPEAL"
    PENDING_DELETION = "PENDING_DELETION"
    DELETED = "DELETED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    ARCHIVED = "ARCHIVED"


_EDITABLE: Final = frozenset({TemplateStatus.APPROVED, TemplateStatus.REJECTED, TemplateStatus.PAUSED})


@dataclass(kw_only=True, slots=True, eq=False)
class Template:
    id: str
    waba_id: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    parameter_format: str = "POSITIONAL"
    status: TemplateStatus = TemplateStatus.PENDING
    quality: str = "UNKNOWN"
    is_paced: bool = False  # what is sent with it is held until its quality is judged
    edited_at: list[float] = field(default_factory=list)

    def component(self, kind: str) -> Mapping[str, Any] | None:
        return next((part for part in self.components if part["type"] == kind), None)

    def wire(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "language": self.language,
            "status": self.status.value,
            "category": self.category,
            "quality_score": {"score": self.quality},
            "id": self.id,
        }


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What Meta makes of a new template, and when; `verdict` None leaves it to whoever calls `judge`."""

    seconds: float = 2.0
    verdict: TemplateStatus | None = TemplateStatus.APPROVED
    most_templates: int = 250


Judged = Callable[[Template, str | None], None]


class Templates:
    """`judged` is told of every change of status."""

    def __init__(self, ground: Ground, ids: Ids, judged: Judged) -> None:
        self._ground = ground
        self._ids = ids
        self._judged = judged
        self.review = Review()
        self._templates: dict[str, Template] = {}
        self._by_name: dict[tuple[str, str, str], Template] = {}
        self._locked: dict[tuple[str, str, str], float] = {}
        self._created_at: dict[str, deque[float]] = {}

    def reset(self) -> None:
        """The templates stay; those that wait for their review wait anew."""
        self.review = Review()
        self._created_at.clear()
        for template in self._templates.values():
            if template.status is TemplateStatus.PENDING:
                self._await_review(template)

    @property
    def wabas(self) -> list[str]:
        return list(dict.fromkeys(template.waba_id for template in self._templates.values()))

    def of(self, waba_id: str) -> Iterator[Template]:
        return (template for template in self._templates.values() if template.waba_id == waba_id)

    def get(self, template_id: str) -> Template:
        if (template := self._templates.get(template_id)) is None:
            raise unknown_object(template_id)
        return template

    def find(self, template_id: str) -> Template | None:
        return self._templates.get(template_id)

    def named(self, waba_id: str, name: str, language: str) -> Template | None:
        return self._by_name.get((waba_id, name, language))

    def add(self, waba_id: str, body: Json, *, status: TemplateStatus = TemplateStatus.APPROVED) -> Template:
        """As if it had been judged long ago."""
        template = self._written(waba_id, body)
        template.status = status
        return template

    def create(self, waba_id: str, body: Json) -> Template:
        now = self._ground.clock.seconds()
        times = self._created_at.setdefault(waba_id, deque())
        while times and times[0] <= now - _HOUR:
            times.popleft()
        if len(times) >= _MOST_AN_HOUR:
            raise GraphError(80007, f"{_MOST_AN_HOUR} templates were created within an hour.")
        template = self._written(waba_id, body)
        times.append(now)
        self._await_review(template)
        return template

    def edit(self, template: Template, body: Json) -> None:
        if template.status not in _EDITABLE:
            raise GraphError(100, f"A template that is {template.status} cannot be edited.")
        category = one_of(body, "category", CATEGORIES) if "category" in body else template.category
        components = listed(body, "components") if "components" in body else template.components
        check_components(list(components), is_named=template.parameter_format == "NAMED")
        self._count_edit(template)
        template.category, template.components = category, [dict(part) for part in components]
        template.status = TemplateStatus.PENDING
        self._await_review(template)

    def delete(self, waba_id: str, name: str, template_id: str | None = None) -> None:
        """All languages of the name, or the one with this id."""
        doomed = [each for each in self.of(waba_id) if each.name == name and template_id in {None, each.id}]
        if not doomed:
            raise GraphError(100, "There is no template with this name and id.")
        for template in doomed:
            del self._templates[template.id], self._by_name[waba_id, name, template.language]
            self._locked[waba_id, name, template.language] = self._ground.clock.seconds() + _NAME_LOCK
            template.status = TemplateStatus.DELETED
            self._judged(template, None)

    def judge(self, template_id: str, status: TemplateStatus, *, reason: str | None = None) -> Template:
        template = self.get(template_id)
        template.status = status
        self._judged(template, reason)
        return template

    def _written(self, waba_id: str, body: Json) -> Template:
        check_template(body)
        self._refuse_taken(waba_id, body["name"], body["language"])
        template = Template(
            id=self._ids.numeric(),
            waba_id=waba_id,
            name=body["name"],
            language=body["language"],
            category=body["category"],
            components=[dict(part) for part in body["components"]],
            parameter_format=body.get("parameter_format", "POSITIONAL"),
        )
        self._templates[template.id] = template
        self._by_name[waba_id, template.name, template.language] = template
        return template

    def _refuse_taken(self, waba_id: str, name: str, language: str) -> None:
        if self.named(waba_id, name, language) is not None:
            raise GraphError(100, "There is already content in this language.", subcode=_ALREADY_THERE)
        if self._locked.get((waba_id, name, language), 0.0) > self._ground.clock.seconds():
            raise GraphError(100, "The name was deleted within the last 30 days.", subcode=_STILL_LOCKED)
        if sum(1 for _ in self.of(waba_id)) >= self.review.most_templates:
            raise GraphError(100, f"A WABA has {self.review.most_templates} templates at most.")

    def _count_edit(self, template: Template) -> None:
        now = self._ground.clock.seconds()
        recent = [at for at in template.edited_at if at > now - _NAME_LOCK]
        if template.status is TemplateStatus.APPROVED and (
            len(recent) >= _EDITS_IN_MONTH or any(at > now - _DAY for at in recent)
        ):
            raise GraphError(100, "An approved template is edited once in 24 hours and 10 times in 30 days at most.")
        template.edited_at = [*recent, now]

    def _await_review(self, template: Template) -> None:
        if self.review.verdict is not None:
            self._ground.agenda.later(self.review.seconds, lambda: self._reviewed(template.id))

    def _reviewed(self, template_id: str) -> None:
        template = self.find(template_id)
        if template is not None and template.status is TemplateStatus.PENDING and self.review.verdict is not None:
            self.judge(template_id, self.review.verdict)
