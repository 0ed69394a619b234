"""I reach iPhones through Apple's push notification service (APNs), over HTTP/2."""
