"""What can go wrong, each with a text that is fit to show a person."""

from __future__ import annotations


class NewsbotError(Exception):
    """Base of all errors whose text is meant for users. Doors catch this class and nothing wider."""


class UsageError(NewsbotError):
    """The call is wrong: an argument or a question cannot be used. The command line exits with 2."""


class SettingsError(UsageError):
    """A setting has a value that cannot be used; the text names the setting."""


class ReadError(NewsbotError):
    """An input cannot be read as news; the text says what is wrong with it."""


class CorpusError(NewsbotError):
    """The corpus cannot be opened or written; the text names the folder and the remedy."""


class CorpusMissing(CorpusError):
    """Nothing was ingested into that folder yet."""


class CorpusBusy(CorpusError):
    """Another process is writing to the corpus; the text says which."""


class IndexMismatch(CorpusError):
    """The index was made by another embedding model or chunker; the text names the command that re-indexes."""


class ModelError(NewsbotError):
    """A model cannot be loaded or does not answer; the text names the model and the remedy."""


def first_line(error: BaseException) -> str:
    """What another library says of an error, fit to stand within a sentence: its first line, without a full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
