"""The HTTP application, composed: it parses, calls, returns, and holds no rule of its own."""

from importlib.metadata import version

from fastapi import FastAPI

from admin_api import health
from admin_api.auth import Throttle
from admin_api.crm import endpoints as crm
from admin_api.crm.leads import boards, leads
from admin_api.edges import Edges
from admin_api.inbox import endpoints as inbox
from admin_api.openapi import DescribedApi
from admin_api.problems import answer_problems
from admin_api.service import endpoints as service
from admin_api.tenants import endpoints as tenants
from admin_api.tenants.store import open_api_key
from admin_api.webhooks.endpoints import ROUTES as WEBHOOKS
from admin_api.why import endpoints as why
from channels.registry import Registry
from core.floor import Floor
from core.storage import open_storage


def make_app(floor: Floor, registry: Registry | None = None) -> FastAPI:
    app = DescribedApi(
        title="Master IA Oficial",
        version=version("master-ia-oficial"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        debug=False,
    )
    app.state.floor = floor
    app.router.routes[:0] = WEBHOOKS  # most of what is posted goes here
    app.state.registry = registry or Registry({})
    app.state.open_key = open_api_key
    app.state.storage = open_storage(floor.settings.storage_url)
    app.state.throttle = Throttle(floor.valkey)
    app.include_router(health.router)
    for router in (
        *(tenants.connections, tenants.users, crm.contacts, leads, boards, inbox.conversations, inbox.media),
        *(service.drafts, service.effects, service.handoffs, why.messages),
    ):
        app.include_router(router)
    answer_problems(app)
    app.add_middleware(Edges, is_https=(floor.settings.masteria_public_url or "").startswith("https:"))
    return app
