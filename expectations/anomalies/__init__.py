"""What is learned rather than declared: when a figure leaves what is normal for it."""
