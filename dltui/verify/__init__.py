"""`dltui verify`: every transaction executed again, every result recomputed, every fact compared."""
