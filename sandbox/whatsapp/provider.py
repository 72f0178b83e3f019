"""WhatsApp Cloud, put together: what tests and the control plane hold, and the routes that the product calls."""

import aiohttp
from aiohttp import web

from sandbox.ground import Ground
from sandbox.ledger import Accepted
from sandbox.whatsapp.accounts import Account, Accounts, Number
from sandbox.whatsapp.customers import Customer, Customers
from sandbox.whatsapp.doors import Doors
from sandbox.whatsapp.events import Events
from sandbox.whatsapp.graph import Graph
from sandbox.whatsapp.ids import Ids
from sandbox.whatsapp.inbound import Media, MediaType
from sandbox.whatsapp.media import File, Shelf
from sandbox.whatsapp.media_routes import MediaRoutes
from sandbox.whatsapp.messages import Desk
from sandbox.whatsapp.objects import Objects
from sandbox.whatsapp.people import People, is_user_id
from sandbox.whatsapp.routes import Routes
from sandbox.whatsapp.sending import Sending
from sandbox.whatsapp.statuses import Statuses
from sandbox.whatsapp.template_routes import TemplateRoutes
from sandbox.whatsapp.templates import Template, Templates
from sandbox.whatsapp.webhooks import Webhooks


class WhatsApp:
    def __init__(self, ground: Ground, client: aiohttp.ClientSession) -> None:
        self._ground = ground
        self._ids = Ids()
        self.accounts = Accounts()
        self.people = People()
        self.shelf = Shelf(ground.url, ground.clock, self._ids)
        self.webhooks = Webhooks(ground, client)
        self.events = Events(self.webhooks, ground.clock)
        self.templates = Templates(ground, self._ids, self._judged)
        self.statuses = Statuses(ground, self.webhooks)
        self.customers = Customers(ground.clock, self._ids, people=self.people, shelf=self.shelf, events=self.events)

    async def connect(self, account: Account, *, verify: bool = False) -> Number:
        """With `verify` the webhook address must answer the challenge, or nothing is added."""
        if verify:
            await self.webhooks.handshake(account.webhook_url, account.verify_token)
        return self.accounts.add(account)

    def customer(
        self, phone: str | None = None, *, of: str, name: str | None = None, user_id: str | None = None
    ) -> Customer:
        """The person with this phone or user id, in the chat with the number `of` (a phone number id)."""
        person = self.people.person(phone=phone, user_id=user_id)
        person.name = person.name if name is None else name
        return Customer(person, self.accounts.number(of), self.customers)

    def received(self, file: File, kind: MediaType, *, of: str) -> Media:
        """A file that a customer can send to that number, as often as he likes."""
        return Media(kind=kind, media_id=self.shelf.receive(file, phone_id=of).id)

    def accepted_to(self, phone: str) -> tuple[Accepted, ...]:
        """In the order of acceptance, however the phone was written."""
        return self._ground.ledger.accepted_to(self.name_of(phone))

    def name_of(self, recipient: str) -> str:
        """How the ledger names the person with this phone or user id."""
        name = recipient if is_user_id(recipient) else self.people.wa_id_of(recipient)
        person = self.people.find(name)
        return name if person is None else person.key

    def add_routes(self, app: web.Application) -> None:
        graph, doors = Graph(self._ground, self._ids), Doors(self.accounts)
        desk = Desk(
            ground=self._ground,
            ids=self._ids,
            people=self.people,
            shelf=self.shelf,
            templates=self.templates,
            customers=self.customers,
            statuses=self.statuses,
        )
        Routes(
            graph=graph,
            doors=doors,
            accounts=self.accounts,
            sending=Sending(graph, doors, desk, self._ground.ledger),
            objects=Objects(self.accounts, doors, self.webhooks),
            shelf=self.shelf,
            media=MediaRoutes(self.shelf, doors, self.accounts),
            templates=self.templates,
            template_routes=TemplateRoutes(self.templates, doors),
        ).add_to(app)

    def reset(self) -> None:
        """Forgets what happened; who has an account and which templates stay."""
        for number in self.accounts:
            number.recover()
        self.templates.reset()
        self.people.clear()
        self.shelf.clear()
        self.webhooks.reset()
        self.statuses.reset()
        self.customers.clear()

    def _judged(self, template: Template, reason: str | None) -> None:
        if (business := self.accounts.find_business(template.waba_id)) is not None:
            self.events.template_status(business, template, reason=reason)
