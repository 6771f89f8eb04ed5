"""Run the command line as `python -m afterall`."""

from afterall.cli import main

if __name__ == "__main__":
    main()
