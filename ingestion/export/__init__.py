"""The open export format: which file feeds which entity, and its rows as typed columns in UTC.

mapping (settings) → folder (which files) → reading, lines, delimited (bytes to text columns) →
spelling, casting, judging, parsing (a contract's types, or a reason why not) → filling, staging
(all files of an entity) → landing (which rows are new).
"""
