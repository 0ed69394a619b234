"""Back ends of :class:`sippn.interfaces.IBindingStore`: discovered, never imported."""
