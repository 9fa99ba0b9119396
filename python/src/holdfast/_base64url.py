"""Bytes as text, in the alphabet of RFC 4648 section 5 and without padding."""

from __future__ import annotations

from base64 import urlsafe_b64encode


def base64url(data: bytes) -> str:
    """The one spelling of these bytes."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
