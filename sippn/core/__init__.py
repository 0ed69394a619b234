"""
I decide who decides: requests to the registrar, to the proxy, or answered here.
"""

from sippn.core.element import Element

__all__ = ["Element"]
