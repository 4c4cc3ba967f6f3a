"""Files that users hand in, and files that we hand out: read strictly, written whole."""
