"""
I reach Android phones through Firebase Cloud Messaging, by its HTTP v1 API.

Google's answers are in :mod:`sippn.providers.fcm.answers`, those of its token endpoint in
:mod:`sippn.providers.fcm.grants`: what is believed of them stands there and nowhere else.
"""
