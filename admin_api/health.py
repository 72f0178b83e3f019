"""Is the api alive, can it serve, and what does it count."""

import asyncio
from pathlib import Path
from typing import Final

import redis.asyncio as redis
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from admin_api.deps import FloorOfRequest
from core import telemetry
from core.db.revision import revisions
from core.floor import Floor

_CHECK_SECONDS: Final = 2.0

router = APIRouter()


@router.get("/health")
async def health() -> dict[str, str]:
    """Alive: touches nothing."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(floor: FloorOfRequest) -> JSONResponse:
    """Can serve: database, valkey, migrations; 503 with the reasons otherwise."""
    checks = {"database": _database(floor), "valkey": _valkey(floor)}
    answers = await asyncio.gather(*checks.values())
    reasons = {name: reason for name, reason in zip(checks, answers, strict=True) if reason}
    status = "not ready" if reasons else "ready"
    return JSONResponse({"status": status, "reasons": reasons}, 503 if reasons else 200)


@router.get("/metrics")
async def metrics(floor: FloorOfRequest) -> Response:
    root: Path | None = floor.settings.masteria_metrics_sum
    body = await asyncio.to_thread(telemetry.render_sum, root) if root else telemetry.render()
    return Response(body, media_type=telemetry.CONTENT_TYPE)


async def _database(floor: Floor) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS), floor.database.engine.connect() as connection:
            where = await revisions(connection)
    except (OSError, SQLAlchemyError, TimeoutError) as error:
        return f"unreachable: {type(error).__name__}"
    return f"revision {where.found}, wanted {where.wanted}: run `masteria db upgrade`" if where.is_behind else None


async def _valkey(floor: Floor) -> str | None:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await floor.valkey.ping()
    except (OSError, redis.RedisError, TimeoutError) as error:
        return f"unreachable: {type(error).__name__}"
    return None
