"""SQL that is written out, with the type of each value it is given: arrays say nothing of their own."""

import re
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, Uuid, bindparam, text
from sqlalchemy.sql.expression import TextClause
from sqlalchemy.types import TypeEngine

UUIDS: Final[TypeEngine[Any]] = ARRAY(Uuid())
TEXTS: Final[TypeEngine[Any]] = ARRAY(Text())
NUMBERS: Final[TypeEngine[Any]] = ARRAY(BigInteger())
BYTES: Final[TypeEngine[Any]] = ARRAY(LargeBinary())
ONE_UUID: Final[TypeEngine[Any]] = Uuid()
ONE_TEXT: Final[TypeEngine[Any]] = Text()
ONE_NUMBER: Final[TypeEngine[Any]] = BigInteger()
_VALUE: Final = re.compile(r"(?<![:\w]):(\w+)")


def given(statement: str, **types: TypeEngine[Any]) -> TextClause:
    """Types of values that the statement does not have are left out, so that several may share theirs."""
    there = set(_VALUE.findall(statement))
    return text(statement).bindparams(*(bindparam(name, type_=kind) for name, kind in types.items() if name in there))
