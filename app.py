"""The web page and the API on one port: `python app.py`, the same as `regbrief serve`."""

import sys

from bot.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["serve"]
    main()
