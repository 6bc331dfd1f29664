"""The screens: the panes, and the dialogs over them."""
