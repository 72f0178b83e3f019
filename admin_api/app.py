"""The HTTP application, composed: it parses, calls, returns, and holds no rule of its own."""

from importlib.metadata import version

from fastapi import FastAPI

from admin_api import health
from admin_api.edges import Edges
from admin_api.problems import answer_problems
from core.floor import Floor


def make_app(floor: Floor) -> FastAPI:
    app = FastAPI(
        title="Master IA Oficial",
        version=version("master-ia-oficial"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        debug=False,
    )
    app.state.floor = floor
    app.include_router(health.router)
    answer_problems(app)
    app.add_middleware(Edges, is_https=(floor.settings.masteria_public_url or "").startswith("https:"))
    return app
