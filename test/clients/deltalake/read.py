"""Reads a Delta table with delta-rs and prints its rows, one JSON array a line.

usage: read.py FOLDER [VERSION]

Columns stand in the schema's order; values have one spelling in both
languages: instants in microseconds since 1970, days as 2006-01-02, decimals and
floating numbers as text, bytes in hexadecimal. The first line names the columns.
"""
import datetime
import decimal
import json
import sys

from deltalake import DeltaTable

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value):
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, datetime.datetime):
        since = value - EPOCH
        return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value))


def main():
    version = int(sys.argv[2]) if len(sys.argv) > 2 else None  # else the newest
    table = DeltaTable(sys.argv[1], version=version)
    arrow = table.to_pyarrow_table()
    names = arrow.column_names
    print(json.dumps({"version": table.version(), "columns": names}))
    for batch in arrow.to_batches():
        columns = [batch.column(i).to_pylist() for i in range(batch.num_columns)]
        for row in zip(*columns):
            print(json.dumps([plain(v) for v in row]))


main()
