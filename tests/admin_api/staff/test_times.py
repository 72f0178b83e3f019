"""When somebody wants something done, as people write it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from admin_api.staff import times
from admin_api.staff.arguments import Misused

SUNDAY: datetime = datetime(2026, 11, 22, 14, 0, tzinfo=ZoneInfo("America/Sao_Paulo"))


class TestRead:
    @pytest.mark.parametrize(
        ("words", "at", "text"),
        [
            ("15h ligar para Ana", "22 15:00", "ligar para Ana"),
            ("às 15:30 ligar", "22 15:30", "ligar"),
            ("9h: Bom dia!", "23 09:00", "Bom dia!"),
            ("amanhã 9h: Bom dia! Confirmado às 10h?", "23 09:00", "Bom dia! Confirmado às 10h?"),
            ("amanhã às 9h que chame o contador", "23 09:00", "chame o contador"),
            ("em 30 minutos ver o pagamento", "22 14:30", "ver o pagamento"),
            ("em 2 horas ver", "22 16:00", "ver"),
            ("daqui a meia hora ver", "22 14:30", "ver"),
            ("em 3 dias: cobrar", "25 14:00", "cobrar"),
            ("in 10 minutes call", "22 14:10", "call"),
            ("sexta 14:30: Oi", "27 14:30", "Oi"),
            ("24/11 10h: Oi", "24 10:00", "Oi"),
            ("ligar para Ana amanhã às 8h", "23 08:00", "ligar para Ana"),
            ("tomorrow 9am: Hi", "23 09:00", "Hi"),
        ],
    )
    def test_a_moment_and_what_stands_beside_it(self, words: str, at: str, text: str) -> None:
        timed = times.read(words, SUNDAY)

        assert (f"{timed.at:%d %H:%M}", timed.text) == (at, text)

    def test_a_time_that_has_passed_today_is_of_tomorrow(self) -> None:
        assert times.read("13h ligar", SUNDAY).at.day == 23

    @pytest.mark.parametrize("words", ["hoje 9h ligar", "21/11/2026 10h ver"])
    def test_a_day_that_is_named_is_not_moved(self, words: str) -> None:
        with pytest.raises(Misused, match="passed"):
            times.read(words, SUNDAY)

    @pytest.mark.parametrize("words", ["", "ligar para Ana", "quando der", "25h ligar"])
    def test_without_a_time_it_is_asked_for(self, words: str) -> None:
        with pytest.raises(Misused, match="not understood"):
            times.read(words, SUNDAY)

    def test_more_than_a_year_ahead_is_a_slip(self) -> None:
        with pytest.raises(Misused, match="year"):
            times.read("22/11/2029 10h: Oi", SUNDAY)
