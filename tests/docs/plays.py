"""What happens in each of the scenes, step by step."""

from __future__ import annotations

from attrs import evolve, frozen

from sippn.auth.settings import AuthSettings, User
from sippn.proxy import ProxySettings
from sippn.sip import PushParams, ha1
from sippn.testing.calls_received import ring
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address
from tests.docs.stage import SERVER, Stage, settings_of

ALICE = "sip:alice@example.com"
BOOT = 0.8  # seconds from a push to the REGISTER
RINGS = 2.0


def _digest() -> AuthSettings:
    hashes = tuple((one, ha1("alice", "example.com", "secret", one)) for one in ("MD5", "SHA-256"))
    return AuthSettings("digest", "example.com", (User("alice", "example.com", hashes),))


def _asleep(stage: Stage, name: str = "phone", prid: str = "token-a") -> ScriptedUA:
    phone = stage.house.phone("alice", prid, instance=f"<urn:uuid:{prid}>")
    stage.call_it(name, phone)
    stage.house.get(phone.register())
    return phone


@frozen
class _Preferring(Account):
    """An account whose phone says how gladly it is called."""

    q: str = "1.0"

    def registered_contact(self, address: Address, transport: str) -> str:
        """With its q."""
        return f"{Account.registered_contact(self, address, transport)};q={self.q}"


def _preferring(stage: Stage, instance: str, q: str, prid: str = "") -> ScriptedUA:
    house = stage.house
    push = PushParams("acme", "app", prid) if prid else None
    account = _Preferring("alice", "example.com", push=push, instance=instance, q=q)
    endpoint = house.endpoint()
    return ScriptedUA(account, endpoint, house.address, house.clock, house.entropy, False)


def _caller(stage: Stage) -> ScriptedUA:
    return stage.call_it("caller", stage.house.phone("bob"))


def _taken(stage: Stage, after: float = 0.1) -> None:
    """The push service takes a push."""
    stage.house.run(after)
    stage.house.push_accepted()


def _wakes(stage: Stage, phone: ScriptedUA) -> None:
    stage.push_arrives(phone)
    stage.house.run(BOOT)
    phone.wake()
    stage.house.run()


def register() -> Stage:
    """A phone registers, with a password, and may sleep from then on."""
    stage = Stage.built(settings_of(auth=_digest()))
    phone = stage.house.phone("alice", "token-a", instance="<urn:uuid:a>", password="secret")
    stage.call_it("phone", phone)
    stage.begin()
    stage.house.get(phone.register())
    stage.falls_asleep(phone, why="may sleep now")
    return stage


def woken() -> Stage:
    """A call wakes a phone."""
    stage = Stage.built(settings_of())
    phone, caller = _asleep(stage), _caller(stage)
    phone.policy = ring
    stage.begin()
    stage.falls_asleep(phone)
    call = caller.call(ALICE)
    _taken(stage)
    _wakes(stage, phone)
    stage.house.run(RINGS)
    phone.incoming[0].answer()
    stage.house.run(5)
    call.hang_up()
    stage.house.run()
    return stage


def mid_dialog() -> Stage:
    """A phone falls asleep in the middle of a call, and is woken for a re-INVITE."""
    stage = Stage.built(settings_of())
    phone, caller = _asleep(stage), _caller(stage)
    phone.account = evolve(phone.account, purr=True)
    call = caller.call(ALICE)
    stage.house.run()
    stage.house.push_accepted()
    phone.wake()
    stage.house.run(60)
    stage.begin()
    stage.say("phone", "in a call with the caller")
    stage.falls_asleep(phone)
    call.reinvite()
    _taken(stage)
    _wakes(stage, phone)
    return stage


def cancelled() -> Stage:
    """The caller hangs up before the phone is there."""
    stage = Stage.built(settings_of())
    phone, caller = _asleep(stage), _caller(stage)
    stage.begin()
    stage.falls_asleep(phone)
    call = caller.call(ALICE)
    _taken(stage)
    stage.push_arrives(phone)
    stage.house.run(0.3)
    call.cancel()
    _taken(stage)
    phone.wake()
    stage.house.run(0.4)
    stage.push_arrives(phone, 0)
    return stage


def late_join() -> Stage:
    """A phone on the desk rings at once; a mobile joins as it wakes, and has the call."""
    stage = Stage.built(settings_of())
    desk = stage.call_it("desk", stage.house.phone("alice", instance="<urn:uuid:desk>"))
    stage.house.get(desk.register())
    mobile, caller = _asleep(stage, "mobile"), _caller(stage)
    desk.policy = mobile.policy = ring
    stage.begin()
    stage.falls_asleep(mobile)
    caller.call(ALICE)
    _taken(stage)
    _wakes(stage, mobile)
    stage.house.run(RINGS)
    mobile.incoming[0].answer()
    stage.house.run()
    return stage


def one_after_the_other() -> Stage:
    """A phone on the desk is to ring first; when nobody answers, the mobile is woken."""
    stage = Stage.built(settings_of())
    desk = stage.call_it("desk", _preferring(stage, "<urn:uuid:desk>", "1.0"))
    stage.house.get(desk.register())
    mobile = stage.call_it("mobile", _preferring(stage, "<urn:uuid:m>", "0.5", "token-a"))
    stage.house.get(mobile.register())
    caller = _caller(stage)
    desk.policy = mobile.policy = ring
    stage.begin()
    stage.falls_asleep(mobile)
    caller.call(ALICE)
    stage.house.run(20)
    _taken(stage)
    _wakes(stage, mobile)
    return stage


def concealed() -> Stage:
    """A stranger calls a name that does not exist, then one whose phone does not come."""
    settings = settings_of(auth=evolve(_digest(), strangers="budget"))
    stage = Stage.built(evolve(settings, proxy=ProxySettings(conceal=True)))
    phone = stage.house.phone("alice", "token-a", password="secret")
    stage.house.get(stage.call_it("phone", phone).register())
    stranger = stage.call_it("stranger", stage.house.phone("eve", domain="example.org"))
    stage.begin()
    stage.falls_asleep(phone)
    stage.say("stranger", "calls nobody@example.com")
    stranger.call("sip:nobody@example.com")
    stage.house.run(20)
    stage.say("stranger", "calls alice@example.com")
    stranger.call(ALICE)
    _taken(stage)
    stage.house.run(19.9)
    return stage


def refresh() -> Stage:
    """A push asks a phone that sleeps to register again."""
    stage = Stage.built(settings_of())
    phone = stage.house.phone("alice", "token-a", instance="<urn:uuid:a>")
    stage.call_it("phone", phone)
    stage.begin()
    stage.house.get(phone.register(3600))
    stage.falls_asleep(phone)
    stage.waits_for_a_push("36 to 54 minutes", 36 * 60, 54 * 60)
    _taken(stage)
    _wakes(stage, phone)
    return stage


def hedged() -> Stage:
    """A frozen app has left its connection open: it is called, and pushed when it is silent."""
    stage = Stage.built(settings_of("tcp"))
    phone, caller = _asleep(stage), _caller(stage)
    phone.policy = ring
    stage.begin()
    stage.falls_asleep(phone, "frozen", "frozen; its connection is open")
    caller.call(ALICE)
    stage.house.run(0.99)
    stage.say(SERVER, "a second without a word")
    stage.house.run(0.01)
    _taken(stage)
    stage.push_arrives(phone)
    phone.wake()
    stage.house.run()
    return stage


def reconnected() -> Stage:
    """An app is killed, its connection with it; its binding is not."""
    stage = Stage.built(settings_of("tcp"))
    phone = stage.house.phone("alice", "token-a", instance="<urn:uuid:a>")
    stage.call_it("phone", phone)
    caller = _caller(stage)
    phone.policy = ring
    stage.begin()
    stage.house.get(phone.register())
    stage.say(SERVER, "the binding: this connection")
    stage.house.run(20)
    phone.endpoint.send(b"\r\n\r\n", stage.house.address)
    stage.house.run(20)
    stage.falls_asleep(phone, "killed", "killed: the connection is gone")
    stage.house.run(20)
    caller.call(ALICE)
    _taken(stage)
    _wakes(stage, phone)
    return stage


def stopped() -> Stage:
    """The server stops while a call waits."""
    stage = Stage.built(settings_of())
    phone, caller = _asleep(stage), _caller(stage)
    stage.begin()
    stage.falls_asleep(phone)
    caller.call(ALICE)
    _taken(stage)
    stage.house.run(1)
    stage.say(SERVER, "SIGTERM")
    stage.house.server.stopService()
    stage.house.run()
    return stage
