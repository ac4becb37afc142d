"""Photo ingest: whatever a phone sends becomes two clean JPEGs, and what the phone told is kept apart.

The only room that uses Pillow. `receive` streams an upload to a temporary file; `clean` turns it into the
renditions that are stored. Nothing here knows a file name, and nothing of the sent file's metadata is in what
`clean` returns for serving: the pixels are decoded, shrunk and encoded anew.
"""

from auditapp.photos.cleaning import FULL_EDGE, THUMB_EDGE, CleanPhoto, clean, is_whole, similarity_distance
from auditapp.photos.container import MAX_BYTES
from auditapp.photos.exif import CaptureData
from auditapp.photos.receiving import Received, receive

__all__ = [
    "FULL_EDGE",
    "MAX_BYTES",
    "THUMB_EDGE",
    "CaptureData",
    "CleanPhoto",
    "Received",
    "clean",
    "is_whole",
    "receive",
    "similarity_distance",
]
