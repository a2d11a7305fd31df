"""The servers: for assistants (MCP), for programs (HTTP, OpenAI's form too) and for people (a page)."""
