"""`python -m ingest SOURCE...` is `newsbot ingest SOURCE...`."""

import sys

from bot.cli import main

sys.exit(main(["ingest", *sys.argv[1:]]))
