"""Masters one file for streaming and for CD, and prints what was delivered: python examples/release.py song.wav"""

import sys
from pathlib import Path

import songkit

CHAIN = """
name: release
steps:
  - highpass: {cutoff_hz: 30}
  - loudness: {target_lufs: -14, ceiling_dbtp: -1}
deliver:
  - {format: wav, bit_depth: 24}
  - {format: flac, bit_depth: 16, sample_rate: 44100}
"""

source = Path(sys.argv[1])
result = songkit.master_file(source, songkit.Chain.parse(CHAIN), force=True)
for output in result.outputs:
    figures = output.analysis
    print(f"{output.path.name}: {figures.loudness.integrated_lufs:.1f} LUFS, {figures.peaks.true_peak_dbtp:.1f} dBTP")
