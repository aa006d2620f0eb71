"""Appends batches to a Delta table with delta-rs and prints rows a second.

usage: peer.py FOLDER BATCHES ROWS COLUMNS
"""
import sys
import time

import pyarrow as pa
from deltalake import write_deltalake

folder, batches, rows, columns = sys.argv[1], *map(int, sys.argv[2:5])


def batch(number):
    ids = range(number * rows, number * rows + rows)
    out = {}
    for i in range(columns):
        name = f"c{i:02d}"
        if i % 3 == 0:
            out[name] = pa.array([f"value {n} of {i}" for n in ids], pa.string())
        elif i % 3 == 1:
            out[name] = pa.array([n * (i + 1) for n in ids], pa.int64())
        else:
            out[name] = pa.array([1_700_000_000_000_000 + n * 1_000_003 for n in ids], pa.timestamp("us", "UTC"))
    return pa.table(out)


write_deltalake(folder, batch(0).slice(0, 0))
spent = 0.0
for number in range(batches):
    began = time.perf_counter()
    write_deltalake(folder, batch(number), mode="append")
    spent += time.perf_counter() - began
print(batches * rows / spent)
