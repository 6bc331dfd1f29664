"""What keys, palette and dialogs do: the catalog of actions and the requests behind them."""
