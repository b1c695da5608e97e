"""What the tests need, set here and not in the reader's shell."""

import os

# Two oversubscribed threads of a numerical library are slower than one; nothing may reach for a network.
for name, value in {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "NO_COLOR": "1",
}.items():
    os.environ[name] = value
