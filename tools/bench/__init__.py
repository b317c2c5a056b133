"""What the benchmarks import of the firmware imports the device's modules: on CPython the twin's stand in for them."""
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [path for path in (str(_ROOT / place) for place in ("lib", "tools/twin/shims", "tools/twin/shims_cpython"))
                if path not in sys.path]
