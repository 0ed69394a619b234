"""Web Push (RFC 8030): the push services of browsers, and those that speak as they do."""
