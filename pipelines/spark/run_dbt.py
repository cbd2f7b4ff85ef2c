"""The child process of one engine's build.

`python -m pipelines.spark.run_dbt ENGINE FOLDER TARGET AS_OF SELECTED`
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

from dbt.cli.main import dbtRunner

from pipelines.spark.build import dbt_words
from pipelines.spark.session import spark_session


def main() -> int:
    """Run dbt on one engine; 0 when every seed and model was built."""
    engine, folder, target, as_of, selected = sys.argv[1:]
    with spark_session(Path(folder)) if engine == "spark" else nullcontext():
        return 0 if dbtRunner().invoke(dbt_words(engine, Path(target), as_of, selected)).success else 1


if __name__ == "__main__":
    sys.exit(main())
