"""Somebody who pushes well, for tests of how the push server misbehaves."""

from __future__ import annotations

from attrs import define

from sippn.testing.push_server import Answer, PushServer
from tests.testing.push_client import Caller, Client, Got
from tests.testing.push_tokens import TOKEN, TOPIC, Keys

PATH = f"/3/device/{TOKEN}"
PAYLOAD = b'{"aps":{}}'


@define(eq=False)
class Sender:
    """
    Pushes, over connections on which many streams are allowed already.
    """

    caller: Caller
    keys: Keys

    @property
    def server(self) -> PushServer:
        """To whom."""
        return self.caller.server

    @property
    def fields(self) -> dict[str, str]:
        """Of a good push."""
        return {
            "authorization": f"bearer {self.keys.provider_token()}",
            "apns-topic": TOPIC,
            "apns-push-type": "alert",
        }

    async def client(self) -> Client:
        """A connection that was found good."""
        client = await self.caller.two(self.server.apns.url)
        self.server.apns.on_answer = lambda *_: client.look()
        script = tuple(self.server.apns.script)
        self.server.apns.script.clear()
        assert (await client.ask(PATH, self.fields, PAYLOAD)).status == 200
        self.server.apns.forget()
        self.server.apns.script.extend(script)
        return client

    async def start(self, *answers: Answer) -> tuple[Client, list[Got]]:
        """Have a push treated by each of *answers*, all on one connection, all at once."""
        self.server.apns.script.extend(answers)
        client = await self.client()
        return client, [client.start("POST", PATH, self.fields, PAYLOAD) for _ in answers]

    @property
    def acted(self) -> int:
        """How many pushes reached their phones."""
        return sum(self.server.apns.acted.values())
