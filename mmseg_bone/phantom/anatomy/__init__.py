"""The body: bones, skin, organs, and where tracer goes."""
