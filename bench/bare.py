"""The yardstick of `bench-inbound`: an endpoint that does nothing but one durable insert."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI, Request

from core.settings import bare_asyncpg


def main() -> None:
    @asynccontextmanager
    async def pooled(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(bare_asyncpg(os.environ["DATABASE_URL"]), min_size=10, max_size=10) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=pooled, openapi_url=None)

    @app.post("/bare")
    async def keep(request: Request) -> dict[str, Any]:
        body = await request.body()
        await request.app.state.pool.execute(
            "INSERT INTO bare (payload, body) VALUES ($1::jsonb, $2)", json.dumps(json.loads(body)), body
        )
        return {"ok": True}

    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
