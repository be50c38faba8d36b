"""Records and codecs generated from the Avro schemas, never edited; interpreted, faster codecs take over (decision 10).
"""

from schemas.generated import events

if events.__file__.endswith(".py"):
    from schemas import interpreted_wire
    from schemas.generated import interpreted_events, interpreted_states

    interpreted_wire.take_over()
    interpreted_events.take_over()
    interpreted_states.take_over()
