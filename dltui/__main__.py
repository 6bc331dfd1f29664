"""`python -m dltui`."""

from dltui.cli.main import main

if __name__ == "__main__":
    main()
