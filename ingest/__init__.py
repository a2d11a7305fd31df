"""The door that puts articles in: bytes -> articles -> passages -> corpus. Imports `bot`, never the reverse."""
