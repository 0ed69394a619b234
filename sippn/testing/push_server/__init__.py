"""
Local push services for those who test a provider: APNs, FCM and web push, good and bad.

::

    server = PushServer(reactor)
    server.start()
    tables = server.tables(folder)  # [[push.provider]] tables; what they name is in the folder
    server.apns.on_push = lambda push: phone.wake()
    server.apns.script.append(server.apns.refusal("TooManyRequests"))  # of the next push
    server.apns.default = Answer(manner=Manner.HANG)  # of all after it
    ...
    assert server.apns.doubled == 0
    await server.stop()
"""

from __future__ import annotations

from sippn.testing.push_server.answers import Answer, Manner
from sippn.testing.push_server.apns import APNs
from sippn.testing.push_server.apns_push import APNsPush, Device
from sippn.testing.push_server.fcm import FCM, FCMPush
from sippn.testing.push_server.files import Files
from sippn.testing.push_server.server import PushServer
from sippn.testing.push_server.subscription import Subscription, Undecipherable
from sippn.testing.push_server.webpush import WebPush, WebPushService

__all__ = [
    "FCM",
    "APNs",
    "APNsPush",
    "Answer",
    "Device",
    "FCMPush",
    "Files",
    "Manner",
    "PushServer",
    "Subscription",
    "Undecipherable",
    "WebPush",
    "WebPushService",
]
