"""The API sandbox: the sample shop served in the shapes of its vendors' APIs, on this machine only.

Connectors are tried against it before anyone has a key, and tests make it fail in every way that a
real API fails. `create_app` in app.py is the way in; see there for how a vendor is added.
"""
