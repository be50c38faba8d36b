"""Records and codecs generated from the Avro schemas; never edited."""
