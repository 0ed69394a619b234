"""
A SIP registrar and proxy that wakes sleeping phones (RFC 8599).
"""
