"""The two libraries that read audio files, behind one face: look, then blocks as often as wanted."""

from songkit.files.readers.contract import Opened, Reader
from songkit.files.readers.ffmpeg import FfmpegReader
from songkit.files.readers.sndfile import SoundFileReader

__all__ = ["FfmpegReader", "Opened", "Reader", "SoundFileReader"]
