"""What flows: Avro schemas of events and states, and the records and codecs generated from them."""
