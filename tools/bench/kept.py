"""What takes too long to be measured for every table: figures of latencies, and the last long run's, kept in docs/latency.json."""
import json
import platform
import time

from tools.bench.noise import percentile
from tools.bench.row import ROOT

PLACE = ROOT / "docs/latency.json"


def figures(values_ms):
    """What a table tells of many times in ms: count, p50, p99, p999, max."""
    return {"count": len(values_ms), "p50": round(percentile(values_ms, 500), 2), "p99": round(percentile(values_ms, 990), 2),
            "p999": round(percentile(values_ms, 999), 2), "max": round(max(values_ms), 2)}


def kept(found=None):
    """(the runs of the last long run, words about when and where); (None, "") where there was none. found: keeps that first."""
    if found is not None:
        about = {"date": time.strftime("%Y-%m-%d"), "machine": "%s, %s" % (platform.machine(), platform.system()), "runs": found}
        PLACE.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    if not PLACE.exists():
        return None, ""
    about = json.loads(PLACE.read_text())
    return about["runs"], " on %s (%s)" % (about["date"], about["machine"])
