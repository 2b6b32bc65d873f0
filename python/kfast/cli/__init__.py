"""The kfast command, one file a subcommand."""
