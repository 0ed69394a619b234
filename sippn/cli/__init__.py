"""The ``sippn`` command, beside twistd."""
