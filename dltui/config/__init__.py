"""The configuration: sections with defaults and ranges, keys of the screen, themes, words for what is wrong."""
