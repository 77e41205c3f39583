"""Reports as documents: their parts, charts, the printable page and the workbook."""
