"""HTTP/2, many requests at a time on a connection (RFC 9113), by ``h2``."""
