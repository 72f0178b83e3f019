"""What endpoints ask for."""

from typing import Annotated

from fastapi import Depends, Request

from core.floor import Floor


def floor_of(request: Request) -> Floor:
    floor: Floor = request.app.state.floor
    return floor


FloorOfRequest = Annotated[Floor, Depends(floor_of)]
