"""`python -m bot` is `newsbot`."""

import sys

from bot.cli import main

sys.exit(main())
