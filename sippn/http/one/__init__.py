"""HTTP/1.1, a request at a time on a connection (RFC 9112)."""
