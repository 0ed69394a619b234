"""What sippn costs beside Kamailio: ``python -m bench --help``."""
