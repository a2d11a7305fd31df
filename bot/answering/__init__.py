"""From passages to an answer whose every quote is verbatim."""
