"""Tests of the tree of errors: what a caller, a person and a supervisor are told by each."""

import inspect
from collections.abc import Iterator

import pytest

from core import errors
from core.errors import AppError, FieldError, Malformed, Misconfigured, Refused, Tampered, TooMany, Unavailable
from core.texts import Text


def tree(root: type[AppError]) -> Iterator[type[AppError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


OURS = [kind for kind in tree(AppError) if kind.__module__ == errors.__name__]
STATUS = {
    "AppError": 500,
    "Refused": 400,
    "Malformed": 422,
    "Unauthenticated": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "TooLarge": 413,
    "TooMany": 429,
    "Unavailable": 503,
    "Misconfigured": 500,
    "Tampered": 500,
}


class TestTree:
    def test_there_is_one_root(self) -> None:
        found = {name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
        assert found == {kind.__name__ for kind in OURS} == set(STATUS)

    @pytest.mark.parametrize("kind", OURS)
    def test_each_has_its_status_and_a_title_in_both_languages(self, kind: type[AppError]) -> None:
        assert kind.status == STATUS[kind.__name__]
        assert all(kind.title)
        assert kind.title.pt != kind.title.en

    @pytest.mark.parametrize("kind", OURS)
    def test_a_refusal_is_nobodys_alarm_and_everything_else_is(self, kind: type[AppError]) -> None:
        assert kind.report is not issubclass(kind, Refused)

    def test_only_what_may_succeed_later_is_retryable(self) -> None:
        assert {kind for kind in OURS if kind.retryable} == {TooMany, Unavailable}

    def test_wrong_usage_exits_with_2_and_everything_else_with_1(self) -> None:
        assert {kind for kind in OURS if kind.exit_code == 2} == {Malformed}
        assert {kind.exit_code for kind in OURS} == {1, 2}


class TestAppError:
    def test_it_carries_both_languages_and_prints_the_english_one(self) -> None:
        error = Misconfigured("Falta X.", "X is missing.")
        assert error.detail == Text("Falta X.", "X is missing.")
        assert (str(error), error.errors) == ("X is missing.", ())

    def test_it_carries_the_fields_that_were_refused(self) -> None:
        field = FieldError(field="name", message=Text("vazio", "empty"))
        assert Malformed("Ruim.", "Bad.", errors=(field,)).errors == (field,)

    def test_too_many_says_when_to_come_back(self) -> None:
        assert TooMany("Devagar.", "Slowly.", retry_after=2.5).retry_after == 2.5

    def test_tampered_is_caught_as_one_of_ours(self) -> None:
        with pytest.raises(AppError):
            raise Tampered("Alterado.", "Changed.")
