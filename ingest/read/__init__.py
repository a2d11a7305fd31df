"""Bytes of any kind -> articles: one file per kind, one contract."""
