"""A folder made of files that are in memory."""
from pathlib import Path


def write_files(folder, files):
    """Write {path below the folder: bytes}; what lies there besides stays."""
    for name, data in files.items():
        target = Path(folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
