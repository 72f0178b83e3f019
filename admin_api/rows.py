"""What is shown of a row as it stands, under its own names; a field of another name says whose value it shows."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class OfRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row)
