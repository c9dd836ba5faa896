"""`python -m bot` is `regbrief`."""

from bot.cli import main

if __name__ == "__main__":
    main()
