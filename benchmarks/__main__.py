"""Every benchmark, one after the other, or those named: python -m benchmarks cycle footprint."""

import subprocess
import sys
from pathlib import Path

ALL = ("cycle", "throughput", "footprint", "turns", "stored_bytes", "live", "timers", "where")


def main(names: list[str]) -> int:
    """1 when one of them could not run. A missed gate is no failure: it is printed as what it is."""
    here = Path(__file__).parent
    if unknown := [name for name in names if not (here / f"{name}.py").exists()]:
        print(f"There is no benchmark {unknown[0]!r}. Choose from: {', '.join(ALL)}.", file=sys.stderr)
        return 1
    failed = []
    for name in names or [name for name in ALL if (here / f"{name}.py").exists()]:
        print(f"## {name}\n", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=here.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"Could not run: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
