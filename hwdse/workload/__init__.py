"""What has to be computed: the layers of a network."""
