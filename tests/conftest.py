"""What the tests need, set here and not in the reader's shell."""

import os
import tempfile
from pathlib import Path

# Two oversubscribed threads of a numerical library are slower than one; nothing may reach for a network; and what the
# reader has configured is no part of a test.
for name in [name for name in os.environ if name.startswith("SONGKIT_")]:
    if name not in ("SONGKIT_FFMPEG", "SONGKIT_FUZZ_SEED"):
        del os.environ[name]
for name, value in {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "NO_COLOR": "1",
    "XDG_CONFIG_HOME": str(Path(tempfile.gettempdir()) / "songkit-tests-without-configuration"),
}.items():
    os.environ[name] = value
