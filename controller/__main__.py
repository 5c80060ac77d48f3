"""`python -m controller`."""

from controller.entrypoints.cli.main import main

if __name__ == "__main__":
    main()
