"""The open export format: which file feeds which entity, and its rows as typed columns in UTC.

folder (which files) → reading (bytes to text columns) → parsing (text to a contract's types, or a
reason why not) → landing (which rows are new).
"""
