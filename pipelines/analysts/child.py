"""The child process of `limited`: SNAPSHOT MEMORY_MB ROWS SECONDS, the statement on standard input.

Exit code 0 with Arrow on standard output; 3 with a sentence on standard error. Does not belong here: anything
that needs more than DuckDB and Arrow, since each statement starts it anew.
"""

from __future__ import annotations

import resource
import sys
import threading

import duckdb
import pyarrow as pa

WRONG = 3
_MEGABYTE = 1024**2
# What the interpreter, DuckDB's code and Arrow take beside the engine's own memory.
_BESIDE_MB = 1536


def main(path: str, memory_mb: int, rows: int, seconds: int) -> int:
    """Answer the statement on standard input; the exit code."""
    sql = sys.stdin.buffer.read().decode()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds * 4 + 10, seconds * 4 + 10))
    whole = (memory_mb + _BESIDE_MB) * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (whole, whole))
    try:
        connection = duckdb.connect(
            path,
            read_only=True,
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": "2",
                "temp_directory": "",
            },
        )
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set search_path = 'marts,meta'")
        # Neither files nor network nor extensions, and no way to allow them again.
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1:
            raise ValueError(f"One statement at a time, this is {len(statements)}.")
        if statements[0].type not in (
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
            duckdb.StatementType.PRAGMA,
        ):
            raise ValueError(
                "The published file is read-only: begin with select, with, from, describe or explain."
            )
        timer = threading.Timer(seconds, connection.interrupt)
        timer.daemon = True
        timer.start()
        relation = connection.execute(statements[0])
        reader = relation.to_arrow_reader(10_000)
        kept: list[pa.RecordBatch] = []
        count = 0
        while count <= rows:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                break
            kept.append(batch)
            count += batch.num_rows
        table = pa.Table.from_batches(kept, reader.schema).slice(0, rows + 1)
        timer.cancel()
    except duckdb.InterruptException:
        return _wrong(
            f"The statement took longer than {seconds} seconds. Ask for less: a where, a shorter period."
        )
    except (duckdb.OutOfMemoryException, MemoryError):
        return _wrong(
            f"The statement needs more than {memory_mb:,} MB of memory. Ask for less: fewer columns, a where."
        )
    except (duckdb.Error, ValueError, pa.ArrowInvalid, OSError) as error:
        return _wrong(str(error))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    sys.stdout.buffer.write(sink.getvalue())
    return 0


def _wrong(sentence: str) -> int:
    sys.stderr.write(sentence)
    return WRONG


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *(int(number) for number in sys.argv[2:])))
