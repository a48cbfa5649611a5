"""Runs the command line as `python -m plugway`."""

from plugway.cli import main

if __name__ == "__main__":
    main()
