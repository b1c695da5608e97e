"""The two libraries that read audio files, behind one face: look, then blocks as often as wanted."""

from songkit.readers.contract import Opened, Reader
from songkit.readers.ffmpeg import FfmpegReader
from songkit.readers.sndfile import SoundFileReader

__all__ = ["FfmpegReader", "Opened", "Reader", "SoundFileReader"]
