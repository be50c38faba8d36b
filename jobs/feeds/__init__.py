"""Where market data comes from: real file formats and the built-in market simulator."""
