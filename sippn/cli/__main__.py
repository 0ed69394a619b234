"""``python -m sippn.cli``."""

from sippn.cli import main

if __name__ == "__main__":
    main()
