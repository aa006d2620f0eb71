"""Appends a Delta table's rows to itself with delta-rs, then writes a checkpoint.

usage: write.py FOLDER
"""
import sys

from deltalake import DeltaTable, write_deltalake

table = DeltaTable(sys.argv[1])
write_deltalake(sys.argv[1], table.to_pyarrow_table(), mode="append")
DeltaTable(sys.argv[1]).create_checkpoint()
