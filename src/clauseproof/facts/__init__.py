"""What can be seen: subjects and Facts classes, one module per family."""
