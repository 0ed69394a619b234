"""The load: phones, callers and a push service, over UDP, in one process."""
