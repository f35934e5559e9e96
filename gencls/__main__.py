"""`python -m gencls`."""

from gencls.cli import main

if __name__ == "__main__":
    main()
