"""The summary drawn: one module an output, none of which computes a figure."""
