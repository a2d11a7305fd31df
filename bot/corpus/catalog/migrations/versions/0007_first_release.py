"""The schema of the first release, 0.2.0, where all migrations begin: a new catalog is made with today's tables.

A migration is history: it never imports today's tables.
"""

revision = "0007"
down_revision = None
