"""What twistd and sippn's configuration find: data only, the code behind it is imported later."""

from twisted.application.service import ServiceMaker

from sippn.providers.factories import (
    ApnsFactory,
    FcmFactory,
    LogFactory,
    WebhookFactory,
    WebPushFactory,
)
from sippn.storage.factories import MemoryStoreFactory, SQLiteStoreFactory

sippn = ServiceMaker(
    "sippn", "sippn.tap", "A SIP registrar and proxy that wakes sleeping phones", "sippn"
)
memory = MemoryStoreFactory()
sqlite = SQLiteStoreFactory()
apns = ApnsFactory()
fcm = FcmFactory()
webpush = WebPushFactory()
webhook = WebhookFactory()
log = LogFactory()
