import io

import xlrd
import xlwt


def cells(given=[["2026-01-02", True], [1.5, ""]]):
    """Reads the kinds of cells of an old workbook, and its dates."""
    book, file = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("S")
    sheet.write(0, 2, 46024.5, xlwt.easyxf(num_format_str="YYYY-MM-DD"))
    for y, values in enumerate(given):
        for x, value in enumerate(values):
            sheet.write(y, x, value)
    book.save(file)
    back = xlrd.open_workbook(file_contents=file.getvalue())
    read = back.sheet_by_index(0)
    day = xlrd.xldate_as_datetime(read.cell_value(0, 2), back.datemode).isoformat()
    return [[list(read.row_types(y)) for y in range(read.nrows)], read.ncols, day]
