"""Evidence pages → self-contained HTML: no server, no request to anywhere."""
