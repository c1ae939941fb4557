"""The five steps and the door, one module each; they meet through asset keys and groups."""
