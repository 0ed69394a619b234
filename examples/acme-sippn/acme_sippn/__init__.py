"""
Plugins for sippn: a push provider, a store, a routing policy, a dialect.

Nothing is imported here: whoever lists plugins imports this package.
"""
