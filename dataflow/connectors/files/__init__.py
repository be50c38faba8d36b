"""Reads lines of plain, gzip and zip files, from any place in them."""
