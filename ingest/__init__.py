"""The door that puts articles in: bytes of any kind -> articles -> passages -> corpus. Imports `bot`; never the reverse."""
