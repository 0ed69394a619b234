"""
Plugins for sippn: a push provider, a store, a routing policy.

Nothing is imported here: whoever lists plugins imports this package.
"""
