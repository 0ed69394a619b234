"""
One suite of tests per interface: whoever provides the interface runs it against his own.

Each is a class for pytest.  Subclass it in a test module of yours, under a name that starts
with ``Test``, and say how to make the thing::

    from sippn.interfaces import IBindingStore
    from sippn.testing.contracts import BindingStoreContract

    class TestMyStore(BindingStoreContract):
        def make_store(self) -> IBindingStore:
            return MyStore(...)

What the docstrings of :mod:`sippn.interfaces` promise, these suites ask for.
"""

from sippn.testing.contracts.authenticator import AuthenticatorContract
from sippn.testing.contracts.dialect import PushDialectContract
from sippn.testing.contracts.durable import DurableStoreContract
from sippn.testing.contracts.policy import RoutingPolicyContract
from sippn.testing.contracts.provider import PushProviderContract
from sippn.testing.contracts.store import BindingStoreContract

__all__ = [
    "AuthenticatorContract",
    "BindingStoreContract",
    "DurableStoreContract",
    "PushDialectContract",
    "PushProviderContract",
    "RoutingPolicyContract",
]
