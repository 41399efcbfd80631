import io

from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font


def workbook(given=[["a", "b"], [1, 2.5], [3, 4]]):
    """Writes a workbook with styles, a formula and a chart, and reads it."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Dáta"
    for cells in given:
        sheet.append(cells)
    sheet["A1"].font = Font(bold=True)
    sheet["C1"] = "=SUM(A2:B2)"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=2, max_row=3))
    sheet.add_chart(chart, "E1")
    file = io.BytesIO()
    book.save(file)
    back = load_workbook(file)["Dáta"]
    return [[[cell.value for cell in cells] for cells in back], back["A1"].font.b, back.dimensions]


def in_a_file(given=2000):
    """Streams many lines into a file, and reads them as a stream."""
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "a.xlsx")
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for n in range(given):
        sheet.append([n, str(n)])
    book.save(path)
    back = load_workbook(path, read_only=True).active
    return sum(cells[0] for cells in back.iter_rows(values_only=True))
