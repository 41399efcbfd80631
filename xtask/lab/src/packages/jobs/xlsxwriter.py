import io
import zipfile

import xlsxwriter


def workbook(given=[["pen", 1.5], ["cup", 2]]):
    """Writes a workbook with formats and a chart; its parts."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Dáta")
        bold = book.add_format({"bold": True, "num_format": "0.00"})
        for line, cells in enumerate(given):
            sheet.write_row(line, 0, cells, bold)
        sheet.write_formula("C1", "=B1+B2")
        chart = book.add_chart({"type": "pie"})
        chart.add_series({"values": "=Dáta!$B$1:$B$2"})
        sheet.insert_chart("E1", chart)
    with zipfile.ZipFile(file) as parts:
        return [sorted(parts.namelist()), parts.read("xl/worksheets/sheet1.xml").decode()]
