"""Tests of which passages are worth ranking for a question: against adding everything up, one by one."""

import random
from array import array
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import pytest

from knowledge import asking, candidates
from knowledge.asking import Asked
from knowledge.stores.postings import BLOCK, Run
from knowledge.tallies import WORTHS, Sums, Tally

PASSAGES = 50_000
WORDS = ("troca", "prazo", "entrega", "garantia", "frete")
HEAVIEST = 255


@pytest.fixture
def base() -> UUID:
    return uuid4()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)  # noqa: S311 - the same for every run


class TestLikely:
    @pytest.mark.parametrize(
        "sizes",
        [(40, 600, 3_000, 9_000, 15_000), (9_000, 12_000, 15_000, 20_000, 30_000), (3, 5, 40, 80, 200)],
        ids=["of every length", "frequent words alone", "rare words alone"],
    )
    def test_the_best_of_very_many_are_among_them(
        self, chance: random.Random, base: UUID, sizes: tuple[int, ...]
    ) -> None:
        asked, runs = _asked(chance, base, sizes)
        best = sorted(totals := _totals(asked, runs), key=lambda number: -totals[number])[:10]
        found = candidates.likely(asked, _tallies(runs))
        assert {(base, number) for number in best} <= set(found)
        assert len(found) <= candidates.MOST

    def test_the_heaviest_come_first_and_none_comes_twice(self, chance: random.Random, base: UUID) -> None:
        asked, runs = _asked(chance, base, (5_000,))
        found = candidates.likely(asked, _tallies(runs))
        totals = _totals(asked, runs)
        weights = [totals[number] for _, number in found]
        assert weights == sorted(weights, reverse=True)
        assert len(set(found)) == len(found)

    def test_of_one_frequent_word_the_heaviest_are_all_there_are_room_for(
        self, chance: random.Random, base: UUID
    ) -> None:
        asked, runs = _asked(chance, base, (30_000,))
        assert len(candidates.likely(asked, _tallies(runs))) == candidates.MOST

    def test_as_many_as_are_wanted_come_even_where_one_outweighs_all(self, chance: random.Random, base: UUID) -> None:
        asked, runs = _asked(chance, base, (1, 20_000))
        assert len(candidates.likely(asked, _tallies(runs))) == candidates.LEAST
        assert len(candidates.likely(asked, _tallies(runs), least=150)) == 150

    def test_more_than_are_usual_can_be_wanted(self, chance: random.Random, base: UUID) -> None:
        asked, runs = _asked(chance, base, (20_000,))
        found = candidates.likely(asked, _tallies(runs), least=candidates.MOST * 3)
        assert len(set(found)) == candidates.MOST * 3

    def test_bases_are_told_apart(self, chance: random.Random, base: UUID) -> None:
        asked, runs = _asked(chance, base, (10,))
        _, others = _asked(chance, other := uuid4(), (10,))
        both = {word: [*runs[word], *others[word]] for word in runs}
        numbers = {
            home: {n for found, n in candidates.likely(asked, _tallies(both)) if found == home}
            for home in (base, other)
        }
        assert {home: len(found) for home, found in numbers.items()} == {base: 10, other: 10}

    def test_a_question_of_very_many_words_fits_into_the_sums(self, base: UUID) -> None:
        asked = asking.read(" ".join(f"palavra{letter}{other}" for letter in "abcdefg" for other in "hijklmn"))
        runs = {
            concept.stem: [_run(base, concept.stem, range(0, 400, 2), [HEAVIEST] * 200)] for concept in asked.concepts
        }
        asked = asking.with_rarity(asked, dict.fromkeys(runs, 200), PASSAGES)
        assert len(candidates.likely(asked, _tallies(runs))) == 200

    def test_nothing_comes_of_nothing(self) -> None:
        assert candidates.likely(asking.read("troca"), {"troc": []}) == []


class TestSums:
    def test_what_is_added_in_one_is_what_is_added_one_by_one(self, chance: random.Random, base: UUID) -> None:
        sums, expected = Sums(), [0] * BLOCK
        for size, worth in ((3, 90), (95, 40), (96, 20), (2_000, 60), (BLOCK, WORTHS - 210)):
            run = _run(base, "a", sorted(chance.sample(range(BLOCK), size)), chance.choices(range(1, 256), k=size))
            sums.add(Tally.of(run), worth)
            for place, weight in zip(run.places, run.weights, strict=True):
                expected[place] += worth * weight
        assert list(sums.each()) == expected

    def test_the_heaviest_everywhere_fill_their_two_bytes_and_do_not_spill(self, base: UUID) -> None:
        sums = Sums()
        sums.add(Tally.of(_run(base, "a", range(BLOCK), [HEAVIEST] * BLOCK)), WORTHS - 1)
        sums.add(Tally.of(_run(base, "b", [0, BLOCK - 1], [HEAVIEST] * 2)), 1)
        each = sums.each()
        assert (each[0], each[1], each[BLOCK - 1]) == (HEAVIEST * WORTHS, HEAVIEST * (WORTHS - 1), HEAVIEST * WORTHS)


def _asked(chance: random.Random, base: UUID, sizes: Sequence[int]) -> tuple[Asked, dict[str, list[Run]]]:
    """A question of as many words, and where each is."""
    asked = asking.read(" ".join(WORDS[: len(sizes)]))
    counts = dict(zip((concept.stem for concept in asked.concepts), sizes, strict=True))
    return asking.with_rarity(asked, counts, PASSAGES), {
        word: _runs(chance, base, word, size) for word, size in counts.items()
    }


def _totals(asked: Asked, runs: Mapping[str, Sequence[Run]]) -> dict[int, float]:
    totals: dict[int, float] = {}
    for concept in asked.concepts:
        for run in runs[concept.stem]:
            for place, weight in zip(run.places, run.weights, strict=True):
                totals[run.first + place] = totals.get(run.first + place, 0.0) + concept.rarity * weight
    return totals


def _tallies(runs: Mapping[str, Sequence[Run]]) -> dict[str, list[Tally]]:
    return {word: [Tally.of(run) for run in of_word] for word, of_word in runs.items()}


def _runs(chance: random.Random, base: UUID, word: str, size: int) -> list[Run]:
    blocks: dict[int, list[int]] = {}
    for number in sorted(chance.sample(range(PASSAGES), size)):
        blocks.setdefault(number // BLOCK, []).append(number % BLOCK)
    return [
        _run(base, word, places, chance.choices(range(40, 220), k=len(places)), first=block * BLOCK)
        for block, places in blocks.items()
    ]


def _run(base: UUID, word: str, places: Sequence[int], weights: Sequence[int], *, first: int = 0) -> Run:
    return Run(base=base, word=word, first=first, places=array("H", places), weights=bytes(weights))
