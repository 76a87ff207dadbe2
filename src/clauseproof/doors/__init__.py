"""What the two doors share: rooms put together, one run driven, the commands' bodies."""
