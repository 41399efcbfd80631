import io

import xlrd
import xlwt


def workbook(given=[["pen", 1.5], ["žluť", 2]]):
    """Writes an old workbook, which xlrd reads."""
    book, file = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("S")
    for y, cells in enumerate(given):
        for x, value in enumerate(cells):
            sheet.write(y, x, value)
    book.save(file)
    back = xlrd.open_workbook(file_contents=file.getvalue()).sheet_by_name("S")
    return [back.row_values(y) for y in range(back.nrows)]
