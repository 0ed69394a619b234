"""Push services sippn reaches by itself; found as plugins, imported when used."""
